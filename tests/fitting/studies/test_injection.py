"""Signals put into a run by the command, where the channel has one final state."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from darkbelle.fitting.plots.injection import plot_injection
from darkbelle.fitting.studies.injection import read_injection
from darkbelle.jobs.cli import main


@pytest.fixture
def run(toy_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_run, tmp_path / "run"))


def test_the_command_finds_what_it_puts_in_and_keeps_the_experiments(run: Path) -> None:
    command = ["injection", str(run), "--mass", "4", "--mass", "2", "--toys", "60", "--times", "3"]
    result = CliRunner().invoke(main, [*command, "--batch", "25", "--json"])
    assert result.exit_code == 1  # there is no signal of 2 GeV
    assert "2 GeV: nothing was put in: there is no signal of 2 GeV" in result.stderr
    printed = json.loads(result.stdout)
    (item,) = printed["points"]
    assert item["found"] == pytest.approx(item["strength"], rel=2e-3)
    assert len(list((run / "toys" / "chunks").rglob("*.json.gz"))) > 0
    found = read_injection(run)
    assert found.as_json() == printed
    assert (found.times, found.toys) == (3.0, 60)
    assert abs(found.points[0].pull_mean) < 4 / 60**0.5
    # experiments do not depend on batches
    again = CliRunner().invoke(main, [*command, "--json"])
    assert json.loads(again.stdout) == printed


def test_the_plot_has_what_was_found_pulls_and_coverage(run: Path) -> None:
    result = CliRunner().invoke(main, ["injection", str(run), "--toys", "20"])
    assert result.exit_code == 0, result.output
    assert "interval covers" in result.stdout
    assert (run / "injection.png").stat().st_size > 10_000
    figure = plot_injection(read_injection(run))
    assert [axes.get_ylabel() for axes in figure.axes] == ["Found / put in", "Pulls", "Coverage of limits"]
    assert figure.axes[0].get_legend() is None
