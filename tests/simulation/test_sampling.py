from __future__ import annotations

import numpy as np
import pytest

from darkbelle.errors import SimulationError
from darkbelle.simulation.sampling import Majorant, Overshoot, gauss_square
from darkbelle.vectors import Column


def peaked(u: Column, v: Column) -> Column:
    return np.exp(-8.0 * u) * (1.0 + v)


def test_accepted_points_follow_the_density() -> None:
    rng = np.random.default_rng(0)
    u, v, height = Majorant.above((peaked,), 16).draw(200_000, rng)
    overshoot = Overshoot()
    kept = overshoot.accept(peaked(u, v) / height, rng)
    assert overshoot.excess == 0.0
    count = np.count_nonzero(kept)
    assert count > 100_000
    # ∫u e^(−8u)/∫e^(−8u) and ∫v(1+v)/∫(1+v) = (5/6)/(3/2)
    mean_u = 1 / 8 - np.exp(-8) / (1 - np.exp(-8))
    assert np.mean(u[kept]) == pytest.approx(mean_u, abs=5 * 0.125 / np.sqrt(count))
    assert np.mean(v[kept]) == pytest.approx(5 / 9, abs=5 * 0.29 / np.sqrt(count))


def test_majorant_covers_every_density_given() -> None:
    majorant = Majorant.above((peaked, lambda u, v: np.full_like(u, 1.5) + 0.0 * v), 4)
    assert majorant.heights.min() >= 1.5
    assert majorant.heights[0, -1] >= 2.0


def test_what_lies_above_the_majorant_is_counted_and_refused() -> None:
    overshoot = Overshoot()
    overshoot.accept(np.full(10_000, 1.01), np.random.default_rng(0))
    assert overshoot.fraction == pytest.approx(0.01 / 1.01)
    with pytest.raises(SimulationError, match=r"9\.9e-03 of the cross section"):
        overshoot.check("this test")


def test_gauss_rule_is_exact_for_polynomials() -> None:
    u, v, weight = gauss_square(4)
    assert np.sum(weight * u**7 * v**6) == pytest.approx(1 / 8 / 7, rel=1e-14)
