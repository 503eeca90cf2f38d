"""Coverage against sums over counts, and against the normal approximation where events are many."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import poisson

from darkbelle.errors import FitError
from darkbelle.fitting.studies.coverage import CoverageStudy, coverage_study

Counting = Callable[[float, float], dict[str, Any]]
BACKGROUND, LEVEL = 3.0, 0.90
STRENGTHS = (0.5, 3.0, 8.0)
COUNTS = np.arange(80)


def log_likelihood(count: float, mean: float) -> float:
    return (count * math.log(mean) if count else 0.0) - mean


def t(count: float, signal: float) -> float:
    """t of a count for a signal on the known background."""
    best = max(count - BACKGROUND, 0.0) + BACKGROUND
    return 2 * (log_likelihood(count, best) - log_likelihood(count, signal + BACKGROUND))


def asymptotic_cls(count: int, signal: float) -> float:
    """Eqs. 65 and 66 of arXiv:1007.1727; the Asimov data of a known background are the background."""
    q = t(count, signal) if count - BACKGROUND < signal else 0.0
    q_asimov = t(BACKGROUND, signal)
    root = math.sqrt(q_asimov)
    distance = math.sqrt(q) if q <= q_asimov else (q + q_asimov) / (2 * root)
    return float(ndtr(-distance) / ndtr(root - distance))


def unified(count: int, signal: float) -> float:
    """Chance of counts that the likelihood ratio puts no nearer to the signal."""
    own = t(count, signal)
    return sum(float(poisson.pmf(n, signal + BACKGROUND)) for n in range(80) if t(n, signal) >= own - 1e-9)


def exact(covers: Callable[[int], bool], signal: float) -> float:
    return sum(float(poisson.pmf(n, signal + BACKGROUND)) for n in range(80) if covers(n))


@pytest.fixture(scope="module")
def study(counting: Counting) -> CoverageStudy:
    return coverage_study(counting(BACKGROUND, 3), STRENGTHS, LEVEL, toys=2000, nested=40, inner=200)


@pytest.mark.parametrize("index", range(3))
def test_coverage_of_a_count_is_the_sum_over_counts(study: CoverageStudy, index: int) -> None:
    point, signal = study.points[index], STRENGTHS[index]
    found = point.coverage
    known = {
        "asymptotic limit": exact(lambda n: asymptotic_cls(n, signal) >= 1 - LEVEL, signal),
        "likelihood-ratio interval": exact(lambda n: t(n, signal) <= ndtri(0.95) ** 2, signal),
        "unified interval": exact(lambda n: unified(n, signal) > 1 - LEVEL, signal),
        "toy limit": exact(
            lambda n: (
                n - BACKGROUND >= signal
                or poisson.cdf(n, signal + BACKGROUND) >= (1 - LEVEL) * poisson.cdf(n, BACKGROUND)
            ),
            signal,
        ),
    }
    assert found.keys() == known.keys()
    for method, share in known.items():
        assert found[method].value == pytest.approx(share, abs=4 * found[method].error), method
    assert known["unified interval"] >= LEVEL
    assert point.failed == 0


@pytest.mark.parametrize("index", range(3))
def test_bias_of_a_count_comes_from_the_bound(study: CoverageStudy, index: int) -> None:
    point, signal = study.points[index], STRENGTHS[index]
    chances = poisson.pmf(COUNTS, signal + BACKGROUND)
    best = np.maximum(COUNTS - BACKGROUND, 0)
    assert point.bias == pytest.approx(chances @ best - signal, abs=4 * point.bias_error)
    at_bound = float(chances[COUNTS <= BACKGROUND].sum())
    assert point.at_bound == pytest.approx(at_bound, abs=4 * math.sqrt(at_bound / study.toys))


def test_many_events_with_nuisance_parameters_are_covered_as_by_a_normal_variable(
    on_off: Callable[[float], dict[str, Any]],
) -> None:
    strengths = (0.3, 1.0, 2.0)
    study = coverage_study(on_off(1.0), strengths, 0.95, toys=800)
    sigma = _error(study)
    for mu, point in zip(strengths, study.points, strict=True):
        alone = point.coverage["likelihood-ratio interval"]
        assert alone.value == pytest.approx(_two_sided(mu / sigma), abs=4 * alone.error)
        limit = point.coverage["asymptotic limit"]
        assert limit.value == pytest.approx(_cls_coverage(mu / sigma), abs=4 * limit.error)
        if mu > 4 * sigma:
            assert point.pull_mean == pytest.approx(0, abs=0.15)
            assert point.pull_width == pytest.approx(1, abs=0.1)
            assert abs(point.bias) < 4 * point.bias_error


def _error(study: CoverageStudy) -> float:
    """The spread of best fits at the largest strength, far from the bound; it hardly depends on μ."""
    return study.points[-1].bias_error * math.sqrt(study.toys)


def _cls_coverage(distance: float) -> float:
    """Of CLs at 95 % for a normal variable whose mean is so many standard deviations above 0."""

    def excess(z: float) -> float:
        return float(ndtr(z) - 0.05 * ndtr(z + distance))

    return float(1 - ndtr(brentq(excess, -10, 0)))


def _two_sided(distance: float) -> float:
    """Of the interval by likelihood ratio at 95 % with the mean bounded at 0."""
    z = float(ndtri(0.975))
    # below the bound t = d² + 2 d x with x the distance of the variable under 0
    low = z if z <= distance else (z * z + distance * distance) / (2 * distance)
    return float(ndtr(z) - ndtr(-low))


def test_a_study_is_json_without_nan(counting: Counting) -> None:
    # nothing is ever seen, so no error is determined, and there is no pull
    content = coverage_study(counting(1e-9, 0), (0.0,), toys=20).as_json()
    (point,) = content["points"]
    assert point["pull_mean"] is None
    assert point["undetermined"] == 1.0
    assert point["coverage"]["asymptotic limit"]["value"] == 1.0


def test_a_negative_strength_is_refused(counting: Counting) -> None:
    with pytest.raises(FitError, match="must not be negative, got -1"):
        coverage_study(counting(3.0, 3), (-1.0,))
