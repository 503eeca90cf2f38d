from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyhf
import pytest

from darkbelle.fitting import build_workspaces
from darkbelle.fitting.patchsets import patched
from darkbelle.fitting.run_workspaces import INDEX
from darkbelle.fitting.templates import FitInputs, MassTemplates, fit_inputs, mass_templates
from darkbelle.runfolder import RunResult


@pytest.fixture(scope="module")
def paths(toy_run: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return build_workspaces(toy_run, tmp_path_factory.mktemp("workspaces"))


@pytest.fixture(scope="module")
def inputs(toy_result: RunResult) -> FitInputs:
    return fit_inputs(toy_result)


@pytest.fixture(scope="module")
def templates(inputs: FitInputs) -> MassTemplates:
    return mass_templates(inputs, 4.0)


@pytest.fixture(scope="module")
def content(paths: list[Path]) -> dict[str, Any]:
    return dict(json.loads(paths[1].read_text()))


def test_there_is_one_workspace_a_mass_that_pyhf_accepts(paths: list[Path]) -> None:
    assert [path.name for path in paths] == ["mass_01.0000.json", "mass_04.0000.json", "mass_07.0000.json"]
    for path in paths:
        pyhf.Workspace(json.loads(path.read_text()))


def test_the_model_is_background_plus_signal_for_each_femtobarn(
    content: dict[str, Any], templates: MassTemplates
) -> None:
    model = pyhf.Workspace(content).model()
    parameters = np.array(model.config.suggested_init())
    background = sum(item.values for item in templates.backgrounds.values())
    for cross_section in (0.0, 1.0, 2.5):
        parameters[model.config.poi_index] = cross_section
        expected = model.expected_actualdata(parameters)
        np.testing.assert_allclose(expected, background + cross_section * templates.signal.values, rtol=1e-12)


def test_the_observation_is_the_pseudo_data(content: dict[str, Any], templates: MassTemplates) -> None:
    np.testing.assert_array_equal(content["observations"][0]["data"], templates.observed)


def test_backgrounds_share_their_statistical_uncertainty(
    content: dict[str, Any], templates: MassTemplates
) -> None:
    model = pyhf.Workspace(content).model()
    values = sum(item.values for item in templates.backgrounds.values())
    variances = sum(item.variances for item in templates.backgrounds.values())
    widths = model.config.param_set("staterror_sr").sigmas
    np.testing.assert_allclose(widths, np.sqrt(variances) / values, rtol=1e-9)


def modifiers(content: dict[str, Any], sample: str) -> dict[tuple[str, str], Any]:
    samples = {item["name"]: item for item in content["channels"][0]["samples"]}
    return {(item["type"], item["name"]): item["data"] for item in samples[sample]["modifiers"]}


def test_normalisations_are_those_that_the_channel_declares(content: dict[str, Any]) -> None:
    assert modifiers(content, "mumu")["normsys", "mumu_yield"] == {"hi": 1.15, "lo": 0.85}
    assert modifiers(content, "zprime")["normsys", "trigger"] == {"hi": 1.02, "lo": 0.98}
    assert ("normsys", "mumu_yield") not in modifiers(content, "tautau")
    assert ("normsys", "photon_veto") not in modifiers(content, "tautau")


def test_the_shift_is_kept_in_norm_and_shape(content: dict[str, Any], templates: MassTemplates) -> None:
    mumu = modifiers(content, "mumu")
    norm, shape = mumu["normsys", "recoil_resolution"], mumu["histosys", "recoil_resolution"]
    up, down = templates.backgrounds["mumu"].shifts["recoil_resolution"]
    np.testing.assert_allclose(np.array(shape["hi_data"]) * norm["hi"], up)
    np.testing.assert_allclose(np.array(shape["lo_data"]) * norm["lo"], down)


def test_the_signal_has_its_own_statistical_uncertainty(content: dict[str, Any]) -> None:
    signal = modifiers(content, "zprime")
    # 8 000 events passed, nearly all in the window
    assert signal["normsys", "signal_statistics"]["hi"] == pytest.approx(1 + 1 / np.sqrt(8000), abs=1e-4)
    assert not [kind for kind, _ in signal if kind == "staterror"]


def test_workspaces_are_the_same_bytes_twice(toy_run: Path, paths: list[Path], tmp_path: Path) -> None:
    again = build_workspaces(toy_run, tmp_path, [4.0])
    assert again[0].read_bytes() == paths[1].read_bytes()


def test_the_index_says_what_is_in_the_bins(paths: list[Path], templates: MassTemplates) -> None:
    index = json.loads((paths[0].parent / INDEX).read_text())
    point = index["points"][1]
    assert (index["poi"], index["data"], index["seed"]) == ("cross_section_fb", "pseudo", 1)
    assert (point["mass"], point["file"]) == (4.0, "mass_04.0000.json")
    assert [tuple(cell) for cell in point["cells"]] == list(templates.binning.cells)


def test_one_background_and_a_patch_set_hold_the_same_workspaces(toy_run: Path, tmp_path: Path) -> None:
    paths = build_workspaces(toy_run, tmp_path / "patchset", form="patchset")
    assert [path.name for path in paths] == ["background.json", "patchset.json"]
    single = build_workspaces(toy_run, tmp_path / "pyhf")
    expected = [json.loads(path.read_text()) for path in single]
    assert list(patched(*paths).values()) == expected
    index = json.loads((tmp_path / "patchset" / "index.json").read_text())
    assert {point["file"] for point in index["points"]} == {"patchset.json"}


def test_hs3_holds_the_same_bins(toy_run: Path, tmp_path: Path) -> None:
    (hs3,) = build_workspaces(toy_run, tmp_path / "hs3", (4.0,), form="hs3")
    (plain,) = build_workspaces(toy_run, tmp_path / "pyhf", (4.0,))
    written, expected = (json.loads(path.read_text()) for path in (hs3, plain))
    assert written["data"][0]["contents"] == expected["observations"][0]["data"]
    assert written["analyses"][0]["parameters_of_interest"] == ["cross_section_fb"]
