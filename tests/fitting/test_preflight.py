from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from darkbelle.fitting.asymptotics import asymptotic_overstatement
from darkbelle.fitting.findings import Finding, errors_of, summarise
from darkbelle.fitting.preflight import preflight

Workspace = dict[str, Any]


@pytest.fixture
def sound() -> Workspace:
    """Three bins in which nothing is to be found: 300 events, of simulation ten times as many."""
    background = [100.0, 80.0, 120.0]
    modifiers = [
        {"name": "tilt", "type": "histosys", "data": {"hi_data": [110, 80, 110], "lo_data": [90, 80, 130]}},
        {"name": "yield", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}},
        {"name": "statistics", "type": "staterror", "data": np.sqrt(np.divide(background, 10)).tolist()},
    ]
    samples = [
        {
            "name": "signal",
            "data": [1.0, 5.0, 1.0],
            "modifiers": [{"name": "mu", "type": "normfactor", "data": None}],
        },
        {"name": "background", "data": background, "modifiers": modifiers},
    ]
    return {
        "version": "1.0.0",
        "channels": [{"name": "sr", "samples": samples}],
        "observations": [{"name": "sr", "data": [100.0, 80.0, 120.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    }


def background(workspace: Workspace) -> Any:
    return workspace["channels"][0]["samples"][1]


def only(workspace: Workspace) -> Finding:
    (finding,) = preflight(workspace)
    return finding


def where(finding: Finding) -> tuple[str, str, str, tuple[int, ...]]:
    return finding.region, finding.sample, finding.systematic, finding.bins


def test_nothing_is_found_in_a_sound_workspace_which_stays_as_it_is(sound: Workspace) -> None:
    before = copy.deepcopy(sound)
    assert preflight(sound) == ()
    assert sound == before


def test_a_negative_bin_is_an_error(sound: Workspace) -> None:
    background(sound)["data"][2] = -0.5
    found = [item for item in preflight(sound) if item.severity == "error"]
    assert [item.kind for item in found] == ["negative"]
    assert where(found[0]) == ("sr", "background", "", (2,))
    assert "sr/background is -0.5 in bin 2" in errors_of(found)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_an_error_wherever_it_stands(sound: Workspace, value: float) -> None:
    for column in ("hi_data", "lo_data"):
        workspace = copy.deepcopy(sound)
        background(workspace)["modifiers"][0]["data"][column][1] = value
        finding = only(workspace)
        assert (finding.severity, finding.kind) == ("error", "not finite")
        assert where(finding) == ("sr", "background", "tilt", (1,))
    sound["observations"][0]["data"][0] = value
    assert where(only(sound)) == ("sr", "", "", (0,))


def test_an_empty_template_is_a_warning_and_an_empty_signal_an_error(sound: Workspace) -> None:
    rare = {"name": "rare", "data": [0.0, 0.0, 0.0], "modifiers": []}
    sound["channels"][0]["samples"].append(rare)
    assert (only(sound).severity, only(sound).kind, only(sound).sample) == ("warning", "empty", "rare")
    sound["channels"][0]["samples"].pop()
    sound["channels"][0]["samples"][0]["data"] = [0.0, 0.0, 0.0]
    assert errors_of(preflight(sound)) == "no region has a signal, of which 'mu' is the normalisation"


def test_events_where_no_background_expects_any_are_an_error(sound: Workspace) -> None:
    sample = background(sound)
    sample["data"][0] = 0.0
    sample["modifiers"] = sample["modifiers"][1:2]
    assert "sr has 100 events in bin 0, where no background expects any" in errors_of(preflight(sound))
    sound["observations"][0]["data"][0] = 0.0
    assert (only(sound).severity, only(sound).kind, only(sound).bins) == ("warning", "empty", (0,))


def test_variations_above_100_percent_are_named_with_their_worst_bin_first(sound: Workspace) -> None:
    background(sound)["modifiers"][0]["data"] = {"hi_data": [210, 80, 400], "lo_data": [90, 80, 110]}
    finding = only(sound)
    assert finding.kind == "above 100 %"
    assert where(finding) == ("sr", "background", "tilt", (2, 0))
    assert finding.value == pytest.approx(400 / 120 - 1)
    assert "bin 2 and 1 others by +233% and -8%" in finding.message


def test_a_shift_the_same_way_up_and_down_is_one_sided(sound: Workspace) -> None:
    background(sound)["modifiers"][0]["data"] = {
        "hi_data": [110.0, 80.0, 118.9],
        "lo_data": [105.0, 80.0, 118],
    }
    finding = only(sound)  # of less than 1 % in bin 2 nothing is said
    assert finding.kind == "one-sided"
    assert where(finding) == ("sr", "background", "tilt", (0,))
    assert finding.value == pytest.approx(0.05)


def test_a_shift_without_its_other_side_is_one_sided(sound: Workspace) -> None:
    background(sound)["modifiers"][0]["data"]["lo_data"] = [100.0, 80.0, 120.0]
    assert only(sound).kind == "one-sided"
    assert "is shifted up only" in only(sound).message


@pytest.mark.parametrize(
    ("high", "low", "kind"),
    [(2.5, 0.5, "above 100 %"), (1.1, 1.05, "one-sided"), (1.2, 1.0, "one-sided"), (1.2, 0.0, "negative")],
)
def test_normalisations_are_looked_at_likewise(sound: Workspace, high: float, low: float, kind: str) -> None:
    background(sound)["modifiers"][1]["data"] = {"hi": high, "lo": low}
    assert only(sound).kind == kind
    assert where(only(sound))[:3] == ("sr", "background", "yield")


def test_simulation_with_fewer_events_than_data_is_found(sound: Workspace) -> None:
    # 100 expected events that stand for 25 simulated ones of weight 4: variance 400
    background(sound)["modifiers"][2]["data"][0] = 20.0
    finding = only(sound)
    assert finding.kind == "thin simulation"
    assert where(finding) == ("sr", "background", "statistics", (0,))
    assert finding.value == pytest.approx(4.0)
    assert "0.25 events for each expected one" in finding.message


def test_few_events_in_the_signal_window_are_found_with_what_asymptotics_errs(sound: Workspace) -> None:
    sound["channels"][0]["samples"][0]["data"] = [0.1, 5.0, 0.1]
    sample = background(sound)
    sample["data"][1] = 3.0
    sample["modifiers"] = []
    (finding,) = preflight(sound, 0.90)
    assert (finding.kind, finding.bins) == ("few events", (1,))
    assert finding.value == pytest.approx(asymptotic_overstatement(3.0, 0.90))
    assert "3 background events expected where 90% of the signal is" in finding.message


def test_a_workspace_that_cannot_be_read_is_an_error(sound: Workspace) -> None:
    assert "the workspace has no channels, observations, measurements" in errors_of(preflight({}))
    sound["observations"][0]["data"].append(1.0)
    assert "sr/signal has 3 bins, expected 4" in errors_of(preflight(sound))


def test_what_is_found_survives_json(sound: Workspace) -> None:
    background(sound)["modifiers"][1]["data"] = {"hi": 1.2, "lo": 0.0}
    for finding in preflight(sound):
        assert Finding.from_json(finding.as_json()) == finding


def test_the_same_finding_at_many_points_is_one_line(sound: Workspace) -> None:
    points = {}
    for percent in (110, 150, 130):
        background(sound)["modifiers"][1]["data"] = {"hi": 1 + percent / 100, "lo": 0.5}
        points[f"{percent} GeV"] = preflight(sound)
    (line,) = summarise({**points, "5 GeV": ()})
    assert line == (
        "warning, above 100 %: 3 of 4 points, worst 150 GeV: sr/background/yield changes the sample "
        "by +150% and -50%"
    )


def test_several_findings_of_a_kind_in_one_workspace_are_one_point() -> None:
    found = [Finding("warning", "one-sided", "sr", "b", "tilt", (k,), k, f"in bin {k}") for k in range(3)]
    (line,) = summarise({"2 GeV": found, "3 GeV": ()})
    assert line == "warning, one-sided: 2 GeV: in bin 2"
    (line,) = summarise({"2 GeV": found, "3 GeV": found[:1]})
    assert line.startswith("warning, one-sided: 2 of 2 points, worst 2 GeV")
