"""The whole of τ → ℓα on a small simulation, by Dask as in the demonstration, and by another executor."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from darkbelle.channels import load_channel
from darkbelle.fitting import read_limits
from darkbelle.jobs.cli import main
from darkbelle.jobs.demonstration import Demonstration, demonstrate
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import run as run_plan

pytestmark = pytest.mark.slow

CHANNEL = "tau_to_lalpha"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lalpha")


@pytest.fixture(scope="module")
def demonstration(folder: Path) -> Demonstration:
    return demonstrate(CHANNEL, "small", folder)


@pytest.mark.usefixtures("demonstration")
def test_both_leptons_have_limits_at_all_masses(folder: Path) -> None:
    limits = read_limits(folder / "run")
    for state in ("e", "mu"):
        points = limits.of(state).points
        assert tuple(point.mass for point in points) == load_channel(CHANNEL).masses
        assert all(0 < point.expected[0] < point.expected[2] < point.expected[4] for point in points)
        # the line of a heavy α leaves the standard model's spectrum
        assert points[-1].expected[2] < points[0].expected[2]


def test_the_page_says_what_it_is(demonstration: Demonstration) -> None:
    page = demonstration.page.read_text()
    assert "PSEUDO-DATA" in page
    for heading in ("τ → e α: upper limits", "τ → μ α: upper limits", "Branching fractions", "spectra"):
        assert re.search(f"<h2>[^<]*{heading}", page)
    assert page.count("data:image/png;base64,") == 11


@pytest.mark.usefixtures("demonstration")
def test_another_executor_gives_the_same_bytes(folder: Path) -> None:
    other = folder / "local"
    make_plan(CHANNEL, folder / "samples" / "datasets.yaml", other, PlanOptions(seed=1, allow_empty=True))
    assert run_plan(other, LocalExecutor()).merged
    for name in ("histograms.json", "cutflow.json"):
        assert (other / name).read_bytes() == (folder / "run" / name).read_bytes()


@pytest.mark.usefixtures("demonstration")
def test_commands_know_the_final_states(folder: Path) -> None:
    run, runner = str(folder / "run"), CliRunner()
    found = json.loads(runner.invoke(main, ["interpret", run, "--json"], catch_exceptions=False).stdout)
    assert {item["final_state"] for item in found} == {"e", "mu"}
    refused = runner.invoke(main, ["interpret", run, "--model", "vanilla"])
    assert refused.exit_code == 2
    assert "needs limits on a cross section" in refused.output
    options = ["project", run, "--luminosity", "62.8,1000", "--mass", "1.2"]
    assert "name one of e, mu" in runner.invoke(main, options).output
    projected = runner.invoke(main, [*options, "--final-state", "mu", "--json"], catch_exceptions=False)
    assert projected.exit_code == 0
    assert json.loads(projected.stdout)["final_state"] == "mu"
    assert "mu_mass_01.2000.json" in {file.name for file in (folder / "run" / "workspaces").iterdir()}


@pytest.mark.usefixtures("demonstration")
@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("closure",), ("e, 1.2 GeV", "mu, 1.2 GeV")),
        (("pulls", "--mass", "1.2", "--final-state", "mu"), ("mu, 1.2 GeV",)),
        (("injection", "--mass", "1.2", "--toys", "30"), ("e, 1.2 GeV", "mu, 1.2 GeV")),
        (("limits", "--mass", "1.25", "--interpolate"), ("e, 1.25 GeV", "mu, 1.25 GeV")),
        (("crosscheck", "--points", "2"), ("e, 1.25 GeV", "mu, 1.25 GeV")),  # of the limits just made
    ],
)
def test_commands_work_for_both_leptons(
    folder: Path, command: tuple[str, ...], named: tuple[str, ...]
) -> None:
    result = CliRunner().invoke(main, [command[0], str(folder / "run"), *command[1:]])
    assert result.exit_code == 0, result.output
    assert all(item in result.stdout for item in named)
