from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyhf
import pytest
from pyhf.infer.intervals.upper_limits import toms748_scan
from scipy.optimize import brentq
from scipy.stats import norm

from darkbelle.errors import ConfigurationError, FitError
from darkbelle.fitting.engines import Failure, UpperLimit, engine_names, load_engine
from darkbelle.fitting.engines.pyhf_engine import upper_limit, upper_limits
from darkbelle.fitting.engines.pyhf_likelihood import Likelihood, minimise


def workspace(samples: list[dict[str, Any]], observed: Sequence[float], highest: float) -> dict[str, Any]:
    parameter = {"name": "mu", "bounds": [[0.0, highest]], "inits": [1.0]}
    return {
        "channels": [{"name": "sr", "samples": samples}],
        "observations": [{"name": "sr", "data": list(observed)}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": [parameter]}}],
        "version": "1.0.0",
    }


def counting(background: float, observed: float) -> dict[str, Any]:
    """One bin with a known background, and one signal event for each unit."""
    signal = {"name": "s", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    return workspace(
        [signal, {"name": "b", "data": [background], "modifiers": []}], [observed], 1000 + 10 * background
    )


def shapes(observed: Sequence[float], constraint: str = "staterror") -> dict[str, Any]:
    """Four bins with normalisations, a lopsided shift and uncertainties of each bin."""
    signal = np.array([0.5, 6.0, 5.0, 1.0])
    falling, flat = np.array([60.0, 30.0, 22.0, 9.0]), np.full(4, 4.0)
    tilt = np.linspace(-0.1, 0.15, 4)
    return workspace(
        [
            {
                "name": "s",
                "data": signal.tolist(),
                "modifiers": [
                    {"name": "mu", "type": "normfactor", "data": None},
                    {"name": "efficiency", "type": "normsys", "data": {"hi": 1.05, "lo": 0.95}},
                ],
            },
            {
                "name": "falling",
                "data": falling.tolist(),
                "modifiers": [
                    {"name": "efficiency", "type": "normsys", "data": {"hi": 1.05, "lo": 0.95}},
                    {"name": "yield", "type": "normsys", "data": {"hi": 1.2, "lo": 0.85}},
                    {
                        "name": "tilt",
                        "type": "histosys",
                        "data": {
                            "hi_data": (falling * (1 + tilt)).tolist(),
                            "lo_data": (falling * (1 - 0.6 * tilt)).tolist(),
                        },
                    },
                    {"name": constraint, "type": constraint, "data": (0.1 * falling).tolist()},
                ],
            },
            {"name": "flat", "data": flat.tolist(), "modifiers": []},
        ],
        observed,
        100.0,
    )


def closed_limit(background: float, observed: float, level: float) -> float:
    """Solve the one-bin CLs with the profile likelihood ratio written out."""

    def q(count: float, mu: float) -> float:
        best = max(count - background, 0.0)
        if mu < best:
            return 0.0
        rise = mu - best
        return 2 * (rise - count * np.log((mu + background) / (best + background)) if count else rise)

    def excess(mu: float) -> float:
        root, asimov = np.sqrt(q(observed, mu)), np.sqrt(q(background, mu))
        if root > asimov:
            root = (root**2 + asimov**2) / (2 * asimov)
        return float(norm.sf(root) / norm.cdf(asimov - root) - (1 - level))

    return float(brentq(excess, max(observed - background, 0.0) + 0.1, 100 + 10 * background))


@pytest.mark.parametrize("level", [0.90, 0.95])
@pytest.mark.parametrize(("background", "observed"), [(1000, 1000), (1000, 1040), (40, 31), (0.5, 0), (3, 7)])
def test_counting_limit_is_the_closed_one(background: float, observed: float, level: float) -> None:
    limit = upper_limit(counting(background, observed), level)
    assert limit.observed == pytest.approx(closed_limit(background, observed, level), rel=1e-3)
    error = np.sqrt(observed + 1)
    assert limit.best_fit == pytest.approx(max(observed - background, 0.0), abs=1e-3 * error)


def test_large_counts_give_the_gaussian_limit_at_the_level_asked_for() -> None:
    at90, at95 = (upper_limit(counting(1e6, 1e6), level).expected[2] for level in (0.90, 0.95))
    assert at90 == pytest.approx(1.6449 * 1000, rel=2e-3)
    assert at95 == pytest.approx(1.9600 * 1000, rel=2e-3)


def test_significance_of_counting_is_the_closed_one() -> None:
    # arXiv:1007.1727 eq. 97: √(2 (n ln(n/b) − (n − b)))
    expected = np.sqrt(2 * (60 * np.log(60 / 40) - 20))
    assert upper_limit(counting(40, 60), 0.9).significance == pytest.approx(expected, rel=1e-3)
    assert upper_limit(counting(40, 35), 0.9).significance == 0.0


def test_limit_equals_that_of_pyhf_at_the_same_level() -> None:
    content = counting(40, 47)
    limit = upper_limit(content, 0.90)
    model = pyhf.Workspace(content).model()
    # its upper_limit() forgets the level, the scan inside it does not
    theirs, band = toms748_scan(pyhf.Workspace(content).data(model), model, 0.1, 100.0, level=0.10, rtol=1e-5)
    assert limit.observed == pytest.approx(float(theirs), rel=1e-3)
    np.testing.assert_allclose(limit.expected, np.array(band, dtype=float), rtol=1e-3)


@pytest.mark.parametrize("observed", [(66, 37, 30, 12), (58, 30, 20, 14)])
def test_pyhf_finds_the_confidence_level_at_each_limit(observed: tuple[int, ...]) -> None:
    content = shapes(observed)
    limit = upper_limit(content, 0.90)
    model = pyhf.Workspace(content).model()
    data = pyhf.Workspace(content).data(model)
    at_observed = pyhf.infer.hypotest(limit.observed, data, model, test_stat="qtilde")
    assert float(at_observed) == pytest.approx(0.10, rel=2e-3)
    for index, expected in enumerate(limit.expected):
        _, band = pyhf.infer.hypotest(expected, data, model, test_stat="qtilde", return_expected_set=True)
        assert float(band[index]) == pytest.approx(0.10, rel=2e-3)


@pytest.mark.parametrize("constraint", ["staterror", "shapesys"])
@pytest.mark.parametrize("fixed", [None, 0.0, 1.7])
def test_minimum_is_not_above_that_of_pyhf(constraint: str, fixed: float | None) -> None:
    likelihood, data = Likelihood.of_workspace(shapes((75, 41, 35, 8), constraint))
    start = np.array(likelihood.model.config.suggested_init())
    minimum = minimise(likelihood, data, start, fixed)
    if fixed is None:
        theirs = pyhf.infer.mle.fit(data, likelihood.model)
    else:
        theirs = pyhf.infer.mle.fixed_poi_fit(fixed, data, likelihood.model)
    assert minimum.value <= likelihood.value(theirs, data) + 1e-7
    np.testing.assert_allclose(minimum.parameters, theirs, atol=2e-3)


def test_an_injected_signal_is_found_at_its_size() -> None:
    likelihood, _ = Likelihood.of_workspace(shapes((0,) * 4))
    truth = np.array(likelihood.model.config.suggested_init())
    truth[likelihood.poi] = 2.5
    events = likelihood.model.expected_actualdata(truth)
    limit = upper_limit(shapes(events.tolist()), 0.90)
    assert limit.best_fit == pytest.approx(2.5, abs=1e-3)
    assert limit.observed > limit.expected[2]


def test_a_best_fit_at_the_upper_bound_is_refused() -> None:
    content = counting(10, 100)
    content["measurements"][0]["config"]["parameters"][0]["bounds"] = [[0.0, 20.0]]
    with pytest.raises(FitError, match="upper bound, 20; widen"):
        upper_limit(content, 0.9)


def test_the_start_does_not_matter() -> None:
    likelihood, data = Likelihood.of_workspace(shapes((75, 41, 35, 8)))
    start = np.array(likelihood.model.config.suggested_init())
    first = minimise(likelihood, data, start)
    rng = np.random.default_rng(3)
    for _ in range(5):
        again = minimise(likelihood, data, start + rng.uniform(-0.9, 0.9, start.size))
        assert again.value == pytest.approx(first.value, abs=1e-7)


def test_a_parameter_on_its_bound_is_named() -> None:
    content = shapes((20, 10, 7, 3))
    content["measurements"][0]["config"]["parameters"].append({"name": "yield", "bounds": [[-1.0, 1.0]]})
    assert "yield" in upper_limit(content, 0.9).bounds_hit


def test_a_model_without_signal_fails_and_the_others_do_not() -> None:
    empty = counting(10, 10)
    empty["channels"][0]["samples"][0]["data"] = [0.0]
    seen: list[int] = []
    outcomes = upper_limits([empty, counting(10, 10)], 0.9, progress=lambda done, _total: seen.append(done))
    assert isinstance(outcomes[0], Failure)
    assert isinstance(outcomes[1], UpperLimit)
    assert seen == [1, 2]


@pytest.mark.slow
def test_two_processes_give_the_same_limits_in_order() -> None:
    contents = [counting(background, background) for background in (10, 100, 1000)]
    assert upper_limits(contents, 0.9, workers=2) == upper_limits(contents, 0.9)


def test_engines_are_found_by_name() -> None:
    assert "pyhf" in engine_names()
    assert load_engine("pyhf") is upper_limits
    with pytest.raises(ConfigurationError, match="engine 'coal' does not exist"):
        load_engine("coal")
