"""The bias of an estimator, from samples simulated with several values of what it estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from darkbelle.errors import FitError
from darkbelle.vectors import Column

__all__ = ["Calibration", "CalibrationPoint"]

NEWTON_STEPS: Final = 20


@dataclass(frozen=True)
class CalibrationPoint:
    """Of a sample simulated with a value: the estimate minus that value, and the error of it."""

    value: float
    bias: float
    error: float


@dataclass(frozen=True)
class Calibration:
    """The polynomial through the points: bias = Σ ``coefficients[k]`` · ((value − ``reference``)/``unit``)^k.

    ``covariance`` is that of the coefficients.
    """

    reference: float
    unit: float
    coefficients: Column
    covariance: Column
    points: tuple[CalibrationPoint, ...]

    @classmethod
    def through(cls, points: Sequence[CalibrationPoint], reference: float, degree: int) -> Self:
        """Return the weighted least-squares polynomial through points.

        Raises
        ------
        FitError
            There are too few values.

        >>> points = [CalibrationPoint(1, 0.1, 1), CalibrationPoint(3, 0.3, 1)]
        >>> round(Calibration.through(points, 2, degree=1).corrected(2.2), 9)
        2.0
        """
        values = {point.value for point in points}
        if len(values) < degree + 1:
            raise FitError(
                f"a bias by a polynomial of degree {degree} needs samples simulated with {degree + 1} values "
                f"and more, got {len(values)}; simulate others"
            )
        unit = max(abs(value - reference) for value in values)
        design = np.stack([cls._powers((point.value - reference) / unit, degree) for point in points], axis=1)
        weight = np.array([point.error**-2.0 for point in points])
        covariance = np.linalg.inv(design * weight @ design.T)
        coefficients = covariance @ (design * weight @ np.array([point.bias for point in points]))
        return cls(reference, unit, coefficients, covariance, tuple(points))

    @staticmethod
    def _powers(place: float, degree: int) -> Column:
        return np.power(place, np.arange(degree + 1), dtype=np.float64)

    def bias_at(self, value: float) -> float:
        """Return the bias at a value."""
        return float(self.coefficients @ self._at(value))

    def slope_at(self, value: float) -> float:
        """Return by how much the bias grows with the value."""
        place, degrees = (value - self.reference) / self.unit, np.arange(1, len(self.coefficients))
        return float(self.coefficients[1:] @ (degrees * np.power(place, degrees - 1)) / self.unit)

    def error_at(self, value: float) -> float:
        """Return the error of the bias at a value."""
        along = self._at(value)
        return float(np.sqrt(along @ self.covariance @ along))

    def corrected(self, estimate: float) -> float:
        """Return the value that has this estimate, that nearest to it by Newton's steps."""
        value = estimate
        for _ in range(NEWTON_STEPS):
            value -= (value + self.bias_at(value) - estimate) / (1.0 + self.slope_at(value))
        return value

    def _at(self, value: float) -> Column:
        return self._powers((value - self.reference) / self.unit, len(self.coefficients) - 1)
