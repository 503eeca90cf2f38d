from __future__ import annotations

import numpy as np
import pytest

from darkbelle.errors import FitError
from darkbelle.fitting.calibration import Calibration, CalibrationPoint

VALUES = (10.5756, 10.5776, 10.5796, 10.5816, 10.5836)


def bias(value: float) -> float:
    distance = value - 10.5796
    return -1e-3 - 0.3 * distance + 8.0 * distance**2


def points(error: float = 1e-5) -> list[CalibrationPoint]:
    return [CalibrationPoint(value, bias(value), error) for value in VALUES]


def test_a_parabola_comes_back_and_is_undone() -> None:
    found = Calibration.through(points(), 10.5796, degree=2)
    for value in (10.576, 10.5801, 10.583):
        assert found.bias_at(value) == pytest.approx(bias(value), abs=1e-12)
        assert found.slope_at(value) == pytest.approx(-0.3 + 16.0 * (value - 10.5796), abs=1e-8)
        assert found.corrected(value + bias(value)) == pytest.approx(value, abs=1e-12)


def test_the_error_of_a_line_is_that_of_a_weighted_mean() -> None:
    # in the middle of equal points the slope does not count
    found = Calibration.through(points(error=2e-5), 10.5796, degree=1)
    assert found.error_at(10.5796) == pytest.approx(2e-5 / np.sqrt(5))
    # at the end: σ √(1/n + Δ²/ΣΔ²) with Δ = 4 and ΣΔ² = 40
    assert found.error_at(10.5836) == pytest.approx(2e-5 * np.sqrt(1 / 5 + 16 / 40))


def test_more_precise_points_count_more() -> None:
    both = [CalibrationPoint(1.0, 0.0, 1.0), CalibrationPoint(1.0, 1.0, 3.0), CalibrationPoint(2.0, 0.0, 1.0)]
    # weights 1 and 1/9
    assert Calibration.through(both, 0.0, degree=1).bias_at(1.0) == pytest.approx(0.1)


def test_too_few_values_are_refused() -> None:
    with pytest.raises(FitError, match="3 values and more, got 2"):
        Calibration.through([*points()[:2], points()[0]], 10.5796, degree=2)
