"""The bias of an estimator, from samples simulated with several values of what it estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from darkbelle.errors import FitError
from darkbelle.vectors import Column

__all__ = ["Calibration", "CalibrationPoint"]


@dataclass(frozen=True)
class CalibrationPoint:
    """Of a sample simulated with a value: the estimate minus that value, and the error of it."""

    value: float
    bias: float
    error: float


@dataclass(frozen=True)
class Calibration:
    """The line through the points: bias = ``offset`` + ``slope`` · (value − ``reference``).

    ``covariance`` is that of offset and slope.
    """

    reference: float
    offset: float
    slope: float
    covariance: Column
    points: tuple[CalibrationPoint, ...]

    @classmethod
    def through(cls, points: Sequence[CalibrationPoint], reference: float) -> Self:
        """Return the weighted straight line through points.

        Raises
        ------
        FitError
            There are fewer than two values.

        >>> line = Calibration.through([CalibrationPoint(1, 0.1, 1), CalibrationPoint(3, 0.3, 1)], 2)
        >>> round(line.corrected(2.2), 9)
        2.0
        """
        if len({point.value for point in points}) < 2:
            raise FitError(
                f"a bias needs samples simulated with two values and more, got {len(points)}; simulate others"
            )
        distance = np.array([point.value - reference for point in points])
        weight = np.array([point.error**-2.0 for point in points])
        design = np.stack([np.ones(len(points)), distance])
        covariance = np.linalg.inv(design * weight @ design.T)
        offset, slope = covariance @ (design * weight @ np.array([point.bias for point in points]))
        return cls(reference, float(offset), float(slope), covariance, tuple(points))

    def bias_at(self, value: float) -> float:
        """Return the bias at a value."""
        return self.offset + self.slope * (value - self.reference)

    def corrected(self, estimate: float) -> float:
        """Return the value that has this estimate."""
        return (estimate - self.offset + self.slope * self.reference) / (1.0 + self.slope)

    def error_at(self, value: float) -> float:
        """Return the error of the bias at a value."""
        along = np.array([1.0, value - self.reference])
        return float(np.sqrt(along @ self.covariance @ along))
