from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.simulation.importance import EVEN, ImportanceGrid
from darkbelle.vectors import Column


def _peak(points: Column) -> tuple[NDArray[np.int64], Column]:
    """A Gaussian of width 0.02 along x, a step along y, flat along z; nothing at y < 0.5."""
    index = np.flatnonzero(points[1] >= 0.5)
    x = points[0, index]
    return index, np.exp(-0.5 * ((x - 0.3) / 0.02) ** 2)


@pytest.fixture(scope="module")
def grid() -> ImportanceGrid:
    rng = np.random.default_rng(1)
    return ImportanceGrid.even(3).adapted(_peak, rounds=4, size=20_000, rng=rng)


def _weights(grid: ImportanceGrid, size: int) -> Column:
    points, jacobian = grid.draw(size, np.random.default_rng(2))
    index, weight = _peak(points)
    weights = np.zeros(size)
    weights[index] = weight * jacobian[index]
    return weights


def test_the_even_grid_leaves_points_where_they_are() -> None:
    points, jacobian = ImportanceGrid.even(2).draw(5000, np.random.default_rng(3))
    np.testing.assert_allclose(jacobian, 1.0)
    assert points.mean() == pytest.approx(0.5, abs=4.0 / math.sqrt(12.0 * 10_000))


def test_integrals_do_not_depend_on_the_grid(grid: ImportanceGrid) -> None:
    size = 200_000
    # ½ · √(2π) · 0.02
    expected = 0.5 * math.sqrt(2.0 * math.pi) * 0.02
    weights = _weights(grid, size)
    error = weights.std() / math.sqrt(size)
    assert error < 0.005 * expected
    assert weights.mean() == pytest.approx(expected, abs=4.0 * error)


def test_adapting_raises_the_efficiency_of_unweighting(grid: ImportanceGrid) -> None:
    even, adapted = (_weights(g, 50_000) for g in (ImportanceGrid.even(3), grid))
    assert adapted.mean() / adapted.max() > 5.0 * even.mean() / even.max()


def test_no_place_is_drawn_less_than_a_tenth_as_often(grid: ImportanceGrid) -> None:
    points, jacobian = grid.draw(100_000, np.random.default_rng(4))
    assert jacobian.max() <= 1.0 / EVEN
    # y < 0.5, where there is nothing
    expected = 100_000 * EVEN / 2.0
    assert np.sum(points[1] < 0.5) > expected - 4.0 * math.sqrt(expected)
