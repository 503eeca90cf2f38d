"""Unweighted sampling of a density on the unit square by hit or miss under a stepwise majorant."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import SimulationError
from darkbelle.kernels import libm
from darkbelle.vectors import Column

__all__ = ["Density", "Majorant", "Overshoot", "gauss_square"]

Density = Callable[[Column, Column], Column]

SAFETY = 1.1
NEWTON_STEPS = 5  # from the asymptotic zeros; each squares the error
PROBES = 4  # points along each side of a cell, its corners included


@dataclass(frozen=True)
class Majorant:
    """A stepwise function above a density on the unit square.

    Parameters
    ----------
    heights
        Shape (n, n), the value in each cell, first index along u.
    """

    heights: NDArray[np.float64]

    @classmethod
    def above(cls, densities: tuple[Density, ...], cells: int) -> Majorant:
        """Return a majorant of all the densities, from their values at points of every cell.

        It can be exceeded between these points: whoever samples counts that with `Overshoot`.
        """
        step = PROBES - 1
        edges = np.linspace(0.0, 1.0, cells * step + 1)
        u, v = (axis.ravel() for axis in np.meshgrid(edges, edges, indexing="ij"))
        values = np.max([density(u, v) for density in densities], axis=0)
        grid = values.reshape(cells * step + 1, -1)
        corners = [
            grid[i : i + cells * step : step, j : j + cells * step : step]
            for i in range(PROBES)
            for j in range(PROBES)
        ]
        heights = SAFETY * np.max(corners, axis=0)
        # a density that vanishes at all points of a cell may not do so between them
        return cls(np.maximum(heights, 1e-6 * heights.max()))

    @cached_property
    def _cumulative(self) -> Column:
        return np.cumsum(self.heights.ravel())

    def draw(self, size: int, rng: np.random.Generator) -> tuple[Column, Column, Column]:
        """Return u, v and the majorant there, each of shape (size,), distributed as the majorant."""
        cells = len(self.heights)
        chosen = np.searchsorted(self._cumulative, rng.random(size) * self._cumulative[-1], side="right")
        chosen = np.minimum(chosen, cells * cells - 1)
        u = (chosen // cells + rng.random(size)) / cells
        v = (chosen % cells + rng.random(size)) / cells
        return u, v, self.heights.ravel()[chosen]


@dataclass
class Overshoot:
    """By how much a density was found above its majorant: what hit or miss gets wrong.

    ``excess`` sums density over majorant less one where that is positive, ``total`` sums the ratio,
    so that their quotient is the fraction of the sample that is missing from those places.
    """

    excess: float = 0.0
    total: float = 0.0

    ALLOWED = 1e-3
    FEWEST = 3000  # below this many events one point above says nothing

    def accept(self, ratio: Column, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Return which points to keep, each with probability ``ratio``, and count ratios above 1."""
        self.excess += float(np.sum(np.maximum(0.0, ratio - 1.0)))
        self.total += float(np.sum(ratio))
        return rng.random(ratio.size) < ratio

    @property
    def fraction(self) -> float:
        """The fraction of the cross section that lies above the majorant."""
        return self.excess / max(self.total, self.FEWEST)

    def check(self, what: str) -> None:
        """Raise `SimulationError` if the fraction is above 1e-3."""
        if self.fraction > self.ALLOWED:
            raise SimulationError(
                f"{what}: {self.fraction:.1e} of the cross section lies above the majorant, allowed "
                f"{self.ALLOWED:.0e}; make the grid of the majorant finer"
            )


def gauss_square(nodes: int) -> tuple[Column, Column, Column]:
    """Return u, v and weights of the Gauss-Legendre product rule on the unit square."""
    points, weights = _gauss_legendre(nodes)
    u, v = (axis.ravel() for axis in np.meshgrid((points + 1.0) / 2.0, (points + 1.0) / 2.0, indexing="ij"))
    return u, v, np.outer(weights, weights).ravel() / 4.0


def _gauss_legendre(nodes: int) -> tuple[Column, Column]:
    """Return points and weights on −1 to 1, by Newton's method: LAPACK's depend on the processor."""
    x = np.sort(libm.cos(math.pi * (np.arange(nodes) + 0.75) / (nodes + 0.5)))
    for _ in range(NEWTON_STEPS):
        before, value = np.ones_like(x), x
        for n in range(2, nodes + 1):
            before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
        slope = nodes * (x * value - before) / (x * x - 1.0)
        x = x - value / slope
    return x, 2.0 / ((1.0 - x * x) * slope**2)
