"""Importance sampling of the unit cube, one axis at a time, adapted to what is integrated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from darkbelle.kernels import libm
from darkbelle.kernels.compilation import kernel
from darkbelle.vectors import Column

__all__ = ["ImportanceGrid", "Weigh"]

# points of shape (axes, n) → which of them have a weight at all, and those weights
Weigh = Callable[[Column], tuple[NDArray[np.integer], Column]]

CELLS = 64
DAMPING = 0.4  # of the refinement, so that a few events with large weights do not rule
EVEN = 0.1  # share of the points that are left where they are: no Jacobian is above its inverse


@dataclass(frozen=True)
class ImportanceGrid:
    """Cells on each axis of the unit cube, all drawn equally often: the narrow ones are the dense ones.

    Made for unweighting, whose efficiency is the mean of the weights over the largest: the cells follow
    the fourth power of the weights, not the square, which would make their variance least.
    A tenth of the points is drawn evenly from the cube. Whatever the cells, the mean of weights times
    Jacobian is the integral, and no weight is more than ten times what it is without cells.

    Parameters
    ----------
    edges
        Shape (axes, cells + 1), from 0 to 1.

    References
    ----------
    G. P. Lepage, J. Comput. Phys. 27 (1978) 192 (VEGAS); J. Comput. Phys. 439 (2021) 110386 for the damping.
    """

    edges: Column

    @classmethod
    def even(cls, axes: int) -> ImportanceGrid:
        """Return the grid that leaves points where they are."""
        return cls(np.tile(np.linspace(0.0, 1.0, CELLS + 1), (axes, 1)))

    def adapted(self, weigh: Weigh, *, rounds: int, size: int, rng: np.random.Generator) -> ImportanceGrid:
        """Return the grid after some rounds of refinement, each by ``size`` points."""
        grid = self
        for _ in range(rounds):
            points, jacobian = grid.draw(size, rng)
            index, weight = weigh(points)
            grid = grid._refined(points[:, index], weight * jacobian[index])
        return grid

    def draw(self, size: int, rng: np.random.Generator) -> tuple[Column, Column]:
        """Return points, shape (axes, size), and the volume over their density, shape (size,)."""
        points = rng.random((len(self.edges), size))
        density = np.ones(size)
        _stretch(self.edges, points, rng.random(size) < EVEN, density)
        return points, 1.0 / (EVEN + (1.0 - EVEN) * density)

    def _refined(self, points: Column, weights: Column) -> ImportanceGrid:
        powers = (weights**2) ** 2
        return ImportanceGrid(
            np.array([_refined(edges, x, powers) for edges, x in zip(self.edges, points, strict=True)])
        )


@kernel
def _stretch(edges: Column, points: Column, stays: NDArray[np.bool_], density: Column) -> None:
    """Move points that do not stay into the cells, and set the density of those that are moved."""
    cells = edges.shape[1] - 1
    for axis in range(points.shape[0]):
        of_axis = edges[axis]
        for i in range(points.shape[1]):
            if stays[i]:
                cell = min(np.searchsorted(of_axis, points[axis, i], side="right"), cells) - 1
                width = of_axis[cell + 1] - of_axis[cell]
            else:
                place = points[axis, i] * cells
                cell = int(place)
                width = of_axis[cell + 1] - of_axis[cell]
                points[axis, i] = of_axis[cell] + (place - cell) * width
            density[i] /= cells * width


def _refined(edges: Column, points: Column, powers: Column) -> Column:
    """Return edges of cells with equal shares of the powers of the weights, smoothed and damped."""
    share = np.histogram(points, edges, weights=powers)[0]
    padded = np.pad(share, 1, mode="edge")
    share = 0.25 * padded[:-2] + 0.5 * share + 0.25 * padded[2:]
    share = np.clip(share / share.sum(), 1e-12, 1.0 - 1e-12)
    importance = libm.power((share - 1.0) / libm.log(share), DAMPING)
    cumulative = np.concatenate([[0.0], np.cumsum(importance)])
    wanted = np.linspace(0.0, cumulative[-1], len(edges))
    refined = np.interp(wanted, cumulative, edges)
    refined[-1] = 1.0
    return refined
