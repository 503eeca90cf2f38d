"""The notebooks run from top to bottom, as a reader would run them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

MASSES = {  # that the notebook sets limits at, GeV, for each final state
    "zprime_invisible": [0.5, 1.0, 8.0, 8.5],
    "tau_to_lalpha": 2 * [0.0, 0.5, 0.9, 1.2, 1.6],
}
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
    CHECKS[source.stem](tmp_path / "made" / "run")


def limits_are_there(run: Path) -> None:
    found = json.loads((run / "limits.json").read_text())
    points = found["points"]
    assert [point["mass"] for point in points] == MASSES[found["channel"]]
    assert all(0 < point["observed"] < math.inf for point in points)


def scale_is_found(run: Path) -> None:
    found = json.loads((run / "fit.json").read_text())
    # the detector's times -2.5, averaged over tracks: 4e-4 and some more in the forward direction
    assert found["mean_bias"] == pytest.approx(12.5e-4, abs=4 * found["mean_bias_error"] + 2.5e-4)


def mass_is_found(run: Path) -> None:
    found = json.loads((run / "fit.json").read_text())
    error = math.hypot(found["stat"], found["systematics"]["estimator_bias"])
    assert found["value"] == pytest.approx(1776.93, abs=4 * error)


def energy_is_found(run: Path) -> None:
    found = json.loads((run / "fit.json").read_text())
    bias = found["systematics"]["estimator_bias"]
    assert found["value"] == pytest.approx(10579.6, abs=5 * math.hypot(found["stat"], bias))


CHECKS = {
    "zprime_invisible": limits_are_there,
    "tau_to_lalpha": limits_are_there,
    "momentum_scale": scale_is_found,
    "tau_mass": mass_is_found,
    "beam_energy": energy_is_found,
}
