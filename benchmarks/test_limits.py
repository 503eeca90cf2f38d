"""Upper limits a second: the fast engine beside pyhf, on one model of 60 bins and 12 systematics.

::

    python -m pytest benchmarks/test_limits.py -s

A thousand hypotheses by the fast engine, one of them by the peers. pyhf's backend jax is timed where it is
installed. How the engine scales with bins, parameters and hypotheses, and what memory it takes, is measured
by ``python -m benchmarks.scaling``. pyhf with numpy and SLSQP takes minutes for a limit once gammas are in,
so it makes *one* hypothesis test at the median expected limit, on which both must agree, and the time of its
limit is that, times the number of tests that its search made where it was run to the end.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import cabinetry
import numpy as np
import pyhf
import pytest
from numpy.typing import NDArray

from darkbelle.fitting.engines.base import UpperLimit
from darkbelle.fitting.engines.fast_engine import upper_limits
from darkbelle.fitting.fast.asymptotic import hypothesis_test
from darkbelle.fitting.fast.compile import compile_workspace

BINS = 60
SYSTEMATICS = 12
HYPOTHESES = 1000
HYPOTESTS_OF_A_LIMIT = 47  # of pyhf's toms748_scan from 0 to 5, counted on this model without staterror

Workspace = dict[str, Any]


def mass_point(
    centre: float, *, staterror: bool, bins: int = BINS, systematics: int = SYSTEMATICS, seed: int = 7
) -> Workspace:
    """Return a peak at a position from 0 to 1 on two smooth backgrounds, under one set of data."""
    rng = np.random.default_rng(seed)
    x = (np.arange(bins) + 0.5) / bins
    backgrounds = {"falling": 200 * np.exp(-2 * x) + 5, "rising": 50 * (1 + x)}
    templates = {"signal": 30 * np.exp(-(((x - centre) / 0.05) ** 2) / 2), **backgrounds}
    observed = rng.poisson(sum(backgrounds.values())).astype(float)
    samples = []
    for name, events in templates.items():
        modifiers: list[dict[str, Any]] = [_systematic(k, events, x, rng) for k in range(systematics)]
        if name == "signal":
            modifiers.append({"type": "normfactor", "name": "mu", "data": None})
        elif staterror:
            modifiers.append({"type": "staterror", "name": "stat", "data": (0.5 * np.sqrt(events)).tolist()})
        samples.append({"name": name, "data": events.tolist(), "modifiers": modifiers})
    return {
        "version": "1.0.0",
        "channels": [{"name": "sr", "samples": samples}],
        "observations": [{"name": "sr", "data": observed.tolist()}],
        "measurements": [{"name": "scan", "config": {"poi": "mu", "parameters": []}}],
    }


def _systematic(
    k: int, events: NDArray[np.float64], x: NDArray[np.float64], rng: np.random.Generator
) -> dict[str, Any]:
    """Return one of six normalisations and six tilts, of a few percent, not quite symmetric."""
    size = 0.05 * rng.uniform(0.3, 1)
    if k % 2:
        return {"type": "normsys", "name": f"norm_{k}", "data": {"hi": 1 + size, "lo": 1 - 0.9 * size}}
    tilt = events * size * np.cos((k / 2 + 1) * np.pi * x)
    data = {"hi_data": (events + tilt).tolist(), "lo_data": (events - 0.8 * tilt).tolist()}
    return {"type": "histosys", "name": f"tilt_{k}", "data": data}


@pytest.mark.parametrize("staterror", [False, True], ids=["13 parameters", "73 parameters"])
def test_limits_a_second(staterror: bool) -> None:
    scan = [mass_point(centre, staterror=staterror) for centre in np.linspace(0.1, 0.9, HYPOTHESES)]
    upper_limits(scan[:1], 0.95)  # compiles the kernels, or loads them
    outcomes, seconds = _timed(lambda: upper_limits(scan, 0.95))
    assert all(isinstance(outcome, UpperLimit) for outcome in outcomes)
    fits = sum(outcome.evaluations for outcome in outcomes) / HYPOTHESES
    each = 1e3 * seconds / HYPOTHESES
    print(f"\nfast: {1e3 / each:.0f} limits/s, {each:.2f} ms and {fits:.0f} fits each")

    middle = scan[HYPOTHESES // 2]
    median = outcomes[HYPOTHESES // 2].expected[2]
    ours = hypothesis_test(compile_workspace(middle), median)
    assert ours.expected[2] == pytest.approx(0.05, rel=1e-6)
    peers = {"numpy, scipy": ("numpy", pyhf.optimize.scipy_optimizer(maxiter=1_000_000))}
    if not staterror:  # with gammas Minuit's numerical derivatives take many minutes
        peers["numpy, minuit"] = ("numpy", pyhf.optimize.minuit_optimizer(tolerance=1e-3, maxiter=1_000_000))
    if importlib.util.find_spec("jax"):
        peers["jax, scipy"] = ("jax", pyhf.optimize.scipy_optimizer(maxiter=1_000_000))
    for name, backend in peers.items():
        (observed, expected), slow = _timed(partial(_pyhf_test, middle, median, backend))
        factor = 1e3 * slow * HYPOTESTS_OF_A_LIMIT / each
        print(
            f"pyhf ({name}): one hypothesis test {slow:.1f} s; scaled to {HYPOTESTS_OF_A_LIMIT} for a limit "
            f"{slow * HYPOTESTS_OF_A_LIMIT:.0f} s, {factor:.0f} times the fast engine"
        )
        assert ours.observed == pytest.approx(observed, rel=1e-3)  # CLs
        np.testing.assert_allclose(ours.expected, expected, rtol=1e-3)


def test_a_limit_of_cabinetry() -> None:
    workspace = mass_point(0.5, staterror=False)
    upper_limits([workspace], 0.95)  # compiles the kernels, or loads them
    ours, seconds = _timed(lambda: upper_limits([workspace], 0.95)[0])
    pyhf.set_backend("numpy", "minuit")
    model, data = cabinetry.model_utils.model_and_data(workspace)
    # its default tolerance of 0.01 is absolute, on CLs
    theirs, slow = _timed(lambda: cabinetry.fit.limit(model, data, tolerance=1e-4))
    pyhf.set_backend("numpy")
    print(f"\ncabinetry: {slow:.0f} s a limit, {slow / seconds:.0f} times the fast engine on this point")
    assert theirs.observed_limit == pytest.approx(ours.observed, rel=5e-3)
    np.testing.assert_allclose(theirs.expected_limit, ours.expected, rtol=5e-3)


def _pyhf_test(workspace: Workspace, mu: float, backend: tuple[str, Any]) -> tuple[float, list[float]]:
    pyhf.set_backend(*backend)
    content = pyhf.Workspace(workspace)
    model = content.model()
    observed, expected = pyhf.infer.hypotest(mu, content.data(model), model, return_expected_set=True)
    pyhf.set_backend("numpy")
    return float(observed), [float(value) for value in expected]


def _timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result and the processor time it took, which neighbours on the machine do not change."""
    start = time.process_time()
    result = function()
    return result, time.process_time() - start
