from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from darkbelle.errors import ConfigurationError
from darkbelle.fitting import compute_limits, limits
from darkbelle.fitting.engines import UpperLimit
from darkbelle.fitting.measured_projection import projected_errors, read_measured_projection
from darkbelle.fitting.measurements import Measurement, Shift, write_measurement
from darkbelle.fitting.projection import Policy, read_projection, scaled_workspace, sources_of
from darkbelle.jobs.cli import main


def counting(background: float = 1e6, uncertainty: float = 0.02) -> dict[str, Any]:
    """One bin, whose background is known to some share of it."""
    signal = {"name": "s", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    norm = {"name": "yield", "type": "normsys", "data": {"hi": 1 + uncertainty, "lo": 1 / (1 + uncertainty)}}
    parameter = {"name": "mu", "bounds": [[0.0, 1e6]]}
    other = {"name": "b", "data": [background], "modifiers": [norm]}
    return {
        "version": "1.0.0",
        "channels": [{"name": "sr", "samples": [signal, other]}],
        "observations": [{"name": "sr", "data": [0.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": [parameter]}}],
    }


def median(workspace: dict[str, Any]) -> float:
    (answer,) = limits([workspace])
    assert isinstance(answer.outcome, UpperLimit)
    return answer.outcome.expected[2]


@pytest.mark.parametrize(("policy", "gain"), [("kept", 1.0), ("scaled", 10.0), ("none", 10.0)])
def test_a_hundred_times_the_data_gain_what_the_assumption_says(policy: Policy, gain: float) -> None:
    # 2 % of a million events are twenty times their statistical error, so the limit is all systematics
    now, then = (median(scaled_workspace(counting(), factor, policy)) for factor in (1.0, 100.0))
    assert now / then == pytest.approx(gain, rel=0.03)


def test_shifts_and_simulation_scale_as_the_assumption_says() -> None:
    workspace = counting()
    workspace["channels"][0]["samples"][1]["modifiers"] = [
        {"name": "tilt", "type": "histosys", "data": {"hi_data": [1100e3], "lo_data": [950e3]}},
        {"name": "statistics", "type": "staterror", "data": [20e3]},
    ]
    expected = {
        "kept": ({"hi_data": [4400e3], "lo_data": [3800e3]}, [80e3]),
        "scaled": ({"hi_data": [4200e3], "lo_data": [3900e3]}, [40e3]),
    }
    policies: tuple[Policy, ...] = ("kept", "scaled")
    for policy in policies:
        scaled = scaled_workspace(workspace, 4.0, policy)
        assert scaled["observations"] == [{"name": "sr", "data": [4e6]}]
        tilt, statistics = scaled["channels"][0]["samples"][1]["modifiers"]
        assert (tilt["data"], statistics["data"]) == expected[policy]
    assert scaled_workspace(workspace, 4.0, "none")["channels"][0]["samples"][1]["modifiers"] == []


def test_what_cannot_be_scaled_is_refused() -> None:
    workspace = counting()
    workspace["channels"][0]["samples"][1]["modifiers"][0] = {"name": "x", "type": "shapesys", "data": [1.0]}
    with pytest.raises(ConfigurationError, match="of type 'shapesys'"):
        scaled_workspace(workspace, 2.0, "kept")
    with pytest.raises(ConfigurationError, match="must be positive"):
        scaled_workspace(workspace, 0.0, "kept")


def test_a_run_is_projected(toy_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(toy_run, run)
    command = ["project", str(run), "--mass", "4", "--json", "--luminosity"]
    result = CliRunner().invoke(main, [*command, "79.7,797"])
    assert result.exit_code == 0, result.output
    content = json.loads((run / "projection.json").read_text())
    found = {(item["luminosity_fb"], item["policy"]): item["expected"][2] for item in content["limits"]}
    # at the luminosity of the run, with its systematics, it is the run's own limit
    own = compute_limits(run, masses=[4.0], data="asimov", engine="fast").points[0].expected[2]
    assert found[79.7, "kept"] == found[79.7, "scaled"] == pytest.approx(own, rel=1e-6)
    assert found[797.0, "none"] < found[797.0, "scaled"] < found[797.0, "kept"] < found[79.7, "kept"]
    assert found[79.7, "scaled"] / found[797.0, "scaled"] == pytest.approx(10**0.5, rel=0.02)
    assert CliRunner().invoke(main, [*command, "428,many"]).exit_code == 2


def test_a_source_that_is_kept_limits_alone() -> None:
    workspace = counting()
    other = {"name": "other", "type": "normsys", "data": {"hi": 1.02, "lo": 1 / 1.02}}
    workspace["channels"][0]["samples"][1]["modifiers"].append(other)
    assert sources_of(workspace) == ("yield", "other")
    # two of 2 % each: after a hundred times the data both scaled are ten times better, with one kept √2
    now = median(scaled_workspace(workspace, 1.0, "kept"))
    gains = {kept: now / median(scaled_workspace(workspace, 100.0, "scaled", kept)) for kept in ("", "yield")}
    assert gains[""] == pytest.approx(10.0, rel=0.03)
    assert gains["yield"] == pytest.approx(2**0.5, rel=0.03)


def test_a_run_is_projected_by_source(toy_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(toy_run, run)
    command = ["project", str(run), "--mass", "4", "--luminosity", "79.7,50000", "--policy", "by-source"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "What limits most" in result.stdout
    assert {path.name for path in run.glob("*.png")} == {
        "projection.png",
        "projection_sources_04.0000.png",
    }
    found = read_projection(run)
    assert {"luminosity", "mumu_yield", "staterror_sr"} < set(found.sources)
    at = found.medians(4.0, 50000.0)
    assert all(at["scaled"] * 0.99 < at[source] < at["kept"] * 1.001 for source in found.sources)
    today = found.medians(4.0, 79.7)
    assert all(today[source] == pytest.approx(today["kept"], rel=1e-6) for source in found.sources)


def measurement() -> Measurement:
    """Three units of statistics at 100/fb, and systematics of four, mostly of one source."""
    shifts = {"scale": Shift(3.9, -4.0, "by hand"), "small": Shift(0.03, 0.0, "by hand")}
    return Measurement("tau_mass", "tau_mass", "MeV", 1777.0, 3.0, shifts, 100.0, "pseudo", 3.0)


def test_of_a_measurement_statistics_shrink_with_the_root_of_the_luminosity() -> None:
    found = projected_errors(measurement(), [100.0, 400.0])
    assert [item.stat for item in found.errors] == [3.0, 1.5]
    assert [item.syst_kept for item in found.errors] == [pytest.approx(4.0, rel=1e-4)] * 2
    assert found.errors[0].total_kept == pytest.approx(5.0, rel=1e-4)
    assert found.errors[1].total_scaled == pytest.approx(2.5, rel=1e-4)
    # (3/4)² of 100/fb, and (3/0.03)² of it
    assert found.limited_from == {"scale": pytest.approx(56.25), "small": pytest.approx(1e6)}
    with pytest.raises(ConfigurationError, match="must be positive"):
        projected_errors(measurement(), [0.0])


def test_a_run_with_a_measurement_is_projected(tmp_path: Path) -> None:
    write_measurement(tmp_path, measurement())
    command = ["project", str(tmp_path), "--luminosity", "100,50000"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "scale, if kept, is as large as the statistics at 56.2/fb" in result.stderr
    assert read_measured_projection(tmp_path).errors == projected_errors(measurement(), [100, 50000]).errors
    assert (tmp_path / "projection.png").exists()
    assert CliRunner().invoke(main, [*command, "--mass", "2"]).exit_code == 2
