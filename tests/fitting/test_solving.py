from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from darkbelle.errors import ConfigurationError, FitError
from darkbelle.fitting import limits
from darkbelle.fitting.engines import Failure, UpperLimit


def counting(background: float, observed: float) -> dict[str, Any]:
    signal = {"name": "s", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    highest = {"name": "mu", "bounds": [[0.0, 1e5]]}
    return {
        "version": "1.0.0",
        "channels": [
            {"name": "sr", "samples": [signal, {"name": "b", "data": [background], "modifiers": []}]}
        ],
        "observations": [{"name": "sr", "data": [observed]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": [highest]}}],
    }


@pytest.mark.parametrize("level", [0.90, 0.95])
def test_a_plain_workspace_has_the_gaussian_limit_at_the_level_asked_for(level: float) -> None:
    (answer,) = limits([counting(1e6, 1e6)], confidence_level=level)
    assert isinstance(answer.outcome, UpperLimit)
    assert answer.outcome.expected[2] == pytest.approx(1000 * norm.isf((1 - level) / 2), rel=2e-3)


def test_dictionaries_files_and_engines_agree(tmp_path: Path) -> None:
    workspace = counting(40, 47)
    path = tmp_path / "one.json"
    path.write_text(json.dumps(workspace))
    (from_file,) = limits([path])
    from_memory, by_pyhf = limits({"first": workspace}), limits({"first": workspace}, engine="pyhf")
    assert (from_file.name, from_memory[0].name) == (str(path), "first")
    assert from_file.outcome == from_memory[0].outcome
    assert isinstance(from_file.outcome, UpperLimit)
    assert isinstance(by_pyhf[0].outcome, UpperLimit)
    assert from_file.outcome.observed == pytest.approx(by_pyhf[0].outcome.observed, rel=1e-4)


def test_what_has_errors_is_not_fitted_and_does_not_stop_the_others() -> None:
    broken = counting(40, 47)
    broken["channels"][0]["samples"][1]["data"] = [float("nan")]
    answers = limits([counting(40, 47), broken, counting(0.5, 0)])
    assert [answer.name for answer in answers] == ["0", "1", "2"]
    assert isinstance(answers[1].outcome, Failure)
    assert answers[1].outcome.reason.startswith("sr/b is nan in bin 0")
    assert [item.kind for item in answers[2].findings] == ["few events"]
    assert json.loads(json.dumps(answers[1].as_json()))["failed"] == answers[1].outcome.reason
    solved = json.loads(json.dumps(answers[2].as_json()))
    assert np.all(np.diff(solved["expected"]) >= 0)


def test_workspaces_are_left_as_they_are() -> None:
    workspace = counting(40, 47)
    before = copy.deepcopy(workspace)
    limits([workspace])
    assert workspace == before


def test_wrong_input_is_said(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    with pytest.raises(ConfigurationError, match=r"list\.json cannot be read"):
        limits([path])
    path.write_text("[]")
    with pytest.raises(ConfigurationError, match="holds a list, expected a pyhf workspace"):
        limits([path])
    path.write_text(json.dumps(counting(40, 47)))
    with pytest.raises(ConfigurationError, match="given twice"):
        limits([path, path])
    with pytest.raises(FitError, match=r"between 0\.5 and 1, got 95"):
        limits([path], confidence_level=95)
