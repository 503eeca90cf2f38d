from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import StepPatch

from darkbelle.channels import Channel
from darkbelle.fitting import compute_limits, compute_pulls, interpret, make_plots
from darkbelle.fitting.analysis import Overlay
from darkbelle.fitting.closure import compute_closure
from darkbelle.fitting.plots.cutflow import flows
from darkbelle.fitting.plots.resolution import resolution_table
from darkbelle.fitting.plots.spectra import plot_distributions, plot_spectrum
from darkbelle.fitting.plots.style import styled
from darkbelle.fitting.projection import project
from darkbelle.fitting.run_sections import further_sections
from darkbelle.fitting.templates import fit_inputs
from darkbelle.runfolder import RunResult


@pytest.fixture(scope="module")
def fitted(toy_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("plotted") / "run"
    shutil.copytree(toy_run, run)
    compute_limits(run)
    interpret(run, "vanilla")
    interpret(run, "fully_invisible")
    return run


def test_all_plots_of_a_fitted_run_are_made(fitted: Path, tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("# mass, g\n1,0.05\n6,0.9\n")
    made = make_plots(fitted, tmp_path / "plots", overlay=Overlay(curve, "276 pb"))
    assert [item.path.stem for item in made] == [
        "limit_cross_section",
        "limit_coupling_vanilla",
        "limit_coupling_fully_invisible",
        "recoil_spectrum",
        "recoil_plane",
        "distributions",
        "resolution",
        "cutflow",
        "last_cuts",
    ]
    for item in made:
        assert item.path.read_bytes().startswith(b"\x89PNG")
        assert item.title
        assert item.caption
    assert "not data" in made[3].caption


def test_what_else_there_is_of_a_run_is_drawn(toy_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(toy_run, run)
    compute_pulls(run)
    compute_closure(run)
    project(run, [79.7, 428.0], masses=[4.0], by_source=True)
    found = {section.title: section for section in further_sections(run)}
    assert {title: [item.name for item in section.drawings] for title, section in found.items()} == {
        "Nuisance parameters": ["pulls_mass_04.0000", "correlations_mass_04.0000"],
        "Signals between simulated masses": ["closure"],
        "Other luminosities": ["projection", "projection_sources"],
    }
    assert all(section.tables[0].rows for section in found.values())
    for section in found.values():
        for table in section.tables:
            assert {len(row) for row in table.rows} == {len(table.columns)}
    made = {item.path.stem for item in make_plots(run, tmp_path / "plots")}
    assert {"pulls_mass_04.0000", "closure", "projection"} < made


def test_a_run_without_limits_has_its_selection_drawn(toy_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("result.json", "histograms.json", "cutflow.json"):
        shutil.copy(toy_run / name, run)
    assert len(make_plots(run, tmp_path / "plots")) == 6


def test_the_stack_is_the_expected_background(toy_result: RunResult) -> None:
    inputs = fit_inputs(toy_result)
    with styled():
        figure = plot_spectrum(inputs, 20)
    stack = [patch for patch in figure.axes[0].patches if isinstance(patch, StepPatch) and patch.get_fill()]
    top = stack[len(inputs.backgrounds) - 1].get_data()[0]
    expected = sum(item.nominal.values.sum() for item in inputs.backgrounds.values())
    assert np.sum(top) == pytest.approx(expected)


def test_thresholds_of_the_processor_are_drawn(toy_result: RunResult, channel: Channel) -> None:
    with_cut = RunResult(
        toy_result.channel, {"thresholds": {"min_pt_pair": 0.8, "on": True}}, toy_result.datasets
    )
    with styled():
        figure = plot_distributions(with_cut, channel, 79.7)
    assert figure is not None
    lines = [np.asarray(line.get_xdata()).tolist() for line in figure.axes[0].lines]
    assert lines == [[0.8, 0.8]]
    assert not figure.axes[1].lines


def test_cutflow_ends_at_the_efficiency_and_the_yield(toy_result: RunResult, channel: Channel) -> None:
    cuts, found = flows(toy_result, channel, 79.7)
    assert cuts[-1] == "tau_suppression"
    assert [flow.is_signal for flow in found] == [False, False, False, True, True, True]
    for flow in found:
        assert flow.efficiency[0] == pytest.approx(1.0)
        assert flow.efficiency[-1] == pytest.approx(0.4)
        # 8 000 of 20 000 pass all cuts, 8 100 all but the last
        assert flow.last[-1] == pytest.approx(8000 / 8100)
    assert found[1].events == pytest.approx(60.0 * 79.7 * 0.4)
    assert found[3].events == pytest.approx(79.7 * 0.4)


def test_resolution_of_the_mass_is_that_of_its_square_over_twice_the_mass(toy_result: RunResult) -> None:
    points = resolution_table(fit_inputs(toy_result))
    assert [point.mass for point in points] == [1.0, 4.0, 7.0]
    assert points[1].m2 == pytest.approx(0.52, rel=0.03)
    assert points[1].m == pytest.approx(points[1].m2 / 8)
