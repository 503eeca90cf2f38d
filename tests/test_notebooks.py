"""The notebooks run from top to bottom, as a reader would run them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKBELLE_NOTEBOOK_FOLDER", str(tmp_path / "made"))
    notebook = tmp_path / f"{source.stem}.ipynb"
    jupytext.write(jupytext.read(source), notebook)
    command = [sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=600", "-q", str(notebook)]
    command += ["-p", "no:cacheprovider", "-W", "default"]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    points = json.loads((tmp_path / "made" / "run" / "limits.json").read_text())["points"]
    assert [point["mass"] for point in points] == [0.5, 1.0, 8.0, 8.5]
    assert all(0 < point["observed"] < math.inf for point in points)
