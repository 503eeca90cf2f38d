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
    assert (events.multiplicity == 4).all()
    found = np.sort(events.ancestor_momenta().px)
    np.testing.assert_allclose(found, np.sort(pairs.momenta.px), atol=1e-4)
    # 2 cm more on the way of the meson: p/m
    first = np.flatnonzero(events.mother[:4] == 0)[0]
    way = pairs.decays[0, 0] + 2.0 * pairs.momenta.px[0] / 5.27941
    assert events.x[first] == pytest.approx(way, rel=1e-9)
