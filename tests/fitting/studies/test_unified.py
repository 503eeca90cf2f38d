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
def belt(background: float, level: float, highest: float = 25.0) -> dict[int, tuple[float, float]]:
    """Return the first and last mean signal whose acceptance region has a count, by count."""
    counts, signals = np.arange(60), np.arange(0.0, highest, STEP)
    chances = poisson.pmf(counts, signals[:, None] + background)
    ratios = chances / poisson.pmf(counts, np.maximum(counts, background))
    order = np.argsort(-ratios, axis=1, kind="stable")
    needed = (np.cumsum(np.take_along_axis(chances, order, axis=1), axis=1) < level).sum(axis=1)
    accepted = np.argsort(order, axis=1, kind="stable") <= needed[:, None]
    ends = [np.flatnonzero(column) for column in accepted.T]
    return {n: (STEP * found[0], STEP * found[-1]) for n, found in enumerate(ends) if found.size}


# Phys. Rev. D 57 (1998) 3873, arXiv:physics/9711021v2, table IV: 90 %, b = 3.0
TABLE = {
    0: (0.00, 1.08), 1: (0.00, 1.88), 2: (0.00, 3.04), 3: (0.00, 4.42), 4: (0.00, 5.60),
    5: (0.00, 6.99), 6: (0.15, 8.47), 7: (0.89, 9.53), 8: (1.51, 10.99), 9: (1.88, 12.30),
    10: (2.63, 13.50), 11: (3.04, 14.81), 12: (4.01, 16.00), 13: (4.42, 17.05), 14: (5.50, 18.50),
}  # fmt: skip


@pytest.mark.parametrize("count", range(1, 15))
def test_the_belt_of_the_tests_is_that_of_the_paper(count: int) -> None:
    assert belt(3.0, 0.90)[count] == pytest.approx(TABLE[count], abs=0.011)


def test_the_belt_at_no_event_is_that_of_the_paper_after_its_adjustment() -> None:
    # counts are discrete, so that the upper end for a count may rise with the background. The authors
    # do not let it (section IV B): theirs is the largest of this background and all higher ones. At b = 3.0
    # that changes n = 0 only, from 0.95; an interval by `unified_interval` is not adjusted
    upper = [belt(background, 0.90, 2.0)[0][1] for background in np.arange(3.0, 6.0, 0.02)]
    assert upper[0] == pytest.approx(0.95, abs=0.011)
    assert max(upper) == pytest.approx(TABLE[0][1], abs=0.011)


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
