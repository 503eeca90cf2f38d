from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyhf
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from darkbelle.errors import FitError
from darkbelle.fitting.asymptotics import BANDS
from darkbelle.fitting.fast.asymptotic import analyse, asymptotic_limits, hypothesis_test
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.likelihood import expected_events

Draw = Callable[..., dict[str, Any]]
SYSTEMS = (
    ("normsys", "histosys"),
    ("both", "staterror"),
    ("normsys", "shapesys", "lumi"),
    ("histosys", "staterror", "normfactor"),
    ("both", "shapefactor"),
)


@pytest.mark.parametrize(("seed", "kinds"), [*enumerate(SYSTEMS, start=41)])
def test_cls_are_those_of_pyhf(seed: int, kinds: tuple[str, ...], draw: Draw) -> None:
    workspace = draw(seed, kinds, bins=3)
    content = pyhf.Workspace(workspace)
    theirs = content.model()
    data = content.data(theirs)
    model = compile_workspace(workspace)
    analysis = analyse(model)
    for mu in (0.05, 0.4, 1.5):
        observed, expected = pyhf.infer.hypotest(mu, data, theirs, return_expected_set=True)
        ours = hypothesis_test(model, mu, analysis)
        assert ours.observed == pytest.approx(float(observed), abs=1e-5)
        np.testing.assert_allclose(ours.expected, [float(value) for value in expected], atol=1e-5)


@pytest.mark.parametrize("level", [0.90, 0.95])
@pytest.mark.parametrize(("seed", "kinds", "scale"), [(51, SYSTEMS[1], 4.0), (52, SYSTEMS[3], 100.0)])
def test_at_the_limits_pyhf_finds_the_confidence_level(
    level: float, seed: int, kinds: tuple[str, ...], scale: float, draw: Draw
) -> None:
    workspace = draw(seed, kinds, bins=2, scale=scale)
    workspace["measurements"][0]["config"]["parameters"].append(
        {"name": "mu", "bounds": [[0, 50]], "inits": [1.0]}
    )
    content = pyhf.Workspace(workspace)
    theirs = content.model()
    data = content.data(theirs)
    limits = asymptotic_limits(compile_workspace(workspace), level)
    observed = pyhf.infer.hypotest(limits.observed, data, theirs)
    assert float(observed) == pytest.approx(1 - level, rel=2e-4)
    for place, mu in enumerate(limits.expected):
        _, expected = pyhf.infer.hypotest(mu, data, theirs, return_expected_set=True)
        assert float(expected[place]) == pytest.approx(1 - level, rel=2e-4)


def test_the_significance_is_that_of_pyhf(draw: Draw) -> None:
    workspace = draw(61, ("normsys", "staterror"), bins=3)
    workspace["observations"][0]["data"] = [value + 20 for value in workspace["observations"][0]["data"]]
    content = pyhf.Workspace(workspace)
    theirs = content.model()
    config = theirs.config
    q0 = pyhf.infer.test_statistics.q0(
        0.0,
        content.data(theirs),
        theirs,
        config.suggested_init(),
        config.suggested_bounds(),
        config.suggested_fixed(),
    )
    limits = asymptotic_limits(compile_workspace(workspace), 0.95)
    assert limits.significance > 1
    assert limits.significance == pytest.approx(math.sqrt(float(q0)), rel=1e-6)


