"""The commands for studies, on a toy run and on workspaces in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.fitting.conftest import TOYS, dataset_result, toy_output, write_run
from tests.jobs.test_toys import workspace

from darkbelle.channels import load_channel
from darkbelle.jobs.cli import main
from darkbelle.runfolder import RunResult


def darkbelle(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(workspace()))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy run of the tests of fits."""
    channel = load_channel("zprime_invisible")
    datasets = {
        name: dataset_result(toy, toy_output(toy, channel, seed))
        for seed, (name, toy) in enumerate(TOYS.items(), start=11)
    }
    result = RunResult("zprime_invisible", {}, datasets)
    return write_run(result, tmp_path_factory.mktemp("runs") / "toy")


def test_significance_of_a_run_is_printed_written_and_drawn(run: Path) -> None:
    result = darkbelle("significance", run, "--toys", "40", "--batch", "30")
    assert result.exit_code == 0, result.output
    assert "global p" in result.stderr
    content = json.loads((run / "significance.json").read_text())
    assert [point["place"] for point in content["scan"]["points"]] == [1.0, 4.0, 7.0]
    assert (run / "significance.png").exists()
    again = darkbelle("significance", run, "--toys", "40", "--json")
    assert json.loads(again.stdout)["scan"] == content["scan"]


def test_intervals_of_a_run_are_printed_and_written(run: Path) -> None:
    result = darkbelle("intervals", run, "--mass", "4", "--toys", "50", "--points", "4", "--cl", "0.9")
    assert result.exit_code == 0, result.output
    (point,) = json.loads((run / "intervals.json").read_text())["points"]
    assert point["confidence_level"] == 0.9
    assert "Intervals of Feldman and Cousins" in result.stdout
    missing = darkbelle("intervals", run, "--mass", "4", "--mass", "9", "--toys", "50", "--points", "4")
    assert missing.exit_code == 1
    assert "9 GeV has no interval" in missing.stderr


def test_coverage_is_printed_written_and_drawn(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    options = ("--toys", "200", "--nested", "4", "--inner", "40", "--cl", "0.9", "--batch", "90")
    result = darkbelle("coverage", file, "--out", out, "--strengths", "0.5,2", *options, "--json")
    assert result.exit_code == 0, result.output
    printed: dict[str, Any] = json.loads(result.stdout)
    written = json.loads((out / "coverage.json").read_text())
    assert printed["points"] == written["points"]
    assert [point["mu"] for point in printed["points"]] == [0.5, 2.0]
    assert set(printed["points"][0]["coverage"]) >= {"toy limit", "unified interval"}
    assert written["provenance"]["inputs"] == {"workspace": "model.json"}
    assert written["seed"] == 1
    assert {path.name for path in out.glob("*.png")} == {"coverage.png", "statistic_0.png", "statistic_1.png"}
    # four strengths about the limit, and what is in the store is used
    table = darkbelle("coverage", file, "--out", out, "--toys", "50", "--cl", "0.9")
    assert table.exit_code == 0, table.output
    assert "Coverage at 90%" in table.stdout


def test_significance_of_workspaces_does_not_depend_on_batches(file: Path, tmp_path: Path) -> None:
    other = workspace()
    other["channels"][0]["samples"][0]["data"] = [1.0, 3.0]
    second = tmp_path / "second.json"
    second.write_text(json.dumps(other))
    found = []
    for batch in ("1000", "60"):
        out = tmp_path / batch
        result = darkbelle(
            "significance", "--workspaces", file, second, "--toys", "100", "--out", out, "--batch", batch
        )
        assert result.exit_code == 0, result.output
        assert "global p" in result.stderr
        found.append(json.loads((out / "significance.json").read_text())["scan"])
        assert (out / "significance.png").exists()
    assert found[0] == found[1]


def test_limits_by_toys_are_the_same_in_any_batches(file: Path, tmp_path: Path) -> None:
    found = []
    for batch in ("1000", "170"):
        out = tmp_path / batch
        options = ("--toys", "500", "--cl", "0.9", "--out", out, "--batch", batch, "--json")
        result = darkbelle("limits", "--workspaces", file, *options)
        assert result.exit_code == 0, result.output
        assert len(list((out / "chunks").rglob("*.json.gz"))) > 0
        found.append(json.loads(result.stdout))
    assert found[0] == found[1]
    assert len(found[0][0]["toy_errors"]) == 6


def test_limits_by_toys_of_a_run_are_kept_in_its_folder(run: Path) -> None:
    options = ("--mass", "4", "--toys", "450", "--cl", "0.9", "--executor", "local")
    result = darkbelle("limits", run, *options)
    assert result.exit_code == 0, result.output
    content = json.loads((run / "limits.json").read_text())
    assert content["method"].startswith("CLs, 450 pseudo-experiments")
    assert len(list((run / "toys" / "chunks").rglob("*.json.gz"))) > 0


def test_places_go_with_experiments(run: Path) -> None:
    for option in (("--executor", "dask"), ("--scheduler", "tcp://a:1"), ("--batch", "20"), ("--out", "a")):
        result = darkbelle("limits", run, *option)
        assert result.exit_code == 2
        assert f"{option[0]} goes with pseudo-experiments" in result.stderr
    few = darkbelle("limits", run, "--mass", "4", "--toys", "100")
    assert few.exit_code == 1
    assert "100 pseudo-experiments are too few" in few.stderr


def test_wrong_use_is_refused(file: Path, tmp_path: Path) -> None:
    result = darkbelle("coverage", file, "--out", tmp_path / "a", "--strengths", "1;2")
    assert result.exit_code == 2
    assert "numbers with commas" in result.stderr
    result = darkbelle("significance", "--workspaces", file, "--mass", "2")
    assert result.exit_code == 2
    assert "--mass and --final-state choose among those of a run" in result.stderr
    result = darkbelle("significance", file, file)
    assert result.exit_code == 2
    assert "one run at a time" in result.stderr
    result = darkbelle("coverage", tmp_path / "none.json", "--out", tmp_path / "a")
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr
