"""Limits at masses that were not simulated, and the closure of their signals."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.fitting.conftest import GENERATED, Toy, dataset_result, resolution_of, toy_output, write_run

from darkbelle.channels import Channel
from darkbelle.errors import ConfigurationError, FitError
from darkbelle.fitting import compute_limits
from darkbelle.fitting.closure import compute_closure
from darkbelle.fitting.crosscheck import crosscheck
from darkbelle.fitting.limit_results import read_limits
from darkbelle.fitting.plots.closure import plot_closure
from darkbelle.fitting.plots.limits import plot_limit
from darkbelle.fitting.signals import with_masses
from darkbelle.fitting.templates import fit_inputs, mass_templates
from darkbelle.jobs.cli import main
from darkbelle.runfolder import RunResult


@pytest.fixture
def run(toy_run: Path, tmp_path: Path) -> Path:
    shutil.copytree(toy_run, tmp_path / "run")
    return tmp_path / "run"


def test_a_predicted_signal_has_the_resolution_efficiency_and_place_of_a_simulated_one(
    toy_result: RunResult, channel: Channel
) -> None:
    inputs = fit_inputs(toy_result, "asimov")
    found = mass_templates(with_masses(inputs, [5.5]), 5.5)
    # simulated, the toy's peak is normal; 40 % of the events pass, and its width falls in a straight line
    truth = toy_output(Toy("zprime", 1.0, 5.5), channel, seed=5)
    simulated = fit_inputs(
        replace(
            toy_result,
            datasets={
                **toy_result.datasets,
                "zprime_5.5": dataset_result(Toy("zprime", 12.0, 5.5), truth),
            },
        ),
        "asimov",
    )
    expected = mass_templates(simulated, 5.5)
    assert found.between == (4.0, 7.0)
    assert found.resolution == pytest.approx(resolution_of(5.5), rel=0.03)
    assert found.signal_efficiency == pytest.approx(0.4, rel=0.01)
    assert found.signal_efficiency == pytest.approx(expected.signal_efficiency, rel=0.01)
    assert found.signal.shifts.keys() == expected.signal.shifts.keys()
    # the two neighbours together have about the statistics of one sample, or twice that
    entries = found.signal.values.sum() ** 2 / found.signal.variances.sum()
    assert 0.4 * GENERATED < entries < 0.85 * GENERATED


def test_limits_in_steps_say_which_signals_are_interpolated(run: Path) -> None:
    result = CliRunner().invoke(main, ["limits", str(run), "--mass-step", "1.5", "--data", "asimov"])
    assert result.exit_code == 0, result.output
    found = read_limits(run)
    assert [point.mass for point in found.points] == [1.0, 2.5, 4.0, 5.5, 7.0]
    between = [point.interpolated_between for point in found.points]
    assert between == [None, (1.0, 4.0), None, (4.0, 7.0), None]
    assert "of 5 limits needed help" in result.stderr
    assert "2 of 5 limits rest on signals interpolated" in result.stderr
    medians = [point.expected[2] for point in found.points]
    assert min(medians[2:5:2]) * 0.8 < medians[3] < max(medians[2:5:2]) * 1.2
    _, observed, *_ = plot_limit(found).axes[0].get_lines()
    np.testing.assert_array_equal(observed.get_markevery(), [0, 2, 4])  # simulated only
    # limits at interpolated masses can be checked like the others
    assert crosscheck(run, points=5).passed


def test_a_mass_that_was_not_simulated_is_asked_for_by_name(run: Path) -> None:
    command = ["limits", str(run), "--mass", "5", "--data", "asimov"]
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert "`limits --interpolate` takes others between them" in refused.stderr
    assert CliRunner().invoke(main, [*command, "--interpolate"]).exit_code == 0
    assert read_limits(run).points[0].interpolated_between == (4.0, 7.0)
    with pytest.raises(FitError, match="would be an extrapolation: simulated ones are from 1 to 7"):
        compute_limits(run, masses=[7.5], interpolate=True)
    with pytest.raises(ConfigurationError, match="stands instead of masses"):
        compute_limits(run, masses=[5.0], mass_step=0.1)


def test_a_mass_left_out_is_predicted_from_its_neighbours(run: Path) -> None:
    result = CliRunner().invoke(main, ["closure", str(run), "--json"])
    assert result.exit_code == 0, result.output
    content = json.loads((run / "closure.json").read_text())
    assert {(item["mass"], item["method"]) for item in content["predictions"]} == {
        (4.0, "morphed"),
        (4.0, "vertical"),
    }
    closure = compute_closure(run)
    (found,) = closure.of("morphed")
    # the toy's efficiency is the same at all masses, its width a straight line
    assert found.efficiency is not None
    assert found.statistics is not None
    assert abs(found.efficiency) < 3 * found.statistics
    assert closure.largest("morphed") < 0.05
    # of peaks 20 resolutions away none is where the one between them is
    assert closure.of("vertical") == ()
    assert "nothing of the predicted signal" in closure.predictions[1].reason
    assert len(plot_closure(closure).axes) == 3


def test_a_closure_needs_a_mass_between_two_others(toy_result: RunResult, tmp_path: Path) -> None:
    two = {name: item for name, item in toy_result.datasets.items() if name != "zprime_4"}
    folder = write_run(replace(toy_result, datasets=two), tmp_path / "two")
    with pytest.raises(FitError, match="a mass between two others, but the run has 2"):
        compute_closure(folder)
