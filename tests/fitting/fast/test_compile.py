from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pyhf
import pytest

from darkbelle.errors import FitError
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.likelihood import expected_events

Workspace = dict[str, Any]
Draw = Callable[..., Workspace]
KINDS = ("normsys", "histosys", "both", "staterror", "shapesys", "shapefactor", "lumi", "normfactor")


def point(model: Any, seed: int) -> Any:
    """Parameters somewhere inside their bounds, beyond one standard deviation for some."""
    rng = np.random.default_rng(seed)
    return np.clip(model.start + rng.normal(0, 1.2, model.start.size), model.lower + 0.01, model.upper)


@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), KINDS], ids=[*KINDS, "all"])
def test_parameters_and_expected_events_are_those_of_pyhf(kinds: tuple[str, ...], draw: Draw) -> None:
    workspace = draw(1, kinds, size=0.3)
    theirs = pyhf.Workspace(workspace).model()
    model = compile_workspace(workspace)
    assert list(model.names) == theirs.config.par_names
    assert model.poi == theirs.config.poi_index
    np.testing.assert_array_equal(model.start, theirs.config.suggested_init())
    np.testing.assert_array_equal(np.stack([model.lower, model.upper], -1), theirs.config.suggested_bounds())
    np.testing.assert_array_equal(model.fixed, theirs.config.suggested_fixed())
    for seed in range(5):
        parameters = point(model, seed)
        np.testing.assert_allclose(
            expected_events(model.tables, parameters), theirs.expected_actualdata(parameters), rtol=1e-12
        )


def test_codes_1_and_0_are_those_of_pyhf(draw: Draw) -> None:
    workspace = draw(2, ("normsys", "histosys"))
    settings = {"normsys": {"interpcode": "code1"}, "histosys": {"interpcode": "code0"}}
    theirs = pyhf.Workspace(workspace).model(modifier_settings=settings)
    model = compile_workspace(workspace, normsys="code1", histosys="code0")
    for seed in range(5):
        parameters = point(model, seed)
        np.testing.assert_allclose(
            expected_events(model.tables, parameters), theirs.expected_actualdata(parameters), rtol=1e-12
        )


def test_a_shapefactor_in_two_channels_ties_their_bins(draw: Draw) -> None:
    workspace = draw(3, ())
    for channel in workspace["channels"]:
        channel["samples"][1]["data"] = channel["samples"][1]["data"][:3]
        channel["samples"][1]["modifiers"].append({"type": "shapefactor", "name": "tied", "data": None})
        for sample in channel["samples"]:
            sample["data"] = sample["data"][:3]
    workspace["observations"][0]["data"] = workspace["observations"][0]["data"][:3]
    theirs = pyhf.Workspace(workspace).model()
    model = compile_workspace(workspace)
    assert model.tables.dense.size == 4
    parameters = point(model, 0)
    np.testing.assert_allclose(
        expected_events(model.tables, parameters), theirs.expected_actualdata(parameters), rtol=1e-12
    )


def test_settings_of_the_measurement_are_taken(draw: Draw) -> None:
    workspace = draw(4, ("normsys", "staterror", "shapesys"))
    workspace["measurements"][0]["config"]["parameters"] = [
        {"name": "common_norm", "fixed": True, "inits": [0.7]},
        {"name": "mu", "bounds": [[0.0, 30.0]], "inits": [2.0]},
        {"name": "stat_sr", "sigmas": [0.1, 0.2, 0.3, 0.4]},
        {"name": "uncorrelated_cr", "auxdata": [90.0, 100.0, 110.0], "factors": [80.0, 81.0, 82.0]},
    ]
    theirs = pyhf.Workspace(workspace).model().config
    model = compile_workspace(workspace)
    np.testing.assert_array_equal(model.start, theirs.suggested_init())
    np.testing.assert_array_equal(model.upper, [pair[1] for pair in theirs.suggested_bounds()])
    np.testing.assert_array_equal(model.fixed, theirs.suggested_fixed())
    for name in theirs.auxdata_order:
        parameters = theirs.param_set(name)
        width = parameters.width() if parameters.pdf_type == "normal" else parameters.factors
        np.testing.assert_allclose(model.tables.width[theirs.par_slice(name)], width, rtol=1e-14)
        np.testing.assert_allclose(model.auxiliary[theirs.par_slice(name)], parameters.auxdata, rtol=1e-14)


