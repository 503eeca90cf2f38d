from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from darkbelle.fitting.fast.asymptotic import asymptotic_limits
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.report import fit_report, impacts

Draw = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    "kinds", [("both", "staterror"), ("normsys", "shapesys"), ("histosys", "shapefactor")]
)
def test_profiled_and_explicit_bin_parameters_give_the_same(kinds: tuple[str, ...], draw: Draw) -> None:
    workspace = draw(81, kinds)
    profiled, explicit = (compile_workspace(workspace, profiled=flag) for flag in (True, False))
    assert profiled.tables.dense.size < explicit.tables.dense.size == explicit.start.size
    ours, reference = (asymptotic_limits(model, 0.95) for model in (profiled, explicit))
    assert ours.observed == pytest.approx(reference.observed, rel=1e-7)
    assert ours.expected == pytest.approx(reference.expected, rel=1e-7)
    errors = {item.name: item.error for item in fit_report(explicit).parameters}
    for item in fit_report(profiled).parameters:
        assert item.error == pytest.approx(errors[item.name], rel=1e-4)


def measured_twice() -> dict[str, Any]:
    """100 events on a known shape whose normalisation is free, with 100 ± 5 known from elsewhere."""
    signal = {
        "name": "signal",
        "data": [1.0],
        "modifiers": [{"type": "normfactor", "name": "mu", "data": None}],
    }
    modifier = {"type": "histosys", "name": "scale", "data": {"hi_data": [105.0], "lo_data": [95.0]}}
    background = {"name": "background", "data": [100.0], "modifiers": [modifier]}
    settings = [{"name": "mu", "inits": [1.0], "bounds": [[0.0, 100.0]]}]
    return {
        "version": "1.0.0",
        "channels": [{"name": "sr", "samples": [signal, background]}],
        "observations": [{"name": "sr", "data": [120.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": settings}}],
    }


def test_errors_and_impacts_of_one_bin_follow_by_hand() -> None:
    """μ = 120 − 100 ± √(120 + 25), and one standard deviation of the scale is five events."""
    model = compile_workspace(measured_twice())
    report = fit_report(model)
    found = {item.name: item for item in report.parameters}
    assert found["mu"].value == pytest.approx(20.0, abs=1e-4)
    assert found["mu"].error == pytest.approx(np.sqrt(145), rel=1e-6)
    assert np.isnan(found["mu"].pull)
    assert found["scale"].pull == pytest.approx(0.0, abs=1e-5)
    assert found["scale"].constraint == pytest.approx(1.0, rel=1e-6)
    places = [item.name for item in report.parameters]
    assert report.correlation[places.index("mu"), places.index("scale")] == pytest.approx(-5 / np.sqrt(145))
    (impact,) = impacts(model, report)
    assert impact.name == "scale"
    assert impact.up == pytest.approx(-5.0, abs=1e-3)
    assert impact.down == pytest.approx(5.0, abs=1e-3)


def test_impacts_come_largest_first(draw: Draw) -> None:
    model = compile_workspace(draw(82, ("both", "normsys", "histosys")))
    sizes = [max(abs(item.up), abs(item.down)) for item in impacts(model, fit_report(model))]
    assert sizes == sorted(sizes, reverse=True)
