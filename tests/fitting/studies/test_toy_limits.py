"""Against exact sums of counting experiments: CLs is P(n ≤ observed | s + b) / P(n ≤ observed | b).

That holds below the best fit; the statistic makes no difference between counts above it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import gammaincc
from scipy.stats import norm, poisson

from darkbelle.errors import FitError
from darkbelle.fitting import limits
from darkbelle.fitting.engines import UpperLimit
from darkbelle.fitting.fast.asymptotic import hypothesis_test
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.studies.ensembles import Ensemble
from darkbelle.fitting.studies.exclusion import ExclusionEnsemble
from darkbelle.fitting.studies.toy_limits import ToyLimits, confidence_by_toys, toy_limits

OnOff = Callable[[float], dict[str, Any]]
Counting = Callable[[float, float], dict[str, Any]]


def exact_confidence(signal: float, background: float, observed: int) -> float:
    if observed - background >= signal:
        return 1.0
    return float(gammaincc(observed + 1, signal + background) / gammaincc(observed + 1, background))


def exact_limit(background: float, observed: int, level: float) -> float:
    return float(
        brentq(lambda s: exact_confidence(s, background, observed) - (1 - level), 1e-6, 100 + 10 * background)
    )


def limits_by_toys(workspace: dict[str, Any], level: float, toys: int) -> ToyLimits:
    (found,) = toy_limits([workspace], level, toys=toys)
    assert isinstance(found, ToyLimits)
    return found


@pytest.mark.parametrize(("background", "observed"), [(0.5, 0), (3.0, 2), (10.0, 8)])
def test_confidence_is_the_exact_one(counting: Counting, background: float, observed: int) -> None:
    signal = 1.0 + math.sqrt(background)
    test = confidence_by_toys(counting(background, observed), signal, toys=3000)
    exact = exact_confidence(signal, background, observed)
    assert test.levels[0] == pytest.approx(exact, abs=4 * test.errors[0])
    assert test.errors[0] < 0.1 * exact
    for band, found, error in zip((-2, -1, 0, 1, 2), test.levels[1:], test.errors[1:], strict=True):
        # counts at the quantile itself, or next to it where that hangs on the toys
        near = [poisson.ppf(norm.cdf(band) + shift, background) for shift in (-0.008, 0.008)]
        low, high = (exact_confidence(signal, background, int(max(n, 0))) for n in near)
        assert low - 4 * error <= found <= high + 4 * error


@pytest.mark.parametrize(("background", "short"), [(1e-3, 0.36), (0.5, 0.26), (3.0, 0.14)])
def test_with_nothing_seen_asymptotics_falls_short_of_toys(
    counting: Counting, background: float, short: float
) -> None:
    # exactly −ln 0.05 whatever the background; the shares stand in stack-notes.md, section 6
    limits = limits_by_toys(counting(background, 0), 0.95, 3000)
    assert limits.observed == pytest.approx(-math.log(0.05), abs=4 * limits.errors[0])
    assert limits.errors[0] < 0.15 * limits.observed
    assert 1 - limits.asymptotic.observed / -math.log(0.05) == pytest.approx(short, abs=0.01)
    assert limits.failed == 0


def test_expected_limits_are_those_of_the_counts_at_the_quantiles(counting: Counting) -> None:
    limits = limits_by_toys(counting(3.0, 2), 0.90, 2000)
    for band, found, error in zip((-2, -1, 0, 1, 2), limits.expected, limits.errors[1:], strict=True):
        exact = exact_limit(3.0, int(poisson.ppf(norm.cdf(band), 3.0)), 0.90)
        assert found == pytest.approx(exact, abs=4 * error)


def test_many_events_with_nuisance_parameters_are_asymptotic(on_off: OnOff) -> None:
    workspace = on_off(0.0)
    limits = limits_by_toys(workspace, 0.90, 600)
    assert limits.observed == pytest.approx(limits.asymptotic.observed, abs=4 * limits.errors[0])
    assert limits.expected[2] == pytest.approx(limits.asymptotic.expected[2], abs=4 * limits.errors[3])
    assert limits.errors[3] < 0.1 * limits.expected[2]
    mu = limits.asymptotic.expected[2]
    test = confidence_by_toys(workspace, mu, toys=1000)
    median = hypothesis_test(compile_workspace(workspace), mu).expected[2]
    assert test.levels[3] == pytest.approx(median, abs=4 * test.errors[3])


def test_limits_are_those_of_the_seed_on_any_number_of_threads(counting: Counting) -> None:
    def limit(seed: int = 1, workers: int = 1) -> UpperLimit:
        (answer,) = limits([counting(3.0, 2)], toys=1000, seed=seed, workers=workers)
        assert answer.findings == ()  # few events are no matter
        assert isinstance(answer.outcome, UpperLimit)
        return answer.outcome

    first = limit()
    assert first == limit(workers=2)
    assert first.observed != limit(seed=2).observed
    assert len(first.toy_errors) == 6
    assert np.all(np.diff(first.expected) > 0)


def test_several_workspaces_are_solved_as_if_alone_and_one_that_fails_stops_none(counting: Counting) -> None:
    broken = counting(3.0, 2)
    broken["measurements"][0]["config"]["parameters"][0]["bounds"] = [[-5.0, 10.0]]
    done: list[tuple[int, int]] = []
    first, second, third = toy_limits(
        [counting(3.0, 1), broken, counting(10.0, 14)],
        0.90,
        toys=500,
        progress=lambda *counts: done.append(counts),
    )
    assert first == limits_by_toys(counting(3.0, 1), 0.90, 500)
    assert third == limits_by_toys(counting(10.0, 14), 0.90, 500)
    assert isinstance(second, FitError)
    assert (done[0], done[-1]) == ((1, 3), (3, 3))


def test_q_saves_free_fits_only_where_it_is_zero(counting: Counting, on_off: OnOff) -> None:
    # beside the two fits of an experiment that the rise is made of
    for workspace, tested in ((counting(3.0, 2), (0.5, 1.0, 3.0)), (on_off(1.0), (0.8, 1.0, 1.2))):
        model = compile_workspace(workspace)
        truth = tuple(np.where(model.start == 1, 1.0, model.start).tolist())
        full = Ensemble(300, 5, workspace, truth, tested).columns(range(300))
        short = ExclusionEnsemble(300, 5, workspace, truth, tested, 1).columns(range(300))
        for number, mu in enumerate(tested):
            q = np.where(full["best"] < mu, full[f"rise_{number}"], 0.0)
            np.testing.assert_allclose(short[f"q_{number}"], q, atol=1e-6)
            assert 0 < np.count_nonzero(q) < q.size


def test_what_the_model_forbids_is_forbidden_with_toys_too(counting: Counting) -> None:
    workspace = counting(3.0, 2)
    workspace["measurements"][0]["config"]["parameters"][0]["bounds"] = [[-5.0, 10.0]]
    with pytest.raises(FitError, match="lower bound -5"):
        confidence_by_toys(workspace, 1.0, toys=10)
    with pytest.raises(FitError, match="make at least 880, better"):
        toy_limits([counting(3.0, 2)], 0.95, toys=879)  # 1/(0.05 · 0.02275) = 879.1
    with pytest.raises(FitError, match=r"between 0\.5 and 1"):
        toy_limits([counting(3.0, 2)], 95, toys=10)
