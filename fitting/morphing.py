"""Templates between those that were simulated, at a point of a parameter such as the mass.

`vertical` takes the weighted mean of the two neighbours, bin by bin: right for templates that hardly move.
`morphed` first moves both to where the target's peak is and stretches them to its width, and then takes
the mean (with places from moments of the templates, this is A. L. Read's idea, Nucl. Instrum. Meth. A425
(1999) 357, in its simplest form). Both know histograms only and no channel; a point outside the
simulated ones is refused.

>>> low, high = np.array([0.0, 4.0, 0.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 4.0, 0.0])
>>> vertical({1.0: low, 3.0: high}, 2.0).tolist()
[0.0, 2.0, 0.0, 2.0, 0.0]
>>> morphed({1.0: low, 3.0: high}, 2.0, np.arange(6.0), lambda x: Place(x + 0.5, 1.0)).tolist()
[0.0, 0.0, 4.0, 0.0, 0.0]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from darkbelle.errors import FitError
from darkbelle.vectors import Column

__all__ = ["Neighbours", "Place", "morphed", "moved", "neighbours", "smooth", "vertical"]


class Place(NamedTuple):
    """Where a peak is and how wide, in the unit of the histogram's axis."""

    centre: float
    width: float


class Neighbours(NamedTuple):
    """The simulated points on both sides of a target, and the weight of the upper one."""

    low: float
    high: float
    share: float


def neighbours(points: Iterable[float], target: float) -> Neighbours:
    """Return the points next to a target; the weight is linear in the distance.

    Raises
    ------
    FitError
        The target is not between two points: nothing is extrapolated.
    """
    ordered = sorted(points)
    if len(ordered) < 2 or not ordered[0] <= target <= ordered[-1]:
        known = f"from {ordered[0]:g} to {ordered[-1]:g}" if ordered else "nowhere"
        raise FitError(
            f"a template at {target:g} would be an extrapolation: simulated ones are {known}; simulate one "
            "there"
        )
    place = min(max(int(np.searchsorted(ordered, target)), 1), len(ordered) - 1)
    low, high = ordered[place - 1], ordered[place]
    return Neighbours(low, high, (target - low) / (high - low))


def smooth(values: Mapping[float, float], target: float) -> float:
    """Return a number between those at simulated points: cubic, and monotonous where they are.

    Raises
    ------
    FitError
        The target is not between two points.
    """
    neighbours(values, target)
    points = sorted(values)
    return float(PchipInterpolator(points, [values[point] for point in points])(target))


def vertical(templates: Mapping[float, Column], target: float) -> Column:
    """Return the weighted mean of the two templates next to a target, of any shape.

    Raises
    ------
    FitError
        The target is not between two points.
    """
    low, high, share = neighbours(templates, target)
    mean: Column = (1 - share) * templates[low] + share * templates[high]
    return mean


def morphed(
    templates: Mapping[float, Column], target: float, edges: Column, place: Callable[[float], Place]
) -> Column:
    """Return the weighted mean of the two templates next to a target, both moved to its place.

    Parameters
    ----------
    templates
        By point, shape (bins, …); further axes stay as they are.
    target
        A point between two of these.
    edges
        Of the first axis, shape (bins + 1,).
    place
        Where the peak is at a point, and its width.

    Raises
    ------
    FitError
        The target is not between two points.
    """
    low, high, _ = neighbours(templates, target)
    there = {point: moved(templates[point], edges, place(point), place(target)) for point in (low, high)}
    return vertical(there, target)


def moved(values: Column, edges: Column, origin: Place, target: Place) -> Column:
    r"""Return a histogram as it would be with its peak elsewhere and of another width.

    Contents keep :math:`u = (x - \text{centre})/\text{width}` and are even within a bin. What leaves the
    axis is lost.

    Parameters
    ----------
    values
        Shape (bins, …).
    edges
        Of the first axis, shape (bins + 1,).
    origin, target
        Places before and after.
    """
    before = origin.centre + origin.width * (edges - target.centre) / target.width
    cumulative = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    place = np.clip(np.interp(before, edges, np.arange(edges.size)), 0, edges.size - 1)
    whole = np.minimum(place.astype(np.int64), edges.size - 2)
    part = (place - whole).reshape(-1, *[1] * (values.ndim - 1))
    at_edges = cumulative[whole] + part * (cumulative[whole + 1] - cumulative[whole])
    return np.asarray(np.diff(at_edges, axis=0), dtype=np.float64)
