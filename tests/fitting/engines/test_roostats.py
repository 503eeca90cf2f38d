"""RooStats by the `root` wheel, where an interpreter that has it is named in DARKBELLE_ROOT_PYTHON."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyhf
import pytest
from click.testing import CliRunner

from darkbelle.errors import ConfigurationError
from darkbelle.fitting import compute_limits
from darkbelle.fitting.engines import Failure, UpperLimit, load_engine, roostats_engine
from darkbelle.fitting.engines.roostats import SCRIPT
from darkbelle.fitting.hs3 import hs3_of
from darkbelle.fitting.validation.testset import KINDS, Shape, cases, draw
from darkbelle.jobs.cli import main


@pytest.fixture(scope="module")
def root_python() -> Path:
    named = os.environ.get("DARKBELLE_ROOT_PYTHON")
    if named is None and importlib.util.find_spec("ROOT") is None:
        pytest.skip("ROOT is neither here nor in an interpreter named by DARKBELLE_ROOT_PYTHON")
    return Path(named or sys.executable)


@pytest.mark.parametrize("name", ["textbook-correlated", "textbook-control"])
def test_roostats_finds_the_limits_of_the_fast_engine(name: str, root_python: Path) -> None:
    (workspace,) = [case.workspace for case in cases() if case.name == name]
    (ours,) = load_engine("fast")([workspace], 0.9)
    (theirs,) = roostats_engine(root_python)([workspace], 0.9)
    assert isinstance(ours, UpperLimit)
    assert isinstance(theirs, UpperLimit), theirs
    assert theirs.observed == pytest.approx(ours.observed, rel=2e-3)
    assert theirs.expected == pytest.approx(ours.expected, rel=2e-3)
    assert theirs.observed != ours.observed


READER = """
import json, os, sys
import ROOT
ROOT.RooMsgService.instance().setGlobalKillBelow(ROOT.RooFit.FATAL)
sys.path.insert(0, sys.argv[1])
from roostats_script import combined_data
workspace = ROOT.RooWorkspace("w")
ROOT.RooJSONFactoryWSTool(workspace).importJSON(sys.argv[2])
pdf = workspace.obj("analysis").GetPdf()
nll = pdf.createNLL(combined_data(workspace, pdf))
values = []
for point in json.load(open(sys.argv[3])):
    for name, value in point.items():
        workspace.var(name).setVal(value)
    values.append(nll.getVal())
json.dump(values, open(sys.argv[4], "w"))
os._exit(0)
"""


def test_roofit_reads_hs3_as_the_same_likelihood(root_python: Path, tmp_path: Path) -> None:
    workspace = draw(5, Shape(kinds=KINDS, bins=3))
    content = pyhf.Workspace(workspace)
    model = content.model()
    rng = np.random.default_rng(1)
    begin, fixed = np.array(model.config.suggested_init()), np.array(model.config.suggested_fixed())
    points = [begin + np.where(fixed, 0, rng.uniform(-0.3, 0.3, begin.size)) for _ in range(4)]
    names = [name.replace("[", "_").replace("]", "") for name in model.config.par_names]
    files = [tmp_path / name for name in ("reader.py", "hs3.json", "points.json", "values.json")]
    files[0].write_text(READER)
    files[1].write_text(json.dumps(hs3_of(workspace)))
    files[2].write_text(json.dumps([dict(zip(names, point.tolist(), strict=True)) for point in points]))
    subprocess.run([root_python, files[0], SCRIPT.parent, *files[1:]], check=True, capture_output=True)
    theirs = np.array(json.loads(files[3].read_text()))
    ours = np.array([-float(model.logpdf(point, content.data(model))[0]) for point in points])
    np.testing.assert_allclose(np.diff(theirs), np.diff(ours), atol=1e-8)


def test_a_run_is_checked_with_roostats(toy_run: Path, root_python: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(toy_run, run)
    compute_limits(run, engine="fast", masses=(4.0,))
    arguments = ["crosscheck", str(run), "--with", "roostats", "--root-python", str(root_python), "--json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["reference"] == "roostats"
    assert [item["verdict"] for item in found["comparisons"]] == ["agrees"]


def test_a_python_without_root_is_said(tmp_path: Path) -> None:
    workspace = cases()[0].workspace
    (nowhere,) = roostats_engine(tmp_path / "python")([workspace], 0.95)
    assert isinstance(nowhere, Failure)
    assert "cannot be started" in nowhere.reason


@pytest.mark.skipif(importlib.util.find_spec("ROOT") is not None, reason="this Python has ROOT")
def test_without_root_the_option_is_named() -> None:
    with pytest.raises(ConfigurationError, match="--root-python"):
        roostats_engine()
