"""The whole way: masses with a biased scale, factors from D0, and D+ back where it should be."""

from __future__ import annotations

from pathlib import Path

import correctionlib
import numpy as np
import pytest
from click.testing import CliRunner
from tests.fitting.scale.conftest import Made, bias_of

from darkbelle.datasets import Dataset
from darkbelle.errors import FitError
from darkbelle.fitting.analysis import load_analysis
from darkbelle.fitting.measuring import measure_run
from darkbelle.fitting.scale.control import measure, places_of
from darkbelle.fitting.scale.inputs import scale_inputs
from darkbelle.fitting.scale.result import Scale
from darkbelle.jobs.api import Run, run
from darkbelle.jobs.cli import main
from darkbelle.runfolder import SCALE_TABLE, load_result, read_json
from darkbelle.selections.corrections import read_momentum_scale


@pytest.fixture(scope="module")
def scale(folder: Path) -> Scale:
    return measure(folder)


def test_the_biases_that_tracks_have_come_out_in_every_bin(scale: Scale) -> None:
    bias = scale.bias
    centre = (bias.cos_theta[1:] + bias.cos_theta[:-1]) / 2
    true = np.concatenate([bias_of(centre, np.full(8, q)) for q in (-1.0, 1.0)])
    residual = bias.values - true
    chi_squared = residual @ np.linalg.solve(bias.covariance, residual)
    assert chi_squared < 36  # of 16, with a probability of 0.3 %
    assert bias.mean_error < 6e-5
    assert 60 < bias.chi_squared < 170  # of some 110


def test_d_plus_goes_from_mev_off_to_its_mass(scale: Scale) -> None:
    check = scale.checks["d_plus"]
    assert np.nanmax(np.abs(check.before)) > 1.0
    assert np.all(
        np.abs(check.after[np.isfinite(check.after)]) < 4 * check.after_error[np.isfinite(check.after)]
    )
    well_known = check.after_error < 0.1
    assert well_known.sum() > 3
    assert np.all(np.abs(check.after[well_known]) < 0.3)


def test_the_table_applied_to_all_events_does_what_was_foretold(
    scale: Scale, made: Made, folder: Path
) -> None:
    after = made(momentum_scale=str(folder / SCALE_TABLE), corrected="all")
    inputs = scale_inputs(load_result(after.folder))
    assert inputs.applied == read_momentum_scale(folder / SCALE_TABLE).source
    found = measure(after.folder)
    for region, check in found.checks.items():
        known = check.before_error < 0.3
        # tracks that change their bins, and squares of biases
        np.testing.assert_allclose(check.before[known], scale.checks[region].after[known], atol=0.05)
    # what is left is nothing, within what binning a straight line leaves
    assert np.abs(found.bias.mean) < 2e-5
    for item in after.result.datasets.values():
        counts = item.output.counts
        assert (
            counts["momentum_scale/corrected"] + counts["momentum_scale/outside the table"]
            == 3 * item.output.rows
        )


def test_simulation_is_left_alone_unless_it_is_asked_for(
    before: Run, made: Made, folder: Path, scale: Scale
) -> None:
    assert scale.applied is None
    same = made(momentum_scale=str(folder / SCALE_TABLE))
    for name, item in same.result.datasets.items():
        assert "momentum_scale/corrected" not in item.output.counts
        assert item.output.histograms == before.result.datasets[name].output.histograms
    assert scale_inputs(load_result(same.folder)).applied is None


def test_the_plan_keeps_the_table_and_not_the_path(made: Made, folder: Path, scale: Scale) -> None:
    assert scale.channel == "momentum_scale"
    after = made(momentum_scale=str(folder / SCALE_TABLE))
    kept = read_json(after.folder / "plan.json")["options"]["momentum_scale"]
    table = read_momentum_scale(folder / SCALE_TABLE)
    assert kept["source"] == table.source
    assert tuple(kept["negative"]) == table.negative
    assert str(folder) not in (after.folder / "plan.json").read_text()


def test_the_file_is_one_for_correctionlib(scale: Scale, folder: Path) -> None:
    table = correctionlib.CorrectionSet.from_file(str(folder / SCALE_TABLE))
    bias = scale.bias
    centre = float(bias.cos_theta[2] + bias.cos_theta[3]) / 2
    for charge, place in ((-1.0, 2), (1.0, 10)):
        nominal = table["momentum_scale"].evaluate("nominal", centre, charge)
        assert nominal == pytest.approx(1 / (1 + bias.values[place]))
        up, down = (table["momentum_scale"].evaluate(way, centre, charge) for way in ("up", "down"))
        assert up - nominal == pytest.approx(bias.errors[place])
        assert nominal - down == pytest.approx(bias.errors[place])
    with pytest.raises(RuntimeError, match="above bounds"):
        table["momentum_scale"].evaluate("nominal", 0.99, 1.0)
    assert table["momentum_scale_mean_uncertainty"].evaluate() == pytest.approx(bias.mean_error)


def test_the_page_shows_masses_factors_and_peaks(scale: Scale, folder: Path) -> None:
    assert scale.checks
    sections = list(load_analysis("momentum_scale").sections(folder))
    assert [drawing.name for section in sections for drawing in section.drawings] == [
        "offsets",
        "factors",
        "peaks",
    ]
    assert "a run with" in sections[0].text
    assert len(sections[1].tables[0].rows) == 8


def test_measuring_is_the_same_as_by_the_channel(scale: Scale, folder: Path) -> None:
    found = measure_run(folder)
    assert found.as_json() == scale.as_json()
    assert [len(table.rows) for table in found.tables()] == [8, 2]
    assert "10⁻⁴" in found.remark


def test_the_command_prints_factors_and_offsets(scale: Scale, folder: Path) -> None:
    made = CliRunner().invoke(main, ["fit", str(folder)])
    assert made.exit_code == 0, made.output
    assert "SIMULATION: Factors for measured momenta" in made.stdout
    assert f"{1 / (1 + scale.bias.values[0]):.6f}" in made.stdout
    assert "d_plus" in made.stdout
    assert "a D0 hardly knows it" in made.stderr


def test_slim_files_of_a_region_give_the_same_masses(
    datasets: dict[str, Dataset], before: Run, tmp_path: Path
) -> None:
    source, out = datasets["d_plus"].files[0], str(tmp_path / "slim")
    arguments = ["slim", source, "--channel", "momentum_scale", "--out", out]
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 2
    assert "names no region" in refused.stderr
    assert CliRunner().invoke(main, [*arguments, "--region", "d_plus"]).exit_code == 0
    slim = datasets["d_plus"].model_copy(update={"files": (str(tmp_path / "slim" / "d_plus.root"),)})
    after = run("momentum_scale", {"d_plus": slim}, tmp_path / "run")
    same = after.histogram("d_plus", "d_plus", region="d_plus")
    assert same == before.histogram("d_plus", "d_plus", region="d_plus")


def test_pairs_are_taken_apart_as_they_were_put_together() -> None:
    assert places_of(2 * 8 + 5, 8) == (2, 13)  # negative kaon, positive pion
    assert places_of(11 * 8 + 5, 8) == (11, 5)  # positive kaon, negative pion


def test_data_that_is_not_there_is_asked_for(folder: Path) -> None:
    with pytest.raises(FitError, match=r"no 'd_zero_by_pair' of region 'd_star', it has regions none"):
        measure(folder, data="observed")
