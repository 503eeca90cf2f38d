from __future__ import annotations

import math

import numpy as np
import pytest

from darkbelle.constants import MUON_MASS
from darkbelle.simulation.four_lepton_phase_space import four_lepton_points
from darkbelle.simulation.sampling import gauss_square


def four_body_volume(s: float) -> float:
    """The phase space of four muons, as two pairs in a row: PDG, review of kinematics."""
    u, v, weight = gauss_square(200)
    low = 2 * MUON_MASS
    first = low + (math.sqrt(s) - 2 * low) * u
    second = low + (math.sqrt(s) - first - low) * v
    jacobian = (math.sqrt(s) - 2 * low) * (math.sqrt(s) - first - low) * 4 * first * second

    def two_body(m: float, a: np.ndarray | float, b: np.ndarray | float) -> np.ndarray:
        squared = (1 - ((a + b) / m) ** 2) * (1 - ((a - b) / m) ** 2)
        return np.asarray(np.sqrt(np.maximum(0.0, squared)) / (8 * math.pi))

    pairs = np.sqrt((1 - (low / first) ** 2) * (1 - (low / second) ** 2)) / (8 * math.pi) ** 2
    integrand = jacobian / (2 * math.pi) ** 2 * two_body(math.sqrt(s), first, second) * pairs
    return float(np.sum(weight * integrand))


@pytest.mark.parametrize("s", [112.0, 4.0])
def test_points_fill_the_volume_of_phase_space(s: float) -> None:
    size = 50_000
    volume = four_lepton_points(np.full(size, s), np.random.default_rng(3)).volume
    error = float(np.std(volume)) / math.sqrt(size)
    assert error < 0.02 * float(np.mean(volume))
    assert np.mean(volume) == pytest.approx(four_body_volume(s), abs=5 * error)


def test_points_conserve_momentum_on_the_mass_shell() -> None:
    s = np.linspace(0.2, 112.0, 3000)
    points = four_lepton_points(s, np.random.default_rng(1))
    total = points.lepton.plus(points.antilepton).plus(points.other_lepton).plus(points.other_antilepton)
    np.testing.assert_allclose(total.energy, np.sqrt(s), rtol=1e-9)
    np.testing.assert_allclose([total.px, total.py, total.pz], 0.0, atol=1e-9)
    for vector in points[:4]:
        np.testing.assert_allclose(vector.mass_squared(), MUON_MASS**2, atol=1e-10)
    assert np.all(np.isfinite(points.volume))
    assert np.all(points.volume > 0.0)
