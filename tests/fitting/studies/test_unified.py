"""Against the belt of Feldman and Cousins, built from Poisson probabilities alone, and their table."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson

from darkbelle.errors import FitError
from darkbelle.fitting.studies.recipes import in_process
from darkbelle.fitting.studies.unified import unified_interval, unified_intervals

Counting = Callable[[float, float], dict[str, Any]]
STEP = 0.005


@cache
def belt(background: float, level: float) -> dict[int, tuple[float, float]]:
    """Return the first and last mean signal whose acceptance region has a count, by count."""
    counts = np.arange(60)
    best = np.maximum(counts - background, 0.0)
    ends: dict[int, tuple[float, float]] = {}
    for signal in np.arange(0.0, 25.0, STEP):
        chances = poisson.pmf(counts, signal + background)
        order = np.argsort(-chances / poisson.pmf(counts, best + background), kind="stable")
        accepted = order[: int(np.searchsorted(np.cumsum(chances[order]), level)) + 1]
        for count in accepted:
            ends[int(count)] = (ends.get(int(count), (signal, signal))[0], signal)
    return ends


# Phys. Rev. D 57 (1998) 3873, table IV, 90 %, b = 3.0; not n = 0 and 7 to 9, where the authors' adjustment
# for a background that rises goes beyond this background
@pytest.mark.parametrize(
    ("count", "lower", "upper"),
    [(1, 0.0, 1.88), (2, 0.0, 3.04), (3, 0.0, 4.42), (4, 0.0, 5.60), (5, 0.0, 6.99), (6, 0.15, 8.47),
     (10, 2.63, 13.50)],
)  # fmt: skip
def test_the_belt_of_the_tests_is_that_of_the_paper(count: int, lower: float, upper: float) -> None:
    assert belt(3.0, 0.90)[count] == pytest.approx((lower, upper), abs=0.011)


@pytest.mark.parametrize(("count", "level"), [(0, 0.90), (6, 0.90), (2, 0.68)])
def test_intervals_of_a_count_are_those_of_the_belt(counting: Counting, count: int, level: float) -> None:
    found = unified_interval(counting(3.0, count), level, toys=1000, points=8)
    lower, upper = belt(3.0, level)[count]
    assert found.lower == pytest.approx(lower, abs=4 * found.errors[0] + found.steps[0] + STEP)
    assert found.upper == pytest.approx(upper, abs=4 * found.errors[1] + found.steps[1] + STEP)
    assert (found.lower == 0) == (lower == 0)
    assert found.errors[1] < 0.2 * upper
    assert found.best_fit == pytest.approx(max(count - 3.0, 0.0), abs=1e-6)
    assert found.failed == 0


def test_with_many_events_the_interval_is_the_likelihood_s(on_off: Callable[[float], dict[str, Any]]) -> None:
    found = unified_interval(on_off(1.0), 0.6827, toys=1000, points=8)
    # Asimov data: symmetric about the truth, and p of the interval's ends from one standard deviation
    assert found.best_fit == pytest.approx(1.0, abs=1e-3)
    below, above = found.best_fit - found.lower, found.upper - found.best_fit
    assert above == pytest.approx(below, abs=4 * (found.errors[0] + found.errors[1]))
    assert found.errors[0] < 0.2 * below


def test_the_seed_makes_the_interval_and_threads_do_not(counting: Counting) -> None:
    options: dict[str, Any] = {"toys": 600, "points": 5}
    first = unified_interval(counting(3.0, 5), **options)
    assert first == unified_interval(counting(3.0, 5), **options, make=in_process(2))
    assert first != unified_interval(counting(3.0, 5), **options, seed=2)


def test_a_level_that_is_none_is_refused(counting: Counting) -> None:
    with pytest.raises(FitError, match=r"between 0\.5 and 1"):
        unified_interval(counting(3.0, 2), 90)


def test_several_workspaces_are_solved_as_if_alone_and_one_that_fails_stops_none(counting: Counting) -> None:
    options: dict[str, Any] = {"toys": 400, "points": 5}
    broken = counting(3.0, 2)
    broken["measurements"][0]["config"]["parameters"][0]["bounds"] = [[-5.0, 10.0]]
    first, second, third = unified_intervals([counting(3.0, 1), broken, counting(2.0, 7)], **options)
    assert first == unified_interval(counting(3.0, 1), **options)
    assert third == unified_interval(counting(2.0, 7), **options)
    assert isinstance(second, FitError)
    with pytest.raises(FitError, match="lower bound -5"):
        unified_interval(broken, **options)