def counting(observed: float, background: float) -> dict[str, Any]:
    """One bin, one signal event a unit, and a background that is known exactly."""
    samples = [
        {"name": "signal", "data": [1.0], "modifiers": [{"type": "normfactor", "name": "mu", "data": None}]},
        {"name": "background", "data": [background], "modifiers": []},
    ]
    settings = [{"name": "mu", "inits": [1.0], "bounds": [[0.0, 1000.0]]}]
    return {
        "version": "1.0.0",
        "channels": [{"name": "sr", "samples": samples}],
        "observations": [{"name": "sr", "data": [observed]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": settings}}],
    }


def counting_limit(observed: float, background: float, level: float) -> float:
    """The same from the formulas of a counting experiment."""

    def q(n: float, mu: float, best: float) -> float:
        logarithm = n * math.log((mu + background) / (best + background)) if n else 0.0
        return 2 * (mu - best - logarithm)

    def excess(mu: float) -> float:
        data = q(observed, mu, max(observed - background, 0.0))
        asimov = q(background, mu, 0.0)
        root = math.sqrt(asimov)
        distance = math.sqrt(data) if data <= asimov else (data + asimov) / (2 * root)
        return float(norm.sf(distance) / norm.sf(distance - root)) - (1 - level)

    return float(
        brentq(excess, max(observed - background, 0.0) + 1e-6, 10 * (background + observed) + 20, xtol=1e-12)
    )


@pytest.mark.parametrize("level", [0.68, 0.90, 0.95, 0.999])
@pytest.mark.parametrize(
    ("observed", "background"), [(0.0, 0.1), (0.0, 4.0), (7.0, 4.0), (130.0, 100.0), (60.0, 100.0)]
)
def test_a_counting_experiment_follows_its_formula_at_every_level(
    observed: float, background: float, level: float
) -> None:
    limits = asymptotic_limits(compile_workspace(counting(observed, background)), level)
    assert limits.observed == pytest.approx(counting_limit(observed, background, level), rel=1e-6)
    assert limits.best_fit == pytest.approx(max(observed - background, 0.0), abs=1e-4)
    median = counting_limit(background, background, level)
    assert limits.expected[2] == pytest.approx(median, rel=1e-6)


def test_bands_are_in_order_and_on_their_targets(draw: Draw) -> None:
    model = compile_workspace(draw(62, ("both", "staterror")))
    limits = asymptotic_limits(model, 0.9)
    assert list(limits.expected) == sorted(limits.expected)
    on_asimov = analyse(model).on_asimov
    for band, limit in zip(BANDS, limits.expected, strict=True):
        root = on_asimov.root_q(limit)[0]
        assert norm.sf(root - band) / norm.cdf(band) == pytest.approx(0.1, rel=1e-5)


def test_a_likelihood_with_two_minima_is_flagged_and_the_lower_one_taken() -> None:
    """A background that rises both ways, up by 40 % and down by 30 %, under a large excess.

    The profile over the nuisance parameter is taken from a fine scan of the likelihood.
    """
    workspace = counting(150.0, 100.0)
    background = workspace["channels"][0]["samples"][1]
    background["modifiers"].append({"type": "normsys", "name": "rises", "data": {"hi": 1.4, "lo": 1.3}})
    model = compile_workspace(workspace)
    assert [model.names[p] for p in model.nonlinear] == ["rises"]
    analysis = analyse(model)
    assert analysis.several_minima
    scan = np.linspace(-3, 3, 60_001)
    parameters = np.tile(model.start, (scan.size, 1))
    parameters[:, model.index("rises")] = scan
    for mu, found in ((0.0, analysis.background.value), (25.0, None)):
        parameters[:, model.poi] = mu
        events = np.array([expected_events(model.tables, point)[0] for point in parameters])
        profile = events - 150 + 150 * np.log(150 / events) + scan**2 / 2
        value = found if found is not None else analysis.on_data.fit(mu).value
        assert value == pytest.approx(profile.min(), abs=1e-6)
    assert asymptotic_limits(model, 0.95).several_minima


def test_a_parameter_of_interest_that_may_be_negative_is_refused() -> None:
    workspace = counting(3.0, 3.0)
    workspace["measurements"][0]["config"]["parameters"][0]["bounds"] = [[-5.0, 10.0]]
    with pytest.raises(FitError, match=r"'mu' has the lower bound -5"):
        asymptotic_limits(compile_workspace(workspace), 0.95)


def test_a_best_fit_on_the_upper_bound_is_refused() -> None:
    workspace = counting(50.0, 3.0)
    workspace["measurements"][0]["config"]["parameters"][0]["bounds"] = [[0.0, 10.0]]
    with pytest.raises(FitError, match=r"upper bound 10; widen"):
        asymptotic_limits(compile_workspace(workspace), 0.95)


def test_an_empty_signal_is_refused() -> None:
    workspace = counting(3.0, 3.0)
    workspace["channels"][0]["samples"][0]["data"] = [0.0]
    with pytest.raises(FitError, match="do not determine"):
        asymptotic_limits(compile_workspace(workspace), 0.95)


@pytest.mark.parametrize("level", [0.5, 1.0, 95.0])
def test_a_confidence_level_out_of_range_is_refused(level: float) -> None:
    with pytest.raises(FitError, match=r"between 0.5 and 1"):
        asymptotic_limits(compile_workspace(counting(3.0, 3.0)), level)
