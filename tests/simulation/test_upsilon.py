from __future__ import annotations

import math

import numpy as np
import pytest

from darkbelle.simulation.particles import Particles
from darkbelle.simulation.upsilon import b_pairs, events_of_pairs
from darkbelle.vectors import FourVector


def test_both_mesons_of_a_pair_are_back_to_back_with_half_the_energy() -> None:
    pairs = b_pairs("neutral_b", 100, np.random.default_rng(1))
    np.testing.assert_allclose(pairs.momenta.px[:100], -pairs.momenta.px[100:])
    np.testing.assert_allclose(pairs.momenta.energy, 10.579557418823242 / 2.0)
    np.testing.assert_allclose(pairs.momenta.mass_squared(), 5.27972**2)


def test_mixing_is_coherent() -> None:
    # equal times: never of one flavour; half a period apart (Δm Δt = π): always
    pairs = b_pairs("neutral_b", 200_000, np.random.default_rng(2))
    half = len(pairs.pdg) // 2
    gamma = pairs.momenta.energy[0] / 5.27972
    proper = pairs.decays[:, 3] / gamma / 0.04548
    phase = 0.769 * np.abs(proper[:half] - proper[half:])
    same = pairs.pdg[:half] == pairs.pdg[half:]
    assert same[phase < 0.02].mean() < 0.001
    assert same[np.abs(phase - math.pi) < 0.1].mean() > 0.99
    quarter = np.abs(phase - math.pi / 2.0) < 0.1
    assert same[quarter].mean() == pytest.approx(0.5, abs=4.0 * 0.5 / math.sqrt(quarter.sum()))


def test_what_a_meson_decays_into_flies_on_from_its_decay() -> None:
    size = 3
    pairs = b_pairs("charged_b", size, np.random.default_rng(3))
    at_rest = Particles.from_collision(
        np.arange(2 * size), pairs.pdg, FourVector(*np.zeros((3, 2 * size)), np.full(2 * size, 5.27941))
    )
    half = FourVector.with_mass(np.full(2 * size, 1.0), np.zeros(2 * size), np.zeros(2 * size), 2.44296)
    back = half._replace(px=-half.px)
    late = np.tile([0.0, 0.0, 0.0, 2.0], (2 * size, 1))  # 2 cm of time at rest with the meson
    for momenta in (half, back):
        at_rest = at_rest.with_daughters(np.arange(2 * size), np.full(2 * size, 211), momenta, late)
    events = events_of_pairs(pairs, at_rest)
    assert len(events) == size
    assert (events.multiplicity == 4).all()
    mesons = events.ancestor_momenta()
    np.testing.assert_allclose(np.sort(mesons.px), np.sort(pairs.momenta.px), atol=2e-4)
    # 2 cm more on the way of the meson: p/m
    first = np.flatnonzero(events.mother[:4] == 0)[0]
    way = pairs.decays[0, 0] + 2.0 * pairs.momenta.px[0] / 5.27941
    assert events.x[first] == pytest.approx(way, rel=1e-9)
