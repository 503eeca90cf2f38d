from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate

from darkbelle.simulation.kaon_resonance import kstar_masses, longitudinal_cosine

KAON, PION, B = 0.493677, 0.13957039, 5.27972


def momentum(parent: float, first: float, second: float) -> float:
    return math.sqrt((parent**2 - (first + second) ** 2) * (parent**2 - (first - second) ** 2)) / (2 * parent)


@pytest.mark.parametrize("scalar", [0.3, 4.0])
def test_masses_follow_the_p_wave(scalar: float) -> None:
    pole, width = 0.89555, 0.0473
    at_pole = momentum(pole, KAON, PION)

    def density(mass: float) -> float:
        q = momentum(mass, KAON, PION)
        running = width * (q / at_pole) ** 3 * pole / mass * (1 + 9 * at_pole**2) / (1 + 9 * q**2)
        resonance = mass * running / ((pole**2 - mass**2) ** 2 + (pole * running) ** 2)
        return resonance * momentum(B, mass, scalar) ** 3

    size = 50_000
    masses = kstar_masses(scalar, size, np.random.default_rng(1))
    lowest, highest = KAON + PION, B - scalar
    assert lowest <= masses.min()
    assert masses.max() <= highest
    whole = integrate.quad(density, lowest, highest, points=[pole], limit=200)[0]
    for edge in (0.85, pole, 0.95):
        below = integrate.quad(density, lowest, edge, limit=200)[0] / whole
        found = np.mean(masses < edge)
        assert found == pytest.approx(below, abs=4.0 * math.sqrt(below * (1 - below) / size))


def test_cosines_follow_their_square() -> None:
    # ∫ c² (3/2) c² = 3/5, ∫ c⁴ (3/2) c² = 3/7
    size = 20_000
    cosine = longitudinal_cosine(size, np.random.default_rng(2))
    assert np.mean(cosine**2) == pytest.approx(0.6, abs=4.0 * math.sqrt((3 / 7 - 0.36) / size))
    assert abs(np.mean(cosine)) < 4.0 * math.sqrt(0.6 / size)