def test_empty_bins_have_fixed_gammas_as_in_pyhf(draw: Draw) -> None:
    workspace = draw(5, ("staterror", "shapesys"))
    for sample in workspace["channels"][0]["samples"]:
        sample["data"][1] = 0.0
        for modifier in sample["modifiers"]:
            if modifier["type"] in {"staterror", "shapesys"}:
                modifier["data"][1] = 0.0
    theirs = pyhf.Workspace(workspace).model()
    model = compile_workspace(workspace)
    assert model.fixed.sum() == 2
    np.testing.assert_array_equal(model.fixed, theirs.config.suggested_fixed())


def test_staterrors_are_no_dimension_of_the_fit(draw: Draw) -> None:
    model = compile_workspace(draw(6, ("staterror", "normsys")))
    assert [model.names[p] for p in model.tables.dense] == [
        "mu",
        "common_norm",
        "norm_first",
        "norm_second",
        "norm_signal",
    ]


def broken(workspace: Workspace, change: Callable[[Workspace], object]) -> Workspace:
    result = copy.deepcopy(workspace)
    change(result)
    return result


def signal(workspace: Workspace) -> dict[str, Any]:
    """The signal region's signal, which is the first sample of the first channel."""
    sample: dict[str, Any] = workspace["channels"][0]["samples"][0]
    return sample


def settings(workspace: Workspace) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workspace["measurements"][0]["config"]["parameters"]
    return found


REFUSALS: dict[str, tuple[Callable[[Workspace], object], str]] = {
    "unknown modifier": (
        lambda w: signal(w)["modifiers"].append({"type": "purefunc", "name": "odd", "data": "x"}),
        "sample 'signal' in channel 'sr' has a modifier 'odd' of type 'purefunc'.*--engine pyhf",
    ),
    "normsys to zero": (
        lambda w: signal(w)["modifiers"].append(
            {"type": "normsys", "name": "gone", "data": {"hi": 1.1, "lo": 0.0}}
        ),
        "normsys 'gone' of sample 'signal' in channel 'sr' has hi = 1.1 and lo = 0.0",
    ),
    "bins": (lambda w: signal(w)["data"].append(1.0), "data of sample 'signal' in channel 'sr' has 5 bins|4"),
    "nan": (
        lambda w: signal(w).update(data=[1.0, np.nan, 1.0, 1.0]),
        "data of sample 'signal' .* not finite",
    ),
    "observations": (lambda w: w["observations"].pop(), "channel 'cr' has 3 bins and 0 observations"),
    "negative data": (
        lambda w: w["observations"][0].update(data=[1.0, -2.0, 1.0, 1.0]),
        "bin 1 of channel 'sr' was observed with -2.0 events",
    ),
    "poi": (
        lambda w: w["measurements"][0]["config"].update(poi="nothing"),
        "parameter of interest 'nothing'",
    ),
    "two measurements": (
        lambda w: w["measurements"].append({"name": "other", "config": {}}),
        "measurements measurement, other",
    ),
    "lumi without settings": (
        lambda w: signal(w)["modifiers"].append({"type": "lumi", "name": "lumi", "data": None}),
        "'lumi' has no finite inits, bounds, auxdata or sigmas",
    ),
    "setting of another kind": (
        lambda w: settings(w).append({"name": "mu", "sigmas": [1.0]}),
        "sets 'sigmas' of parameter 'mu'",
    ),
    "setting of another length": (
        lambda w: settings(w).append({"name": "mu", "inits": [1.0, 2.0]}),
        "gives 2 inits for parameter 'mu', expected 1",
    ),
    "one name, two kinds": (
        lambda w: signal(w)["modifiers"].append(
            {"type": "normsys", "name": "mu", "data": {"hi": 1.1, "lo": 0.9}}
        ),
        "normsys 'mu' of sample 'signal' in channel 'sr' has the name of a modifier of another kind",
    ),
    "shapesys twice": (
        lambda w: [
            sample["modifiers"].append({"type": "shapesys", "name": "twin", "data": [1.0] * 4})
            for sample in w["channels"][0]["samples"][:2]
        ],
        "shapesys 'twin' of sample 'signal' in channel 'sr' stands elsewhere too",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_not_known_is_refused_by_name(case: str, draw: Draw) -> None:
    change, message = REFUSALS[case]
    with pytest.raises(FitError, match=message):
        compile_workspace(broken(draw(7, ("normsys",)), change))
