from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyhf
import pytest

from darkbelle.errors import FitError
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.likelihood import expected_events
from darkbelle.fitting.fast.minimise import DISTANCE, asimov, minimise, problem_of
from darkbelle.fitting.fast.model import NORMAL, POISSON

Draw = Callable[..., dict[str, Any]]
SYSTEMS = (
    ("normsys", "histosys"),
    ("both", "staterror"),
    ("normsys", "shapesys", "lumi"),
    ("histosys", "staterror", "normfactor"),
    ("both", "shapefactor"),
)


@pytest.mark.parametrize(("seed", "kinds"), [*enumerate(SYSTEMS, start=21)])
@pytest.mark.parametrize("scale", [5.0, 200.0])
def test_best_fits_are_those_of_pyhf(seed: int, kinds: tuple[str, ...], scale: float, draw: Draw) -> None:
    workspace = draw(seed, kinds, scale=scale, bins=3)
    content = pyhf.Workspace(workspace)
    theirs = content.model()
    data = content.data(theirs)
    model = compile_workspace(workspace)
    ours = minimise(model, problem_of(model), model.start)
    best, value = pyhf.infer.mle.fit(data, theirs, return_fitted_val=True)
    assert -2 * float(theirs.logpdf(ours.parameters, data)[0]) <= value + 1e-8
    np.testing.assert_allclose(ours.parameters, best, atol=1e-4)
    held = minimise(model, problem_of(model, fixed_poi=True), model.start, 0.8)
    best, value = pyhf.infer.mle.fixed_poi_fit(0.8, data, theirs, return_fitted_val=True)
    assert -2 * float(theirs.logpdf(held.parameters, data)[0]) <= value + 1e-8
    np.testing.assert_allclose(held.parameters, best, atol=1e-4)


def test_the_slope_of_a_profile_is_that_of_its_parameter_of_interest(draw: Draw) -> None:
    model = compile_workspace(draw(31, ("both", "staterror", "shapesys")))
    held = problem_of(model, fixed_poi=True)
    at, step = 0.9, 1e-4
    below, here, above = (minimise(model, held, model.start, mu) for mu in (at - step, at, at + step))
    assert here.slope == pytest.approx((above.value - below.value) / (2 * step), rel=1e-5)


def test_asimov_data_are_fitted_perfectly_where_they_were_made(draw: Draw) -> None:
    model = compile_workspace(draw(32, ("both", "staterror", "shapesys", "lumi")))
    held = problem_of(model, fixed_poi=True)
    background = minimise(model, held, model.start, 0.0)
    made = asimov(model, background.parameters, problem_of(model))
    np.testing.assert_array_equal(made.observed, expected_events(model.tables, background.parameters))
    refitted = minimise(model, made, model.start)
    assert refitted.value == pytest.approx(0.0, abs=DISTANCE)
    np.testing.assert_allclose(refitted.parameters, background.parameters, atol=1e-4)
    kind = model.tables.constraint
    np.testing.assert_array_equal(made.auxiliary[kind == NORMAL], background.parameters[kind == NORMAL])
    np.testing.assert_allclose(
        made.auxiliary[kind == POISSON],
        (background.parameters * model.tables.width)[kind == POISSON],
    )


