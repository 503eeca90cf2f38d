"""Upper limits a second: the fast engine beside pyhf, on one model of 60 bins and 12 systematics.

::

    pytest benchmarks/test_limits.py -s

pyhf with numpy and SLSQP takes minutes for a limit once gammas are in, so it makes *one*
hypothesis test at the median expected limit, on which both must agree, and the time of its limit is
that, times the number of tests that its search made where it was run to the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

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
HYPOTHESES = 100
HYPOTESTS_OF_A_LIMIT = 47  # of pyhf's toms748_scan from 0 to 5, counted on this model without staterror

Workspace = dict[str, Any]


def mass_point(centre: float, *, staterror: bool, seed: int = 7) -> Workspace:
    """Return a peak at a position from 0 to 1 on two smooth backgrounds, under one set of data."""
    rng = np.random.default_rng(seed)
    x = (np.arange(BINS) + 0.5) / BINS
    backgrounds = {"falling": 200 * np.exp(-2 * x) + 5, "rising": 50 * (1 + x)}
    templates = {"signal": 30 * np.exp(-(((x - centre) / 0.05) ** 2) / 2), **backgrounds}
    observed = rng.poisson(sum(backgrounds.values())).astype(float)
    samples = []
    for name, events in templates.items():
        modifiers: list[dict[str, Any]] = [_systematic(k, events, x, rng) for k in range(SYSTEMATICS)]
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
    (observed, expected), slow = _timed(lambda: _pyhf_test(middle, median))
    factor = 1e3 * slow * HYPOTESTS_OF_A_LIMIT / each
    print(
        f"pyhf: one hypothesis test {slow:.1f} s; scaled to {HYPOTESTS_OF_A_LIMIT} for a limit "
        f"{slow * HYPOTESTS_OF_A_LIMIT:.0f} s, {factor:.0f} times the fast engine"
    )
    ours = hypothesis_test(compile_workspace(middle), median)
    assert ours.expected[2] == pytest.approx(0.05, rel=1e-6)
    assert ours.observed == pytest.approx(observed, rel=1e-3)
    np.testing.assert_allclose(ours.expected, expected, rtol=1e-3)


def _pyhf_test(workspace: Workspace, mu: float) -> tuple[float, list[float]]:
    pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(maxiter=1_000_000))
    content = pyhf.Workspace(workspace)
    model = content.model()
    observed, expected = pyhf.infer.hypotest(mu, content.data(model), model, return_expected_set=True)
    return float(observed), [float(value) for value in expected]


def _timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result and the processor time it took, which neighbours on the machine do not change."""
    start = time.process_time()
    result = function()
    return result, time.process_time() - start
