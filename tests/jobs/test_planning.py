from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkbelle.datasets import read_datasets
from darkbelle.errors import ConfigurationError, DuplicateEventsError, NtupleError
from darkbelle.jobs.inspection import chunk_edges
from darkbelle.jobs.plan import load_plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.ntuple.writing import write_ntuple

if TYPE_CHECKING:
    from tests.jobs.conftest import Samples

CHANNEL = "zprime_invisible"
QUARANTINE = PlanOptions(quarantine=True)
CHECK = PlanOptions(check_events=True)


@settings(deadline=None)
@given(st.lists(st.sampled_from([1, 1, 2, 9, 700]), max_size=200), st.integers(1, 500))
def test_chunks_cover_all_rows_and_split_no_event(sizes: list[int], chunk_rows: int) -> None:
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    boundaries, rows = np.cumsum([0, *sizes]), sum(sizes)
    edges = chunk_edges(rows, chunk_rows, lambda start, stop: numbers[start:stop])
    # each edge is the boundary nearest to its place, which is at most half an event off
    places = np.linspace(0, rows, max(1, -(-rows // chunk_rows)) + 1)
    distances = np.abs(boundaries - places[:, None])
    assert edges[0] == 0
    assert edges[-1] == rows
    assert list(edges) == sorted(set(edges))
    assert set(edges) <= set(boundaries.tolist())
    assert np.array_equal(np.abs(np.array(edges) - places[:, None]).min(axis=1), distances.min(axis=1))


def test_only_rows_near_the_edges_are_read() -> None:
    numbers = np.repeat(np.arange(500_000), 2)
    read = []

    def event_numbers(start: int, stop: int) -> NDArray[np.int64]:
        read.append(stop - start)
        return numbers[start:stop]

    assert chunk_edges(1_000_000, 300_001, event_numbers) == (0, 250_000, 500_000, 750_000, 1_000_000)
    assert len(read) == 3
    assert sum(read) < 1_000


def test_a_plan_has_chunks_on_event_boundaries(samples: Samples, tmp_path: Path) -> None:
    columns = samples.ntuple(300, 0, 1)
    samples.add("mumu", "a.root", columns)
    plan = make_plan(CHANNEL, samples.write(), tmp_path / "run", PlanOptions(chunk_rows=40))
    (file,) = plan.datasets["mumu"].files
    assert file.entries == len(columns["__event__"])
    assert len(file.edges) > 10
    starts = np.flatnonzero(np.diff(columns["__event__"].astype(int), prepend=-1))
    assert set(file.edges[:-1]) <= set(starts.tolist())


def test_a_plan_reads_back_as_it_was_written(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(20, 0, 1))
    options = PlanOptions(processor={"thresholds": {"max_dr": 0.25}}, seed=3)
    plan = make_plan(CHANNEL, samples.write(), tmp_path / "run", options)
    assert load_plan(tmp_path / "run") == plan
    assert load_plan(tmp_path / "run").digest == plan.digest
    assert plan.options["thresholds"]["max_dr"] == 0.25
    assert plan.options["thresholds"]["max_dz"] > 0  # the defaults are written down as well


def test_inputs_depend_neither_on_chunks_nor_on_the_place_of_the_files(
    samples: Samples, tmp_path: Path
) -> None:
    samples.add("mumu", "a.root", samples.ntuple(50, 0, 1))
    first = make_plan(CHANNEL, samples.write(), tmp_path / "run")
    samples.folder.rename(tmp_path / "moved")
    moved = tmp_path / "moved" / "datasets.yaml"
    second = make_plan(CHANNEL, moved, tmp_path / "run", PlanOptions(chunk_rows=7))
    assert first.inputs == second.inputs
    assert first.digest != second.digest
    third = make_plan(CHANNEL, moved, tmp_path / "run", PlanOptions(seed=1))
    assert third.inputs != first.inputs


def test_all_bad_files_are_reported_at_once(samples: Samples, tmp_path: Path) -> None:
    whole = samples.add("mumu", "whole.root", samples.ntuple(100, 0, 1))
    samples.add("mumu", "truncated.root").write_bytes(whole.read_bytes()[:20_000])
    samples.add("mumu", "nothing.root").write_bytes(b"")
    samples.add("mumu", "text.root").write_text("this is not ROOT")
    samples.add("mumu", "gone.root")
    columns = samples.ntuple(100, 100, 2)
    del columns["mu_p_px"]
    samples.add("mumu", "without.root", columns)
    samples.add("mumu", "empty.root", samples.ntuple(0, 0, 1))
    samples.add("mumu", "tree.root")
    write_ntuple(samples.folder / "tree.root", samples.ntuple(10, 900, 1), tree="other")
    with pytest.raises(NtupleError, match="7 files cannot be used") as raised:
        make_plan(CHANNEL, samples.write(), tmp_path / "run")
    message = str(raised.value)
    for name in ("truncated", "nothing", "text", "gone", "without", "empty", "tree"):
        assert f"{name}.root" in message
    assert "whole.root" not in message
    assert "mu_p_px" in message
    assert "--quarantine" in message
    assert not (tmp_path / "run").exists()


def test_bad_files_can_be_quarantined_with_their_reasons(samples: Samples, tmp_path: Path) -> None:
    rows = [len(samples.ntuple(100, 0, seed)["__event__"]) for seed in (1, 2)]
    whole = samples.add("mumu", "a.root", samples.ntuple(100, 0, 1))
    samples.add("mumu", "truncated.root").write_bytes(whole.read_bytes()[:20_000])
    columns = samples.ntuple(100, 100, 2)
    del columns["nTracks"]
    samples.add("mumu", "without.root", columns)
    plan = make_plan(CHANNEL, samples.write(), tmp_path / "run", QUARANTINE)
    kinds = {Path(item.path).name: (item.kind, item.rows, item.estimated) for item in plan.quarantined}
    # nobody knows the rows of a truncated file: they are taken to be those of the others
    assert kinds == {
        "truncated.root": ("unreadable", rows[0], True),
        "without.root": ("missing branch", rows[1], False),
    }
    assert [Path(file.path).name for file in plan.datasets["mumu"].files] == ["a.root"]


def test_an_empty_file_is_fine_if_that_is_said(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(10, 0, 1))
    samples.add("mumu", "empty.root", samples.ntuple(0, 0, 1))
    plan = make_plan(CHANNEL, samples.write(), tmp_path / "run", PlanOptions(allow_empty=True))
    assert not plan.quarantined
    assert [len(file.edges) - 1 for file in plan.datasets["mumu"].files] == [1, 0]


def test_truth_is_needed_of_simulation_only(samples: Samples, tmp_path: Path) -> None:
    columns = samples.ntuple(10, 0, 1)
    del columns["mu_p_mcPX"]
    samples.add("data", "a.root", columns)
    make_plan(CHANNEL, samples.write(), tmp_path / "run")
    samples.files = {"mumu": ["a.root"]}
    with pytest.raises(NtupleError, match="mcPX"):
        make_plan(CHANNEL, samples.write(), tmp_path / "run")


def test_a_file_listed_twice_is_found(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(10, 0, 1))
    samples.add("mumu", "a.root")
    with pytest.raises(DuplicateEventsError, match=r"a.root is listed twice"):
        make_plan(CHANNEL, samples.write(), tmp_path / "run")
    plan = make_plan(CHANNEL, samples.write(), tmp_path / "run", QUARANTINE)
    assert [item.rows for item in plan.quarantined] == [0]  # nothing is lost by it
    assert plan.datasets["mumu"].rows == len(samples.ntuple(10, 0, 1)["__event__"])


def test_a_copy_under_another_name_is_found_across_datasets_of_data(samples: Samples, tmp_path: Path) -> None:
    original = samples.add("data_1", "a.root", samples.ntuple(10, 0, 1))
    samples.add("data_2", "b.root").write_bytes(original.read_bytes())
    with pytest.raises(DuplicateEventsError, match=r"b.root is a copy of .*a.root"):
        make_plan(CHANNEL, samples.write(), tmp_path / "run")


def test_events_in_two_files_are_found(samples: Samples, tmp_path: Path) -> None:
    samples.add("data", "a.root", samples.ntuple(100, 0, 1))
    samples.add("data", "b.root", samples.ntuple(100, 90, 2))
    samples.add("data", "c.root", samples.ntuple(100, 190, 3))
    with pytest.raises(
        DuplicateEventsError, match=r"b.root has 10 of its 100 events in common with .*a.root"
    ):
        make_plan(CHANNEL, samples.write(), tmp_path / "run", CHECK)
    plan = make_plan(CHANNEL, samples.write(), tmp_path / "run", QUARANTINE)
    # the 90 events that only b has are lost; c shares none with a, which is read
    events = samples.ntuple(100, 90, 2)["__event__"]
    assert [item.rows for item in plan.quarantined] == [np.count_nonzero(events >= 100)]
    assert [Path(file.path).name for file in plan.datasets["data"].files] == ["a.root", "c.root"]


def test_simulated_datasets_may_share_event_numbers(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(50, 0, 1))
    samples.add("more", "b.root", samples.ntuple(50, 0, 2))
    samples.add("data", "c.root", samples.ntuple(50, 0, 3))
    assert not make_plan(CHANNEL, samples.write(), tmp_path / "run", CHECK).quarantined


def test_candidates_for_two_regions_may_be_of_the_same_collisions(samples: Samples, tmp_path: Path) -> None:
    samples.add("data_1", "a.root", samples.ntuple(50, 0, 1))
    samples.add("data_2", "b.root", samples.ntuple(50, 0, 2))
    datasets = read_datasets(samples.write())
    with pytest.raises(DuplicateEventsError, match="in common"):
        make_plan(CHANNEL, datasets, tmp_path / "run", CHECK)
    datasets["data_1"] = datasets["data_1"].model_copy(update={"region": "sr"})
    assert not make_plan(CHANNEL, datasets, tmp_path / "run", CHECK).quarantined


def test_the_same_event_numbers_in_different_runs_are_different_events(
    samples: Samples, tmp_path: Path
) -> None:
    samples.add("data", "a.root", samples.ntuple(50, 0, 1, run=3))
    samples.add("data", "b.root", samples.ntuple(50, 0, 2, run=4))
    assert not make_plan(CHANNEL, samples.write(), tmp_path / "run", CHECK).quarantined


def test_interleaved_events_of_two_files_are_no_duplicates(samples: Samples, tmp_path: Path) -> None:
    for first, name in ((0, "even.root"), (1, "odd.root")):
        columns = samples.ntuple(50, 0, 1)
        columns["__event__"] = 2 * columns["__event__"] + np.uint32(first)
        samples.add("data", name, columns)
    assert not make_plan(CHANNEL, samples.write(), tmp_path / "run", CHECK).quarantined


def test_an_event_that_begins_twice_in_a_file_is_found(samples: Samples, tmp_path: Path) -> None:
    once = samples.ntuple(20, 0, 1)
    samples.add("data", "a.root", {name: np.concatenate([values, values]) for name, values in once.items()})
    with pytest.raises(DuplicateEventsError, match=r"begins in row .* and again in row"):
        make_plan(CHANNEL, samples.write(), tmp_path / "run", CHECK)


def test_a_candidate_that_stands_twice_in_its_event_is_found(samples: Samples, tmp_path: Path) -> None:
    once = samples.ntuple(20, 0, 1)
    samples.add("data", "a.root", {name: np.repeat(values, 2) for name, values in once.items()})
    with pytest.raises(DuplicateEventsError, match="repeat a candidate of the same event"):
        make_plan(CHANNEL, samples.write(), tmp_path / "run", CHECK)


def test_a_process_that_the_channel_does_not_know_is_refused(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(5, 0, 1))
    path = samples.write()
    path.write_text(path.read_text().replace("process: mumu", "process: nunu"))
    with pytest.raises(ConfigurationError, match="process 'nunu', which channel 'zprime_invisible'"):
        make_plan(CHANNEL, path, tmp_path / "run")


def test_a_region_that_the_channel_does_not_know_is_refused(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(5, 0, 1))
    path = samples.write()
    path.write_text(path.read_text().replace("process: mumu", "process: mumu\n    region: sideband"))
    with pytest.raises(ConfigurationError, match="region 'sideband', which channel 'zprime_invisible'"):
        make_plan(CHANNEL, path, tmp_path / "run")


def test_a_dataset_without_a_region_is_refused_where_each_is_of_one(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(5, 0, 1))
    path = samples.write()
    path.write_text(path.read_text().replace("process: mumu", "process: ccbar"))
    with pytest.raises(ConfigurationError, match=r"names no region.*d_star, d_plus, k_short, jpsi"):
        make_plan("momentum_scale", path, tmp_path / "run")


def test_files_without_event_keys_are_refused_with_the_cure(samples: Samples, tmp_path: Path) -> None:
    columns = samples.ntuple(5, 0, 1)
    del columns["__event__"]
    samples.add("mumu", "a.root", columns)
    with pytest.raises(NtupleError, match="__event__"):
        make_plan(CHANNEL, samples.write(), tmp_path / "run")
