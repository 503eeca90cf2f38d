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
from darkbelle.fitting.fast.model import Model
from darkbelle.fitting.fast.toys import Toys, toy_limits, toy_test

Draw = Callable[..., dict[str, Any]]


def counting(background: float, observed: float) -> dict[str, Any]:
    signal = {"name": "s", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    other = {"name": "b", "data": [background], "modifiers": []}
    return {
        "version": "1.0.0",
        "channels": [{"name": "sr", "samples": [signal, other]}],
        "observations": [{"name": "sr", "data": [observed]}],
        "measurements": [
            {
                "name": "m",
                "config": {"poi": "mu", "parameters": [{"name": "mu", "bounds": [[0.0, 1000.0]]}]},
            }
        ],
    }


def exact_confidence(signal: float, background: float, observed: int) -> float:
    if observed - background >= signal:
        return 1.0
    return float(gammaincc(observed + 1, signal + background) / gammaincc(observed + 1, background))


def exact_limit(background: float, observed: int, level: float) -> float:
    return float(
        brentq(lambda s: exact_confidence(s, background, observed) - (1 - level), 1e-6, 100 + 10 * background)
    )


def counting_model(background: float, observed: float) -> Model:
    return compile_workspace(counting(background, observed))


@pytest.mark.parametrize(("background", "observed"), [(0.5, 0), (3.0, 2), (10.0, 8)])
def test_confidence_is_the_exact_one(background: float, observed: int) -> None:
    signal = 1.0 + math.sqrt(background)
    test = toy_test(counting_model(background, observed), signal, Toys(3000))
    exact = exact_confidence(signal, background, observed)
    assert test.observed == pytest.approx(exact, abs=4 * test.observed_error)
    assert test.observed_error < 0.1 * exact
    for band, found, error in zip((-2, -1, 0, 1, 2), test.expected, test.expected_errors, strict=True):
        # counts at the quantile itself, or next to it where that hangs on the toys
        near = [poisson.ppf(norm.cdf(band) + shift, background) for shift in (-0.008, 0.008)]
        low, high = (exact_confidence(signal, background, int(max(n, 0))) for n in near)
        assert low - 4 * error <= found <= high + 4 * error


@pytest.mark.parametrize(("background", "short"), [(1e-3, 0.36), (0.5, 0.26), (3.0, 0.14)])
def test_with_nothing_seen_asymptotics_falls_short_of_toys(background: float, short: float) -> None:
    # exactly −ln 0.05 whatever the background; the shares stand in stack-notes.md, section 6
    limits = toy_limits(counting_model(background, 0), 0.95, Toys(3000))
    assert limits.observed == pytest.approx(-math.log(0.05), abs=4 * limits.errors[0])
    assert limits.errors[0] < 0.15 * limits.observed
    assert 1 - limits.asymptotic.observed / -math.log(0.05) == pytest.approx(short, abs=0.01)
    assert limits.failed == 0


def test_expected_limits_are_those_of_the_counts_at_the_quantiles() -> None:
    limits = toy_limits(counting_model(3.0, 2), 0.90, Toys(2000))
    for band, found, error in zip((-2, -1, 0, 1, 2), limits.expected, limits.errors[1:], strict=True):
        exact = exact_limit(3.0, int(poisson.ppf(norm.cdf(band), 3.0)), 0.90)
        assert found == pytest.approx(exact, abs=4 * error)


def test_many_events_with_nuisance_parameters_are_asymptotic(draw: Draw) -> None:
    model = compile_workspace(draw(82, ("normsys", "both", "staterror"), bins=3, scale=300.0, size=0.05))
    limits = toy_limits(model, 0.90, Toys(600))
    assert limits.observed == pytest.approx(limits.asymptotic.observed, abs=4 * limits.errors[0])
    assert limits.expected[2] == pytest.approx(limits.asymptotic.expected[2], abs=4 * limits.errors[3])
    assert limits.errors[3] < 0.1 * limits.expected[2]
    test = toy_test(model, limits.asymptotic.expected[2], Toys(1000))
    median = hypothesis_test(model, limits.asymptotic.expected[2]).expected[2]
    assert test.expected[2] == pytest.approx(median, abs=4 * test.expected_errors[2])


def test_limits_are_those_of_the_seed_on_any_number_of_threads() -> None:
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


def test_what_the_model_forbids_is_forbidden_with_toys_too() -> None:
    workspace = counting(3.0, 2)
    workspace["measurements"][0]["config"]["parameters"][0]["bounds"] = [[-5.0, 10.0]]
    with pytest.raises(FitError, match="lower bound -5"):
        toy_test(compile_workspace(workspace), 1.0, Toys(10))
    with pytest.raises(FitError, match="make at least 880, better"):
        toy_limits(counting_model(3.0, 2), 0.95, Toys(879))  # 1/(0.05 · 0.02275) = 879.1
    with pytest.raises(FitError, match=r"between 0\.5 and 1"):
        toy_limits(counting_model(3.0, 2), 95, Toys(10))
