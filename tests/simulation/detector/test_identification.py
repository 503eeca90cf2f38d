from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.simulation.detector import NOMINAL_DETECTOR, detect
from darkbelle.simulation.events import GeneratedEvents

Gun = Callable[..., GeneratedEvents]
SIZE = 40_000
MUONS = NOMINAL_DETECTOR.muon_identification


def share(passed: NDArray[np.bool_]) -> tuple[float, float]:
    """Return a share, and four binomial standard deviations of it."""
    mean = float(np.mean(passed))
    return mean, 4 * np.sqrt(mean * (1 - mean) / passed.size) + 1e-4


@pytest.mark.parametrize(
    ("momentum", "low", "high"), [(0.75, 0.93, 0.97), (1.5, 0.97, 0.99), (5.0, 0.985, 0.993)]
)
def test_muons_pass_with_the_efficiency_of_the_publication(
    gun: Gun, rng: np.random.Generator, momentum: float, low: float, high: float
) -> None:
    tracks = detect(gun((13, momentum, 90.0, 0.0), events=SIZE), rng).tracks
    assert low < np.mean(tracks.identified_as("muon") > 0.5) < high


@pytest.mark.parametrize("momentum", [0.65, 0.9, 1.5, 3.0, 5.0])
def test_pions_are_rejected_as_much_as_published(gun: Gun, rng: np.random.Generator, momentum: float) -> None:
    tracks = detect(gun((211, momentum, 90.0, 0.0), events=SIZE), rng).tracks
    assert 0.80 < np.mean(tracks.identified_as("muon") < 0.5) < 0.975


def test_pions_decay_as_often_as_their_lifetime_says(gun: Gun, rng: np.random.Generator) -> None:
    """With punch-through off, pions pass only if they decay before the calorimeter."""
    silent = replace(
        MUONS, hadron_fake=0.0, threshold_hadron_fake=0.0, efficiency=1.0, threshold_efficiency=1.0
    )
    detector = replace(NOMINAL_DETECTOR, muon_identification=silent)
    momentum, size = 2.0, 200_000
    tracks = detect(gun((211, momentum, 90.0, 0.0), events=size), rng, detector).tracks
    passed, error = share(tracks.identified_as("muon") > 0.5)
    # the chord 125 cm of a circle with R = 2/(0.0044969/cm) = 444.7 cm; cτ = 780.45 cm, m = 0.13957
    length = 2 * 444.75 * np.arcsin(125.0 / (2 * 444.75))
    expected = -np.expm1(-length * 0.13957 / (momentum * 780.45))
    assert expected == pytest.approx(0.0111, abs=1e-4)
    # the muon has 0.57 to 1 of the pion's momentum, and a few of them do not point to the barrel any more
    assert passed == pytest.approx(expected, abs=error + 0.03 * expected)


def test_early_decays_give_the_track_of_the_muon_late_ones_that_of_the_pion(
    gun: Gun, rng: np.random.Generator
) -> None:
    tracks = detect(gun((-211, 0.5, 90.0, 0.0), events=SIZE), rng).tracks
    muons = tracks.truth.pdg == 13
    assert np.all(tracks.truth.secondary == muons)
    assert np.all(tracks.truth.mother_pdg[muons] == -211)
    assert np.all(tracks.truth.primary_pdg == -211)
    # fewer than 20 wires: the pion flies at most to the 20th, at 42 cm; tracks of a displaced muon are
    # found less often than others
    within = -np.expm1(-42.0 * 0.13957 / (0.5 * 780.45))
    assert 0.7 * within < muons.mean() < 1.05 * within


def test_kaons_decay_to_muons_too(gun: Gun, rng: np.random.Generator) -> None:
    tracks = detect(gun((321, 1.0, 90.0, 0.0), events=SIZE), rng).tracks
    assert np.any(tracks.truth.pdg == -13)
    assert not np.any(tracks.truth.pdg == 13)


@pytest.mark.parametrize(
    ("theta", "reached"),
    [(17.5, False), (20.0, True), (40.0, True), (90.0, True), (125.0, True), (140.0, True)],
)
def test_the_klm_is_where_it_is(gun: Gun, rng: np.random.Generator, theta: float, *, reached: bool) -> None:
    tracks = detect(gun((13, 3.0, theta, 0.0), events=2000), rng).tracks
    assert bool(np.mean(tracks.identified_as("muon") > 0.5) > 0.9) is reached


def test_a_slow_muon_does_not_reach_the_barrel(gun: Gun, rng: np.random.Generator) -> None:
    tracks = detect(gun((13, 0.55, 90.0, 0.0), events=5000), rng).tracks
    assert np.mean(tracks.identified_as("muon") > 0.5) < 0.1


def test_electrons_pass_and_pions_seldom_do(gun: Gun, rng: np.random.Generator) -> None:
    electrons = detect(gun((11, 2.0, 90.0, 0.0), events=SIZE), rng).tracks
    pions = detect(gun((211, 2.0, 90.0, 0.0), events=SIZE), rng).tracks
    assert np.mean(electrons.identified_as("electron") > 0.5) == pytest.approx(0.94, abs=0.006)
    assert 0.008 < np.mean(pions.identified_as("electron") > 0.5) < 0.012
    assert np.mean(pions.identified_as("pion") > 0.5) > 0.8


def test_likelihood_ratios_are_shares_of_one(gun: Gun, rng: np.random.Generator) -> None:
    events = gun((13, 1.0, 90.0, 0.0), (-211, 1.0, 70.0, 100.0), (321, 1.0, 60.0, 200.0), events=5000)
    tracks = detect(events, rng).tracks
    ids = tracks.likelihoods
    assert np.all((ids >= 0) & (ids <= 1))
    np.testing.assert_allclose(ids.sum(axis=1), 1.0, atol=1e-12)
    assert np.all((ids > 0.5).sum(axis=1) <= 1)
