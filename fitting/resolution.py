"""The resolution of a peak, measured from its own histogram."""

from __future__ import annotations

import numpy as np

from darkbelle.errors import FitError
from darkbelle.vectors import Column

__all__ = ["ONE_SIGMA", "core_resolution", "median", "shortest_interval"]

ONE_SIGMA = 0.6826894921370859  # probability within one standard deviation of a normal distribution
_CORE = 3.0  # half widths around the centre that count as the core
_ITERATIONS = 50


def shortest_interval(values: Column, edges: Column, share: float = ONE_SIGMA) -> tuple[float, float]:
    """Return the shortest interval that holds a share of a histogram, linear within bins.

    Parameters
    ----------
    values
        Contents, shape (n,); negative ones count as empty.
    edges
        Bin edges, shape (n + 1,).
    share
        Between 0 and 1.

    Raises
    ------
    FitError
        The histogram is empty.

    >>> low, high = shortest_interval(np.array([0.0, 3.0, 1.0, 0.0]), np.arange(5.0), share=0.75)
    >>> round(low, 12), round(high, 12)
    (1.0, 2.0)
    """
    cumulative = np.concatenate([[0.0], np.cumsum(np.maximum(values, 0.0))])
    if cumulative[-1] <= 0:
        raise FitError(
            "a resolution was asked of an empty histogram; no signal event passes the selection, "
            "so simulate more or drop this mass"
        )
    cumulative /= cumulative[-1]
    # a shortest interval of a piecewise linear distribution function starts or ends on a bin edge
    starts_on_edge = edges[cumulative <= 1 - share]
    their_ends = np.interp(cumulative[cumulative <= 1 - share] + share, cumulative, edges)
    ends_on_edge = edges[cumulative >= share]
    their_starts = np.interp(cumulative[cumulative >= share] - share, cumulative, edges)
    lows = np.concatenate([starts_on_edge, their_starts])
    highs = np.concatenate([their_ends, ends_on_edge])
    best = int(np.argmin(highs - lows))
    return float(lows[best]), float(highs[best])


def median(values: Column, edges: Column) -> float:
    """Return where half of a histogram lies below, linear within bins; negative contents count as empty.

    >>> round(median(np.array([0.0, 3.0, 1.0]), np.arange(4.0)), 3)  # two of the three in the middle bin
    1.667
    """
    cumulative = np.concatenate([[0.0], np.cumsum(np.maximum(values, 0.0))])
    return float(np.interp(cumulative[-1] / 2, cumulative, edges))


def core_resolution(values: Column, edges: Column) -> float:
    """Return half the shortest interval that holds 68.3 % of the core of a peak.

    The core is what lies within three such half widths of the interval's centre, found by
    iteration: initial-state radiation gives the recoil a long tail, which is a loss of efficiency
    and not a resolution. For a normal distribution this is its standard deviation, to 0.5 %.

    Parameters
    ----------
    values, edges
        As for `shortest_interval`; the result has the unit of the edges.
    """
    low, high = shortest_interval(values, edges)
    for _ in range(_ITERATIONS):
        centre, half_width = (low + high) / 2, (high - low) / 2
        inside = (edges[1:] > centre - _CORE * half_width) & (edges[:-1] < centre + _CORE * half_width)
        low, high = shortest_interval(np.where(inside, values, 0.0), edges)
        if np.isclose(high - low, 2 * half_width, rtol=1e-6):
            break
    return (high - low) / 2
