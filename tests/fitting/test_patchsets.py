from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pyhf
import pytest
from click.testing import CliRunner

from darkbelle.errors import ConfigurationError
from darkbelle.fitting import limits
from darkbelle.fitting.engines import UpperLimit
from darkbelle.fitting.patchsets import Hypothesis, patched, patchset_of
from darkbelle.jobs.cli import main


def peak(place: int, bins: int = 3) -> dict[str, Any]:
    signal = [1.0] * bins
    signal[place] = 8.0
    samples = [
        {
            "name": "background",
            "data": [20.0] * bins,
            "modifiers": [{"name": "b", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}],
        },
        {
            "name": "signal",
            "data": signal,
            "modifiers": [{"name": "mu", "type": "normfactor", "data": None}],
        },
    ]
    return {
        "version": "1.0.0",
        "channels": [{"name": "sr", "samples": samples}],
        "observations": [{"name": "sr", "data": [22.0, 17.0, 21.0, 25.0][:bins]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    }


def hypotheses() -> list[Hypothesis]:
    """Three on the same bins, and one with another bin."""
    places = [(0, 3), (1, 3), (2, 3), (3, 4)]
    return [Hypothesis(f"mass_{p}", (float(p),), peak(p, bins)) for p, bins in places]


def test_a_patch_set_gives_back_its_workspaces() -> None:
    background, patchset = patchset_of(hypotheses(), ["mass"], "a test")
    assert [item["name"] for item in background["channels"][0]["samples"]] == ["background"]
    assert patched(background, patchset) == {item.name: item.workspace for item in hypotheses()}
    operations = [[step["op"] for step in patch["patch"]] for patch in patchset["patches"]]
    assert operations == [["add"], ["add"], ["add"], ["replace", "replace"]]


def test_pyhf_reads_what_is_written() -> None:
    background, patchset = patchset_of(hypotheses(), ["mass"], "a test")
    read = pyhf.PatchSet(patchset)
    read.verify(background)
    assert pyhf.Workspace(read.apply(background, "mass_2")) == pyhf.Workspace(peak(2))
    assert read[(3.0,)].name == "mass_3"


def test_limits_from_the_command_line_are_those_of_the_workspaces(tmp_path: Path) -> None:
    background, patchset = patchset_of(hypotheses(), ["mass"], "a test")
    paths = tmp_path / "background.json", tmp_path / "patches.json"
    for path, content in zip(paths, (background, patchset), strict=True):
        path.write_text(json.dumps(content))
    arguments = ["limits", "--workspaces", str(paths[0]), "--patchset", str(paths[1]), "--json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    found = {item["name"]: item["observed"] for item in json.loads(result.stdout)}
    for answer in limits({item.name: item.workspace for item in hypotheses()}):
        assert isinstance(answer.outcome, UpperLimit)
        assert found[answer.name] == answer.outcome.observed
    run = CliRunner().invoke(main, ["limits", str(tmp_path), "--patchset", str(paths[1])])
    assert run.exit_code == 2
    two = CliRunner().invoke(main, [*arguments[:3], str(paths[0]), *arguments[3:]])
    assert two.exit_code == 2


def test_a_patch_set_of_another_background_is_refused() -> None:
    background, patchset = patchset_of(hypotheses(), ["mass"], "a test")
    other = copy.deepcopy(background)
    other["observations"][0]["data"][0] += 1
    with pytest.raises(ConfigurationError, match="another background model"):
        patched(other, patchset)
    with pytest.raises(ConfigurationError, match="not as pyhf's schema wants it"):
        patched(background, {"patches": []})
    patchset["patches"][0]["patch"][0]["path"] = "/channels/7/samples/0"
    with pytest.raises(ConfigurationError, match="'mass_0' of the patch set does not fit"):
        patched(background, patchset)
