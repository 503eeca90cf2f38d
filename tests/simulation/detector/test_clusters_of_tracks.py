"""Tracks in the calorimeter: E/p of electrons, ionisation and showers of others, bremsstrahlung."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from darkbelle.simulation.detector import NOMINAL_DETECTOR, Tracks, detect
from darkbelle.simulation.detector.layers import inner_material
from darkbelle.simulation.detector.passage import passage
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.vectors import Column

Gun = Callable[..., GeneratedEvents]
QUIET = replace(NOMINAL_DETECTOR, beam_background=replace(NOMINAL_DETECTOR.beam_background, multiplicity=0.0))


def ratio(tracks: Tracks) -> Column:
    momentum = np.sqrt(tracks.px**2 + tracks.py**2 + tracks.pz**2)
    return tracks.cluster_energy / momentum


def test_electrons_have_an_energy_near_their_momentum(gun: Gun, rng: np.random.Generator) -> None:
    found = ratio(detect(gun((11, 2.0, 80.0, 0.0), events=10_000), rng, QUIET).tracks)
    assert np.isfinite(found).mean() > 0.99
    assert np.nanmedian(found) == pytest.approx(1.0, abs=0.01)
    # stiff electrons do not bend away from what they radiate: it is in the cluster, but not in the momentum
    stiff = ratio(detect(gun((11, 6.0, 80.0, 0.0), events=10_000), rng, QUIET).tracks)
    assert np.mean(stiff > 1.1) > 0.03
    assert np.mean(found > 1.1) < 0.01


def test_muons_ionise(gun: Gun, rng: np.random.Generator) -> None:
    energy = detect(gun((13, 2.0, 80.0, 0.0), events=10_000), rng, QUIET).tracks.cluster_energy
    assert np.nanmedian(energy) == pytest.approx(0.2, rel=0.05)
    assert np.nanquantile(energy, 0.99) < 0.35


def test_half_of_the_pions_shower_and_few_leave_all_of_their_energy(
    gun: Gun, rng: np.random.Generator
) -> None:
    tracks = detect(gun((211, 2.0, 80.0, 0.0), events=20_000), rng, QUIET).tracks
    # 1 − exp(−30/39.3) = 0.53 interact, most of them with more energy than ionisation leaves
    assert 0.40 < np.mean(tracks.cluster_energy > 0.35) < 0.53
    assert np.mean(ratio(tracks) > 0.9) < 0.02


def test_what_does_not_reach_the_calorimeter_has_no_cluster(gun: Gun, rng: np.random.Generator) -> None:
    tracks = detect(gun((211, 0.2, 90.0, 0.0), events=200), rng, QUIET).tracks
    assert len(tracks) > 0
    assert np.all(np.isnan(tracks.cluster_energy))


def test_electrons_keep_the_mean_share_of_bethe_and_heitler(gun: Gun, rng: np.random.Generator) -> None:
    electrons = passage(gun((11, 3.0, 90.0, 0.0), events=200_000), QUIET, rng).charged
    # ⟨z⟩ of the distribution is exp(−t), t = 4.5 %
    thickness = inner_material(QUIET.silicon)[1].sum()
    assert np.mean(electrons.momentum) / 3.0 == pytest.approx(np.exp(-thickness), abs=0.001)
    np.testing.assert_allclose(electrons.momentum + electrons.radiated, 3.0, rtol=1e-12)


def test_tracks_of_electrons_know_the_momentum_at_birth(gun: Gun, rng: np.random.Generator) -> None:
    truth = detect(gun((11, 3.0, 90.0, 0.0), events=500), rng, QUIET).tracks.truth
    np.testing.assert_allclose(np.hypot(truth.px, truth.py), 3.0, rtol=1e-9)


def test_bremsstrahlung_is_seen_as_photons_where_the_track_bends_away(
    gun: Gun, rng: np.random.Generator
) -> None:
    size = 20_000
    detected = detect(gun((11, 0.6, 90.0, 0.0), events=size), rng, QUIET)
    photons, tracks = detected.photons, detected.tracks
    one = (np.diff(photons.offsets) == 1) & (tracks.multiplicity == 1)
    assert one.mean() == pytest.approx(0.1, abs=0.03)
    energy = photons.energy[photons.offsets[:-1][one]]
    transverse = np.hypot(tracks.px, tracks.py)[tracks.offsets[:-1][one]]
    assert np.median(energy + transverse) == pytest.approx(0.6, abs=0.005)
    # photons go where the electron started to: φ = 0
    assert np.median(photons.phi) == pytest.approx(0.0, abs=0.02)


def test_hadronic_showers_split_off_as_often_as_declared(gun: Gun, rng: np.random.Generator) -> None:
    size = 20_000
    calorimeter = replace(NOMINAL_DETECTOR.calorimeter, split_off_energy=5.0, split_off_distance=60.0)
    photons = detect(
        gun((211, 3.0, 90.0, 0.0), events=size), rng, replace(QUIET, calorimeter=calorimeter)
    ).photons
    # 0.53 · 0.10 split, nearly all of them with energy enough and far enough; 1 % have no track at all
    assert 0.035 < len(photons) / size < 0.065


def test_neutral_pions_are_as_wide_as_expected(gun: Gun, rng: np.random.Generator) -> None:
    """Two photons of a π0 of 1 GeV that decays across its flight: 5 to 6 MeV."""
    half = np.rad2deg(np.arcsin(0.1349768 / 1.0))
    photons = detect(gun((22, 0.5, 90.0, half), (22, 0.5, 90.0, -half), events=20_000), rng, QUIET).photons
    pairs = np.flatnonzero(np.diff(photons.offsets) == 2)
    first = photons.offsets[:-1][pairs]
    a, b = (np.array(photons.momenta)[:, index] for index in (first, first + 1))
    total = a + b
    mass = np.sqrt(total[3] ** 2 - total[0] ** 2 - total[1] ** 2 - total[2] ** 2)
    low, middle, high = np.quantile(mass, [0.1587, 0.5, 0.8413])
    assert middle == pytest.approx(0.135, abs=0.002)
    assert 0.0045 < (high - low) / 2 < 0.0065
