"""Likelihoods of an edge function: of fine bins by its integral, and of single events.

Both are multinomial, relative to an even spectrum: the terms of the sum stay small, and a million of
them lose no digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkbelle.fitting.edge.shapes import EdgeShape
from darkbelle.kernels.compilation import kernel
from darkbelle.vectors import Column

__all__ = ["BinnedEdge", "UnbinnedEdge"]

TINY = 1e-12  # in place of densities that are not positive: MIGRAD then turns back
BLOCK = 16  # densities near one whose product is taken before its logarithm


@dataclass(frozen=True)
class BinnedEdge:
    """−ln L of counts in bins.

    Parameters
    ----------
    shape
        The edge function, normalised to the range of the bins.
    edges
        Of the bins, shape (n + 1,), GeV.
    counts
        Shape (n,); need not be integers.
    """

    shape: EdgeShape
    edges: Column
    counts: Column

    def value(self, free: Column) -> float:
        """Return −ln L."""
        shares = self.shares(free)
        even = np.diff(self.edges) / (self.edges[-1] - self.edges[0])
        return -float(np.sum(self.counts * np.log(np.maximum(shares / even, TINY))))

    def gradient(self, free: Column) -> Column:
        """Return the derivatives of −ln L, shape (parameters,)."""
        by_parameter: Column = -self.scores(free) @ self.counts
        return by_parameter

    def shares(self, free: Column) -> Column:
        """Return the share of events in each bin, shape (n,); none where the function is negative."""
        heights = np.maximum(np.diff(self.shape.integral(self.edges, free)), 0.0)
        shares: Column = heights / max(heights.sum(), TINY)
        return shares

    def scores(self, free: Column) -> Column:
        """Return the derivatives of the logarithms of the shares, shape (parameters, n)."""
        heights = np.diff(self.shape.integral(self.edges, free))
        slopes = np.diff(self.shape.integral_gradient(self.edges, free), axis=1)
        slopes[:, heights <= 0.0] = 0.0
        heights = np.maximum(heights, 0.0)
        total = max(heights.sum(), TINY)
        scores: Column = slopes / np.maximum(heights, TINY * total) - slopes.sum(axis=1)[:, None] / total
        return scores


@dataclass(frozen=True)
class UnbinnedEdge:
    """−ln L of single events.

    Parameters
    ----------
    shape
        The edge function, normalised to ``limits``; of the arctangent's kind.
    masses
        Within the limits, shape (n,), GeV.
    limits
        GeV.
    """

    shape: EdgeShape
    masses: Column
    limits: tuple[float, float]

    def value(self, free: Column) -> float:
        """Return −ln L."""
        return self._sums(free)[0]

    def gradient(self, free: Column) -> Column:
        """Return the derivatives of −ln L, shape (parameters,)."""
        return self._sums(free)[1]

    def _sums(self, free: Column) -> tuple[float, Column]:
        ends = np.array(self.limits)
        low, high = self.shape.integral(ends, free)
        low_slope, high_slope = self.shape.integral_gradient(ends, free).T
        total = max(high - low, TINY)
        by_all = np.zeros(6)
        scale = (ends[1] - ends[0]) / total
        value = _sum_of_logarithms(self.masses, self.shape.full(free), scale, by_all)
        gradient = by_all[list(self.shape.members)] - len(self.masses) * (high_slope - low_slope) / total
        return -value, -gradient


@kernel
def _sum_of_logarithms(masses: Column, parameters: Column, scale: float, by_all: Column) -> float:
    """Return the sum of ln(scale · F) and add that of the derivatives of ln F to ``by_all``."""
    edge, width, step, tilt, slope, curvature = parameters
    total = 0.0
    for start in range(0, masses.size, BLOCK):
        product = 1.0
        block = np.zeros(6)
        for i in range(start, min(start + BLOCK, masses.size)):
            z = masses[i] - edge
            u = z / width
            value, derivative = np.arctan(u), 1.0 / (1.0 + u * u)
            height = tilt * z - step
            density = max(1.0 + height * value + slope * z + curvature * z * z, TINY)
            product *= scale * density
            over = 1.0 / density
            block[0] -= (tilt * value + height * derivative / width + slope + 2.0 * curvature * z) * over
            block[1] -= height * derivative * u / width * over
            block[2] -= value * over
            block[3] += z * value * over
            block[4] += z * over
            block[5] += z * z * over
        total += np.log(product)
        by_all += block
    return total
