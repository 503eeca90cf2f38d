from __future__ import annotations

import math

import pytest

from darkbelle.errors import FitError
from darkbelle.fitting.fast.crossing import Rising


@pytest.mark.parametrize("guess", [1e-3, 1.0, 50.0])
def test_a_curved_function_is_crossed_to_many_digits(guess: float) -> None:
    """x + x² = 6 at 2."""
    rising = Rising(lambda x: (x + x * x, 1 + 2 * x), 1.0)
    assert rising.crossing(6.0, guess) == pytest.approx(2.0, rel=1e-7)


def test_known_points_serve_the_next_target() -> None:
    calls: list[float] = []

    def function(x: float) -> tuple[float, float]:
        calls.append(x)
        return x + 0.1 * x * x, 1 + 0.2 * x

    rising = Rising(function, 1.0)
    for target in (2.0, 4.0, 1.0, 3.0):
        x = rising.crossing(target, target)
        assert x + 0.1 * x * x == pytest.approx(target, rel=1e-8)
    assert len(calls) <= 9


def test_a_kink_does_not_stop_it() -> None:
    """Slope 1 up to 1, then 30: where a parameter meets its bound."""

    def function(x: float) -> tuple[float, float]:
        return (x, 1.0) if x < 1 else (1 + 30 * (x - 1), 30.0)

    assert Rising(function).crossing(4.0, 0.01) == pytest.approx(1.1, rel=1e-7)
    assert Rising(function).crossing(0.9, 100.0) == pytest.approx(0.9, rel=1e-7)


def test_a_jump_is_reported() -> None:
    def function(x: float) -> tuple[float, float]:
        return (x, 1.0) if x < 1 else (x + 3, 1.0)

    with pytest.raises(FitError, match=r"jumps over 2.5 at 1.*several minima"):
        Rising(function, 1.0).crossing(2.5, 2.0)


def test_a_target_out_of_reach_is_reported() -> None:
    with pytest.raises(FitError, match=r"no crossing of 2 was found"):
        Rising(lambda x: (math.tanh(x), 1 / math.cosh(min(x, 300.0)) ** 2), 1.0).crossing(2.0, 1.0)


def test_a_function_that_rises_and_falls_again_is_crossed_where_it_first_is() -> None:
    """4x/(1 + x²) is 1 at 2 − √3; it never reaches 3."""

    def hill(x: float) -> tuple[float, float]:
        return 4 * x / (1 + x * x), 4 * (1 - x * x) / (1 + x * x) ** 2

    assert Rising(hill, 4.0).crossing(1.0, 1.5) == pytest.approx(2 - math.sqrt(3), rel=1e-7)
    with pytest.raises(FitError, match=r"no crossing of 3 .* largest at .*, with"):
        Rising(hill, 4.0).crossing(3.0, 1.5)
