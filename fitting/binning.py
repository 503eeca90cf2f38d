"""The bins of a fit: a window in recoil mass, coarse bins in angle, merged until simulation suffices.

A fine bin of the recoil histogram is never cut: the bins of a fit are rectangles of whole fine bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from darkbelle.channels import Axis
from darkbelle.vectors import Column

__all__ = ["Binning", "Cell", "effective_entries", "fit_binning", "whole_binning", "window"]

HALF_WINDOW = 5.0  # of the signal's resolution: room for the sidebands that fix the backgrounds
MASS_BINS = 8
ANGLE_BINS = 4
MINIMUM_ENTRIES = 10.0  # effective background events a bin: 32 % statistical uncertainty at most


class Cell(NamedTuple):
    """A rectangle of fine bins, as half-open ranges of their indices."""

    mass_start: int
    mass_stop: int
    angle_start: int
    angle_stop: int


@dataclass(frozen=True)
class Binning:
    """The bins of one fit, in the order of its flattened templates: mass first, then angle."""

    cells: tuple[Cell, ...]

    def project(self, fine: Column) -> Column:
        """Return the sums of a fine histogram, shape (mass bins, angle bins), over the cells."""
        return np.array(
            [fine[c.mass_start : c.mass_stop, c.angle_start : c.angle_stop].sum() for c in self.cells]
        )


def window(axis: Axis, centre: float, half_width: float) -> tuple[int, int]:
    """Return the range of fine bins nearest to ``centre ± half_width``, at least one bin, in the axis."""
    width = (axis.stop - axis.start) / axis.bins
    start = round((centre - half_width - axis.start) / width)
    stop = round((centre + half_width - axis.start) / width)
    start = min(max(start, 0), axis.bins - 1)
    return start, min(max(stop, start + 1), axis.bins)


def effective_entries(values: Column, variances: Column) -> Column:
    """Return (Σw)²/Σw², the number of unweighted events as precise as these; 0 for an empty bin.

    >>> effective_entries(np.array([4.0, 0.0]), np.array([8.0, 0.0])).tolist()
    [2.0, 0.0]
    """
    filled = (variances > 0) & (values > 0)
    return np.divide(values**2, variances, out=np.zeros_like(values), where=filled)


def fit_binning(
    background: Column,
    variances: Column,
    axis: Axis,
    mass_squared: float,
    resolution: float,
    minimum: float = MINIMUM_ENTRIES,
) -> Binning:
    r"""Return the bins of the fit for one mass hypothesis.

    The window is :math:`M_k^2 \pm 5\sigma` in 8 equal steps, rounded to fine bins, times 4 ranges of
    the recoil's polar angle. Where the simulated backgrounds together have fewer effective entries
    than ``minimum``, neighbours are merged: first whole steps in mass, until each suffices when summed
    over angles, then angles within each step. The poorest goes first, to its poorer neighbour. The
    choice depends on simulated background only, hence it does not bias the result. A window that as
    a whole does not suffice becomes one bin.

    Parameters
    ----------
    background, variances
        All backgrounds together, fine bins, shape (mass bins, angle bins).
    axis
        The axis of the recoil mass squared, GeV².
    mass_squared, resolution
        Of the hypothesis and of the signal's peak, GeV².
    minimum
        Effective background entries wanted in each bin.
    """
    width = (axis.stop - axis.start) / axis.bins
    wanted = mass_squared + np.linspace(-HALF_WINDOW, HALF_WINDOW, MASS_BINS + 1) * resolution
    edges = np.unique(np.clip(np.rint((wanted - axis.start) / width).astype(int), 0, axis.bins))
    if edges.size < 2:
        edges = np.array(window(axis, mass_squared, HALF_WINDOW * resolution))
    by_mass = _merged(edges, background.sum(axis=1), variances.sum(axis=1), minimum)
    angles = np.unique(np.linspace(0, background.shape[1], ANGLE_BINS + 1).astype(int))
    cells: list[Cell] = []
    for start, stop in pairwise(by_mass):
        by_angle = _merged(
            angles, background[start:stop].sum(axis=0), variances[start:stop].sum(axis=0), minimum
        )
        cells += [Cell(int(start), int(stop), int(low), int(high)) for low, high in pairwise(by_angle)]
    return Binning(tuple(cells))


def whole_binning(
    background: Column, variances: Column, bins: int, minimum: float = MINIMUM_ENTRIES
) -> Binning:
    """Return equal bins of the whole first axis, rounded to fine bins, all of the second axis in each.

    Where the simulated backgrounds have fewer effective entries than ``minimum``, neighbours are merged,
    the poorest first, to its poorer neighbour.

    Parameters
    ----------
    background, variances
        All backgrounds together, fine bins, shape (first axis, second axis).
    bins
        How many, before merging.
    """
    fine, other = background.shape
    edges = np.unique(np.rint(np.linspace(0, fine, bins + 1)).astype(int))
    kept = _merged(edges, background.sum(axis=1), variances.sum(axis=1), minimum)
    return Binning(tuple(Cell(int(start), int(stop), 0, other) for start, stop in pairwise(kept)))


def _merged(edges: Column, values: Column, variances: Column, minimum: float) -> Column:
    """Return the edges that remain when poor bins have been merged with their poorer neighbours."""
    while edges.size > 2:
        sums = np.array([values[a:b].sum() for a, b in pairwise(edges)])
        squares = np.array([variances[a:b].sum() for a, b in pairwise(edges)])
        entries = effective_entries(sums, squares)
        poorest = int(np.argmin(entries))
        if entries[poorest] >= minimum:
            break
        left = entries[poorest - 1] if poorest > 0 else np.inf
        right = entries[poorest + 1] if poorest + 1 < entries.size else np.inf
        edges = np.delete(edges, poorest if left < right else poorest + 1)
    return edges
