"""An event that stands twice ends a run without a result, wherever its copy is."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.errors import DuplicateEventsError, UnreadableFileError
from darkbelle.jobs import shared_events
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.plan import Plan, load_plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import merge_only, run
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Receipt, Task
from darkbelle.runfolder import load_result

if TYPE_CHECKING:
    from tests.jobs.conftest import Samples

CHANNEL = "zprime_invisible"

Columns = dict[str, NDArray[Any]]


def planned(samples: Samples, folder: Path, chunk_rows: int = 60, **options: Any) -> Plan:
    return make_plan(CHANNEL, samples.write(), folder, PlanOptions(chunk_rows=chunk_rows, **options))


def joined(*parts: Columns) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class Dying(Executor):
    """Does two tasks, and then the driver dies."""

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        yield from map(work, islice(tasks, 2))
        raise KeyboardInterrupt


def without_products(folder: Path) -> bool:
    return not any((folder / name).exists() for name in ("result.json", "histograms.json", "cutflow.json"))


def test_an_event_that_begins_twice_in_a_chunk_fails_the_chunk(samples: Samples, tmp_path: Path) -> None:
    before, once = samples.ntuple(200, 100, 2), samples.ntuple(5, 0, 1)
    samples.add("data", "a.root", joined(before, once, once))
    planned(samples, tmp_path / "run", chunk_rows=150)
    report = run(tmp_path / "run", LocalExecutor())
    ((_, failure),) = report.failed
    assert failure.kind == "permanent"
    assert failure.type == "DuplicateEventsError"
    assert "a.root" in failure.message
    first = len(before["__event__"])  # of the file, not of the chunk
    assert f"begins in row {first} and again in row {first + len(once['__event__'])}," in failure.message
    assert without_products(tmp_path / "run")


def test_a_candidate_that_stands_twice_in_its_event_fails_the_chunk(samples: Samples, tmp_path: Path) -> None:
    once = samples.ntuple(40, 0, 1)
    samples.add("data", "a.root", {name: np.repeat(values, 2) for name, values in once.items()})
    planned(samples, tmp_path / "run")
    report = run(tmp_path / "run", LocalExecutor())
    assert all("repeat a candidate of the same event" in failure.message for _, failure in report.failed)
    assert len(report.failed) == report.chunks
    assert without_products(tmp_path / "run")


def test_an_event_in_two_chunks_of_a_file_is_found(samples: Samples, tmp_path: Path) -> None:
    once, more = samples.ntuple(30, 0, 1), samples.ntuple(200, 1000, 2)
    samples.add("data", "a.root", joined(once, more, once))
    planned(samples, tmp_path / "run")
    with pytest.raises(DuplicateEventsError, match=r"a\.root, entries \d+ to \d+ has ") as raised:
        run(tmp_path / "run", LocalExecutor())
    assert "events in common with" in str(raised.value)
    assert "experiment 1003, run 0, event 0, production 0" in str(raised.value)
    assert "--quarantine" in str(raised.value)
    assert without_products(tmp_path / "run")
    with pytest.raises(DuplicateEventsError, match="so nothing was merged"):
        merge_only(tmp_path / "run", allow_loss=True)  # which chunk is right is not ours to say


def test_an_event_that_an_edge_splits_is_found(samples: Samples, tmp_path: Path) -> None:
    columns = samples.ntuple(100, 0, 1)
    samples.add("data", "a.root", columns)
    plan = planned(samples, tmp_path / "run")
    inside = int(np.flatnonzero(columns["__candidate__"])[0])
    (file,) = plan.datasets["data"].files
    edges = tuple(sorted({*file.edges, inside}))
    dataset = plan.datasets["data"].model_copy(update={"files": (file.model_copy(update={"edges": edges}),)})
    plan.model_copy(update={"datasets": {"data": dataset}}).write(tmp_path / "run")
    with pytest.raises(
        DuplicateEventsError, match=f"has 1 events in common.*event {columns['__event__'][inside]},"
    ):
        run(tmp_path / "run", LocalExecutor())


def test_events_of_files_with_other_names_are_found_across_datasets_of_data(
    samples: Samples, tmp_path: Path
) -> None:
    samples.add("data_1", "a.root", samples.ntuple(100, 0, 1))
    samples.add("data_1", "b.root", samples.ntuple(100, 500, 2))
    samples.add("data_2", "c.root", samples.ntuple(100, 90, 3))
    planned(samples, tmp_path / "run", chunk_rows=1000)
    with pytest.raises(DuplicateEventsError, match=r"c\.root, .*has 10 events in common with .*a\.root"):
        run(tmp_path / "run", LocalExecutor())
    assert without_products(tmp_path / "run")
    assert not list((tmp_path / "run").rglob("*.parquet"))


def test_what_is_done_is_used_once_the_files_that_share_events_are_quarantined(
    samples: Samples, tmp_path: Path
) -> None:
    samples.add("data", "a.root", samples.ntuple(100, 0, 1))
    samples.add("data", "b.root", samples.ntuple(100, 90, 2))
    planned(samples, tmp_path / "run")
    with pytest.raises(DuplicateEventsError):
        run(tmp_path / "run", LocalExecutor())
    plan = planned(samples, tmp_path / "run", quarantine=True)
    (lost,) = plan.quarantined
    assert (Path(lost.path).name, lost.kind) == ("b.root", "duplicate")
    report = run(tmp_path / "run", LocalExecutor())
    assert report.computed == 0
    assert report.merged
    assert load_result(tmp_path / "run").datasets["data"].output.events == 100


def test_a_run_that_was_killed_and_goes_on_finds_them_as_well(samples: Samples, tmp_path: Path) -> None:
    samples.add("data", "a.root", samples.ntuple(100, 0, 1))
    samples.add("data", "b.root", samples.ntuple(100, 90, 2))
    samples.add("data", "c.root", samples.ntuple(100, 500, 3))
    planned(samples, tmp_path / "run", chunk_rows=1000)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", Dying())  # a and b are done
    with pytest.raises(DuplicateEventsError, match=r"b\.root, .*has 10 events in common with .*a\.root"):
        run(tmp_path / "run", LocalExecutor())
    assert without_products(tmp_path / "run")


@pytest.fixture
def interleaved(samples: Samples) -> Samples:
    """Files of one run, with even and with odd event numbers, as several jobs share the events of a run."""
    for first, name in ((0, "even.root"), (1, "odd.root")):
        columns = samples.ntuple(150, 0, first)
        columns["__event__"] = 2 * columns["__event__"] + np.uint32(first)
        samples.add("data", name, columns)
    return samples


@pytest.mark.parametrize("at_a_time", [10**9, 100])
def test_files_that_share_the_numbers_of_a_run_and_no_event_are_fine(
    at_a_time: int, interleaved: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_events, "ROWS_AT_A_TIME", at_a_time)
    planned(interleaved, tmp_path / "run")
    report = run(tmp_path / "run", LocalExecutor())
    assert report.complete
    assert load_result(tmp_path / "run").datasets["data"].output.events == 300


@pytest.mark.parametrize("at_a_time", [10**9, 100])
def test_one_event_among_them_that_stands_twice_is_found(
    at_a_time: int, interleaved: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_events, "ROWS_AT_A_TIME", at_a_time)
    extra = interleaved.ntuple(1, 0, 7)
    extra["__event__"][:] = 77
    columns = interleaved.ntuple(100, 1000, 8)
    interleaved.add("data", "extra.root", joined(extra, columns))
    planned(interleaved, tmp_path / "run")
    with pytest.raises(
        DuplicateEventsError, match=r"extra\.root, .* has 1 events in common with .*odd\.root, .*event 77,"
    ):
        run(tmp_path / "run", LocalExecutor())


def test_only_what_may_be_the_same_is_read_again(interleaved: Samples, tmp_path: Path) -> None:
    apart = interleaved.add("data", "apart.root", interleaved.ntuple(50, 10_000, 9))
    planned(interleaved, tmp_path / "run")
    run(tmp_path / "run", LocalExecutor())
    # all results are there, so that inputs are read for nothing else
    apart.unlink()
    assert merge_only(tmp_path / "run").complete
    (interleaved.folder / "odd.root").write_bytes(b"changed")
    with pytest.raises(UnreadableFileError, match=r"odd\.root has changed since the run was planned"):
        merge_only(tmp_path / "run")


def test_a_plan_that_has_compared_the_events_spares_the_merge_that(
    interleaved: Samples, tmp_path: Path
) -> None:
    planned(interleaved, tmp_path / "run", check_events=True)
    run(tmp_path / "run", LocalExecutor())
    (interleaved.folder / "odd.root").unlink()
    assert merge_only(tmp_path / "run").complete


def test_spans_are_kept_in_results_and_not_in_products(
    samples: Samples, tmp_path: Path, products: Callable[[Path], dict[str, bytes]]
) -> None:
    samples.add("mumu", "a.root", samples.ntuple(100, 40, 1))
    for folder, rows in ((tmp_path / "one", 1000), (tmp_path / "many", 20)):
        planned(samples, folder, chunk_rows=rows)
        run(folder, LocalExecutor())
    (chunk,) = load_plan(tmp_path / "one").chunks()
    assert ResultStore(tmp_path / "one").get(chunk.key).spans.tolist() == [[1003, 0, 0, 40, 139]]
    assert products(tmp_path / "one") == products(tmp_path / "many")
