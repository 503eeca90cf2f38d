from __future__ import annotations

import math

import numpy as np
import pytest

from darkbelle.line_shape import UPSILON_4S
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.upsilon import Kind, b_pairs, events_of_pairs, pair_collisions
from darkbelle.vectors import FourVector


def test_a_pair_has_what_its_collision_left_and_the_photons_the_rest() -> None:
    size = 2000
    pairs = b_pairs("neutral_b", size, np.random.default_rng(1))
    np.testing.assert_allclose(pairs.momenta.mass_squared(), 5.27972**2)
    sqrt_s, radiative = pairs.collisions
    total = FourVector(*(column[:size] + column[size:] for column in pairs.momenta))
    np.testing.assert_allclose(total.mass_squared(), radiative.s)
    for photon in radiative.photons:
        total = total.plus(photon)
    np.testing.assert_allclose(total.energy, sqrt_s)
    for axis in ("px", "py", "pz"):
        np.testing.assert_allclose(getattr(total, axis), 0.0, atol=1e-9)


@pytest.mark.parametrize("kind", ["charged_b", "neutral_b"])
def test_energies_are_those_of_an_integral(kind: Kind) -> None:
    # beams of 4.99 MeV and a radiator β y^(β−1) of both together, without hard corrections: by quadrature
    nominal, spread, beta = 10.579557418823242, 4.99e-3, 0.0883
    energy = nominal + spread * np.linspace(-5, 5, 401)
    lost = np.linspace(0, 1, 801)[1:] ** (1 / beta)  # equal shares of the radiator
    lost = lost[lost < 0.006]
    pair = energy[:, None] * np.sqrt(1 - lost)
    weight = np.exp(-(((energy - nominal) / spread) ** 2) / 2)[:, None]
    weight = weight * UPSILON_4S.cross_section(kind, pair.ravel()).reshape(pair.shape)
    expected = np.sum(weight * pair) / np.sum(weight)
    size = 100_000
    sqrt_s, radiative = pair_collisions(kind, size, np.random.default_rng(2))
    found = np.sqrt(radiative.s)
    assert found.mean() == pytest.approx(expected, abs=5 * found.std() / math.sqrt(size))
    assert sqrt_s.mean() == pytest.approx(
        float(np.sum(weight * energy[:, None]) / np.sum(weight)), abs=5 * sqrt_s.std() / math.sqrt(size)
    )
    assert found.min() > 2 * (5.27941 if kind == "charged_b" else 5.27972)


def test_pairs_follow_the_mean_of_collisions_by_less_than_it_moves() -> None:
    size = 100_000
    mean = [
        np.sqrt(pair_collisions("charged_b", size, np.random.default_rng(3), energy).radiative.s).mean()
        for energy in (10.5776, 10.5816)
    ]
    assert 0.5 < (mean[1] - mean[0]) / 0.004 < 0.9


def test_mixing_is_coherent() -> None:
    # equal times: never of one flavour; half a period apart (Δm Δt = π): always
    pairs = b_pairs("neutral_b", 200_000, np.random.default_rng(2))
    half = len(pairs.pdg) // 2
    gamma = pairs.momenta.energy / 5.27972
    proper = pairs.decays[:, 3] / gamma / 0.04548
    phase = 0.769 * np.abs(proper[:half] - proper[half:])
    same = pairs.pdg[:half] == pairs.pdg[half:]
    assert same[phase < 0.02].mean() < 0.001
    assert same[np.abs(phase - math.pi) < 0.1].mean() > 0.99
    quarter = np.abs(phase - math.pi / 2.0) < 0.1
    assert same[quarter].mean() == pytest.approx(0.5, abs=4.0 * 0.5 / math.sqrt(quarter.sum()))


def test_what_a_meson_decays_into_flies_on_from_its_decay() -> None:
    size = 3
    rows = np.arange(2 * size)
    pairs = b_pairs("charged_b", size, np.random.default_rng(3))
    nothing = np.zeros(2 * size)
    mesons = Particles.from_collision(
        rows, pairs.pdg, FourVector.with_mass(nothing, nothing, nothing, 5.27941)
    )
    one = FourVector.with_mass(nothing + 1.0, nothing, nothing, 2.44296)  # two of these make the mass
    late = np.tile([0.0, 0.0, 0.0, 2.0], (2 * size, 1))  # 2 cm of time at rest with the meson
    for half in (one, one._replace(px=-one.px)):
        mesons = mesons.with_daughters(rows, np.full(2 * size, 211), half, late)
    events = events_of_pairs(pairs, mesons)
    assert len(events) == size
    assert len(events.truth["genCollisionEnergy"]) == size
    hadrons = events.pdg == 211
    assert np.bincount(events.event_of_particle[hadrons]).tolist() == [4] * size
    assert np.all(events.pdg[~hadrons] == 22)
    found = np.sort(events.ancestor_momenta().px)
    np.testing.assert_allclose(found, np.sort(pairs.momenta.px), atol=1e-4)
    # 2 cm more on the way of the meson: p/m
    first = np.flatnonzero(events.mother[:4] == 0)[0]
    way = pairs.decays[0, 0] + 2.0 * pairs.momenta.px[0] / 5.27941
    assert events.x[first] == pytest.approx(way, rel=1e-9)
