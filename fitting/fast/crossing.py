"""Where a rising function reaches a target, from values and slopes.

Upper limits are crossings of functions whose slope comes free with each fit, and several limits are
crossings of one function. So all points evaluated are kept, and the inverse function is
interpolated between them by the cubic that has its values and slopes.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from darkbelle.errors import FitError

__all__ = ["Point", "Rising"]

TOLERANCE = 1e-4  # relative on x, before a last correction that squares it
_JUMP = 1e-6  # relative width of an interval inside which a rise cannot be seen
_EVALUATIONS = 100
_FALLS = 5  # points with a falling function, after which it is not followed upwards
_LARGEST_STEP = 4.0


class Point(NamedTuple):
    """A point of a function, ordered by x."""

    x: float
    value: float
    slope: float


class Rising:
    """A function that rises with x > 0 from 0 at 0, and the points of it that are known.

    Parameters
    ----------
    function
        Returns value and slope.
    slope_at_zero
        The slope where the function starts; 0 if it is not known.
    """

    def __init__(self, function: Callable[[float], tuple[float, float]], slope_at_zero: float = 0.0) -> None:
        self._function = function
        self.points = [Point(0.0, 0.0, slope_at_zero)]

    def crossing(self, target: float, guess: float) -> float:
        """Return the x at which the function is equal to a positive target.

        Parameters
        ----------
        target
            Positive.
        guess
            Tried first if no larger value is known; positive.

        Raises
        ------
        FitError
            The target is not reached.
        """
        if len(self.points) > 1:
            guess = self._prediction(target)
        for evaluation in range(1, _EVALUATIONS):
            value, slope = self._function(guess)
            insort(self.points, Point(guess, value, slope))
            correction = (target - value) / slope if slope > 0 else float("inf")
            if abs(correction) < TOLERANCE * guess:
                return guess + correction
            below, above = self._neighbours(target)
            if above is not None and above.x - below.x < _JUMP * above.x:
                raise FitError(
                    f"the function jumps over {target:g} at {above.x:g}, from {below.value:g} to "
                    f"{above.value:g}: the likelihood has several minima; look for one-sided and very large "
                    "systematic shifts"
                )
            if above is None and sum(point.slope <= 0 for point in self.points[1:]) > _FALLS:
                break
            # where the function bends, its cubic may creep: then halve
            creeping = above is not None and evaluation % 3 == 0
            guess = (below.x + above.x) / 2 if above and creeping else self._prediction(target)
        highest = max(self.points, key=lambda point: point.value)
        raise FitError(
            f"no crossing of {target:g} was found between {self.points[0].x:g} and {self.points[-1].x:g}: "
            f"the function is largest at {highest.x:g}, with {highest.value:g}; is the signal template "
            "empty, or can its systematic shifts cancel it?"
        )

    def _neighbours(self, target: float) -> tuple[Point, Point | None]:
        """Return the points about the first crossing that is known, the second is None if none is."""
        for below, above in pairwise(self.points):
            if below.value <= target < above.value:
                return below, above
        return self.points[-1], None

    def _prediction(self, target: float) -> float:
        below, above = self._neighbours(target)
        if above is None:
            highest = _LARGEST_STEP * below.x
            if below.slope <= 0:
                return highest
            return min(below.x + (target - below.value) / below.slope, highest)
        guess = _inverse_cubic(below, above, target)
        if below.x < guess < above.x:
            return guess
        share = (target - below.value) / (above.value - below.value)
        # the straight line, kept off the ends so that the interval shrinks
        return below.x + min(max(share, 0.01), 0.99) * (above.x - below.x)


def _inverse_cubic(below: Point, above: Point, target: float) -> float:
    """Return Hermite's cubic for x as a function of the value; outside the interval if slopes are missing."""
    if below.slope <= 0 or above.slope <= 0:
        return below.x
    width = above.value - below.value
    t = (target - below.value) / width
    start, end = width / below.slope, width / above.slope
    return (
        below.x * (1 + 2 * t) * (1 - t) ** 2
        + start * t * (1 - t) ** 2
        + above.x * t**2 * (3 - 2 * t)
        + end * t**2 * (t - 1)
    )
