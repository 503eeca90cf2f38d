from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import numpy as np
import pytest

from darkbelle.errors import ConfigurationError, FitError
from darkbelle.fitting import Limits, compute_limits, read_limits
from darkbelle.runfolder import LIMITS


@pytest.fixture(scope="module")
def limits(toy_run: Path) -> Limits:
    return compute_limits(toy_run)


def test_there_is_a_limit_for_each_mass(limits: Limits) -> None:
    assert [point.mass for point in limits.points] == [1.0, 4.0, 7.0]
    assert limits.failed == {}
    assert (limits.confidence_level, limits.luminosity_fb, limits.unit) == (0.90, 79.7, "fb")


def test_expected_limits_rise_from_band_to_band(limits: Limits) -> None:
    for point in limits.points:
        assert np.all(np.diff(point.expected) > 0)
        assert point.observed > 0


def test_median_is_about_that_of_counting_in_the_peak(limits: Limits) -> None:
    # at 7 GeV the backgrounds are flat and known to some 10 %: 1.645 √B over the signal in ±2σ (95 %)
    point = limits.points[2]
    background = point.diagnostics["background_near_peak"]
    counted = 1.645 * np.sqrt(background) / (0.95 * 0.4 * 79.7)
    assert 0.9 * counted < point.expected[2] < 2.0 * counted


def test_the_confidence_level_is_really_used(toy_run: Path, limits: Limits) -> None:
    at95 = compute_limits(toy_run, confidence_level=0.95, masses=[4.0])
    ratio = at95.points[0].expected[2] / limits.points[1].expected[2]
    # of Gaussian limits it is 1.960 / 1.645 = 1.19
    assert ratio == pytest.approx(1.960 / 1.645, rel=0.05)
    compute_limits(toy_run)  # what later tests read


def test_the_file_has_the_documented_form(toy_run: Path, limits: Limits) -> None:
    content = json.loads((toy_run / LIMITS).read_text())
    documented = {
        "schema",
        "channel",
        "poi",
        "unit",
        "confidence_level",
        "method",
        "luminosity_fb",
        "data",
        "points",
    }
    assert documented <= content.keys()
    assert (content["schema"], content["data"], content["poi"]) == (1, "pseudo", "cross_section")
    assert {"mass", "observed", "expected"} <= content["points"][0].keys()
    assert len(content["points"][0]["expected"]) == 5
    assert content["provenance"]["versions"]["numpy"] == np.__version__
    assert read_limits(toy_run) == limits


def test_asimov_data_give_the_median(toy_run: Path, tmp_path: Path) -> None:
    for name in ("result.json", "histograms.json", "cutflow.json"):
        (tmp_path / name).write_bytes((toy_run / name).read_bytes())
    point = compute_limits(tmp_path, data="asimov", masses=[4.0]).points[0]
    assert point.observed == pytest.approx(point.expected[2], rel=1e-3)
    assert point.diagnostics["significance"] == pytest.approx(0.0, abs=1e-3)


def test_a_mass_that_cannot_be_fitted_is_reported_beside_the_others(toy_run: Path, tmp_path: Path) -> None:
    for name in ("result.json", "histograms.json", "cutflow.json"):
        (tmp_path / name).write_bytes((toy_run / name).read_bytes())
    limits = compute_limits(tmp_path, masses=[4.0, 3.0])
    assert [point.mass for point in limits.points] == [4.0]
    assert "no signal of 3 GeV" in limits.failed[3.0]
    assert read_limits(tmp_path).failed == limits.failed


def test_each_point_says_how_its_fits_went(limits: Limits) -> None:
    for point in limits.points:
        assert 0 <= point.diagnostics["largest_edm"] < 1e-8
        assert point.diagnostics["several_minima"] is False
        assert point.diagnostics["rescued_from"] == ""


def test_not_one_limit_is_an_error(toy_run: Path) -> None:
    with pytest.raises(FitError, match="no limit could be computed: 3 GeV: there is no signal"):
        compute_limits(toy_run, masses=[3.0])


def test_an_unknown_engine_is_an_error(toy_run: Path) -> None:
    with pytest.raises(ConfigurationError, match="engine 'steam' does not exist, there are: pyhf"):
        compute_limits(toy_run, engine="steam")


def test_few_expected_events_are_flagged_with_a_number(thin_run: Path) -> None:
    point = compute_limits(thin_run, masses=[7.0]).points[0]
    assert point.diagnostics["background_near_peak"] < 1
    assert point.flags[0].startswith("asymptotics optimistic")
    # with b → 0 and none seen: asymptotic s = 1.2816²/2 at 90 %, exact −ln 0.10; less with a little b
    assert 0.1 < _percentage(point.flags[0]) < 1 - 1.2816**2 / 2 / np.log(10)


def _percentage(flag: str) -> float:
    found = re.search(r"(\d+)% too strong", flag)
    assert found
    return int(found[1]) / 100


def test_what_is_found_before_the_fits_is_kept_and_told_in_few_lines(toy_run: Path, limits: Limits) -> None:
    assert list(limits.findings) == [1.0, 4.0, 7.0]
    found = [item for items in limits.findings.values() for item in items]
    assert {item.region for item in found} == {"sr"}
    assert len(limits.preflight) < len(found)
    assert read_limits(toy_run).findings == limits.findings


def test_toys_need_no_flag_of_few_events_and_say_their_errors(thin_run: Path, tmp_path: Path) -> None:
    for name in ("result.json", "histograms.json", "cutflow.json"):
        (tmp_path / name).write_bytes((thin_run / name).read_bytes())
    limits = compute_limits(tmp_path, masses=[7.0], toys=600)
    (point,) = limits.points
    assert not any("asymptotics" in flag for flag in point.flags)
    assert len(point.diagnostics["toy_errors"]) == 6
    assert limits.method.startswith("CLs, 600 pseudo-experiments a hypothesis")
    # with b → 0 and none seen it is −ln 0.10 events, where asymptotics says 0.82
    events = point.observed * point.diagnostics["signal_efficiency"] * limits.luminosity_fb
    asymptotic = compute_limits(tmp_path, masses=[7.0], engine="fast").points[0]
    assert point.expected[0] > 1.2 * asymptotic.expected[0]
    assert events > 2.0


def test_many_expected_events_are_not_flagged(limits: Limits) -> None:
    assert not any("asymptotics" in flag for point in limits.points for flag in point.flags)


def test_masses_with_less_simulation_than_data_are_known(limits: Limits) -> None:
    # one μμ event of 250 fb · 79.7/fb / 20 000 = 0.996 expected ones is as good as an event of data
    assert limits.points[0].diagnostics["simulated_per_expected"] == pytest.approx(1 / 0.996, rel=0.05)
    assert limits.thinly_simulated == ()


def test_absent_backgrounds_are_told(toy_run: Path, limits: Limits, caplog: pytest.LogCaptureFixture) -> None:
    assert limits.missing_processes == ("mumumumu",)
    with caplog.at_level(logging.WARNING, logger="darkbelle.fitting.run_limits"):
        compute_limits(toy_run)
    assert "mumumumu" in caplog.text


def test_progress_is_reported(toy_run: Path) -> None:
    steps: list[tuple[int, int]] = []
    compute_limits(toy_run, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 3), (2, 3), (3, 3)]