def one_bin(observed: float, background: float, modifiers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "version": "1.0.0",
        "channels": [
            {
                "name": "sr",
                "samples": [
                    {
                        "name": "signal",
                        "data": [1.0, 1.0],
                        "modifiers": [{"type": "normfactor", "name": "mu", "data": None}],
                    },
                    {"name": "background", "data": [background, 5.0], "modifiers": modifiers},
                ],
            }
        ],
        "observations": [{"name": "sr", "data": [observed, 5.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    }


def test_a_fit_that_cannot_converge_says_so() -> None:
    """Three events where none are expected without signal: the likelihood is nil at μ = 0."""
    model = compile_workspace(one_bin(3.0, 0.0, []))
    with pytest.raises(FitError, match=r"'mu' fixed to 0 did not converge.*--engine pyhf"):
        minimise(model, problem_of(model, fixed_poi=True), model.start, 0.0)


def test_a_minimum_at_negative_events_is_refused_by_name() -> None:
    """A shift of ten times the nominal, in an empty bin, is extrapolated below zero."""
    shift = {"type": "histosys", "name": "steep", "data": {"hi_data": [11.0, 5.0], "lo_data": [-9.0, 5.0]}}
    model = compile_workspace(one_bin(0.0, 1.0, [shift]))
    with pytest.raises(FitError, match=r"bin 0 of channel 'sr' expects -.* events"):
        minimise(model, problem_of(model, fixed_poi=True), model.start, 0.0)


def test_a_minimum_on_the_kink_of_code_0_is_found() -> None:
    """±1 and ±4 events by one parameter: near 20 events it stays at 0, at 30 it goes up.

    With n events over b + α u the slope at 0 is u(1 − n/b), so 0 is the minimum if n/b is 1; from a start
    on either side.
    """
    steep = {"hi_data": [24.0, 5.0], "lo_data": [16.0, 5.0]}
    flat = {"hi_data": [21.0, 5.0], "lo_data": [16.0, 5.0]}
    for data, observed, expected in ((flat, 20.0, 0.0), (steep, 30.0, None), (flat, 10.0, None)):
        workspace = one_bin(observed, 20.0, [{"type": "histosys", "name": "bent", "data": data}])
        model = compile_workspace(workspace, histosys="code0")
        bent = model.index("bent")
        scan = np.linspace(-4, 4, 800_001)
        up, down = data["hi_data"][0] - 20, 20 - data["lo_data"][0]
        events = 20 + scan * np.where(scan > 0, up, down)
        profile = events - observed * np.log(events) + scan**2 / 2
        for begin in (-2.0, 0.0, 1.5):
            start = model.start.copy()
            start[bent] = begin
            fit = minimise(model, problem_of(model, fixed_poi=True), start, 0.0)
            assert fit.parameters[bent] == pytest.approx(scan[np.argmin(profile)], abs=2e-5)
            if expected is not None:
                assert fit.parameters[bent] == pytest.approx(expected, abs=1e-12)


def test_a_minimum_held_by_a_kink_needs_no_zero_slope() -> None:
    """Slopes at 0: above 1·(1 − 22/20) + 4·(1 − 4/5) = 0.7, below 4·(1 − 22/20) + 0.5·(1 − 4/5) = −0.3."""
    data = {"hi_data": [21.0, 9.0], "lo_data": [16.0, 4.5]}
    workspace = one_bin(22.0, 20.0, [{"type": "histosys", "name": "bent", "data": data}])
    workspace["observations"][0]["data"] = [22.0, 4.0]
    model = compile_workspace(workspace, histosys="code0")
    bent = model.index("bent")
    for begin in (-0.8, 0.0, 0.8):
        start = model.start.copy()
        start[bent] = begin
        fit = minimise(model, problem_of(model, fixed_poi=True), start, 0.0)
        assert fit.parameters[bent] == pytest.approx(0.0, abs=1e-12)


def test_a_parameter_ends_on_its_bound_and_not_beyond() -> None:
    """Eight events over five want the factor 1.6 and may have 1.2."""
    workspace = one_bin(8.0, 5.0, [{"type": "normfactor", "name": "scale", "data": None}])
    workspace["observations"][0]["data"] = [8.0, 8.0]
    workspace["measurements"][0]["config"]["parameters"] = [
        {"name": "scale", "inits": [1.0], "bounds": [[0.5, 1.2]]}
    ]
    model = compile_workspace(workspace)
    fit = minimise(model, problem_of(model, fixed_poi=True), model.start, 0.0)
    assert fit.parameters[model.index("scale")] == 1.2
    free = minimise(model, problem_of(model), model.start)
    assert free.parameters[model.poi] == pytest.approx(2.0, abs=1e-4)
