"""A few rows that kill their worker cost nothing but themselves."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from darkbelle.jobs.bisection import halved
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.plan import load_plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import merge_only, run
from darkbelle.jobs.tasks import Receipt, Task
from darkbelle.ntuple.keys import keys_of_table
from darkbelle.ntuple.tables import open_table

CHANNEL = "zprime_invisible"

Products = Callable[[Path], dict[str, bytes]]


@dataclass(frozen=True)
class Doing(Executor):
    """Another executor, which does other work than it is given."""

    executor: Executor
    work: Work

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:  # noqa: ARG002
        yield from self.executor.receipts(self.work, tasks)


@pytest.fixture(scope="module")
def works() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("works")


@pytest.fixture(
    params=["two processes", pytest.param("condor", marks=[pytest.mark.condor, pytest.mark.slow])]
)
def executor(request: pytest.FixtureRequest) -> Executor:
    if request.param == "condor":
        request.getfixturevalue("pool")
        return CondorExecutor(chunks_per_job=8, memory=900, interval=0.2)
    return LocalExecutor(workers=2)


@pytest.mark.timeout(300)
def test_only_the_deadly_event_is_lost(
    executor: Executor, works: Any, two_datasets: Path, tmp_path: Path
) -> None:
    plan = make_plan(CHANNEL, two_datasets, tmp_path, PlanOptions(chunk_rows=400))
    file = plan.datasets["mumu"].files[0]
    boundaries = keys_of_table(open_table(file.path, "variables")).boundaries().tolist()
    event = max(edge for edge in boundaries if edge <= 333), min(edge for edge in boundaries if edge > 333)
    report = run(tmp_path, Doing(executor, works.process_but_die_at_row_333))
    assert [(chunk.start, chunk.stop) for chunk, _ in report.failed] == [event]
    assert not report.merged
    assert report.rows_lost == event[1] - event[0]
    assert report.chunks == load_plan(tmp_path).count_chunks() > plan.count_chunks()
    merged = merge_only(tmp_path, allow_loss=True)
    assert merged.accounts["mumu"].processed == plan.datasets["mumu"].rows - report.rows_lost
    (lost,) = json.loads((tmp_path / "result.json").read_text())["quarantined"]
    assert (lost["start"], lost["stop"]) == event
    assert "WorkerLost" in lost["reason"]


def test_what_is_too_big_for_the_machine_is_done_in_smaller_chunks(
    works: Any, two_datasets: Path, tmp_path: Path, products: Products
) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path / "whole")
    run(tmp_path / "whole", LocalExecutor())
    make_plan(CHANNEL, two_datasets, tmp_path / "small", PlanOptions(chunk_rows=150))
    report = run(tmp_path / "small", Doing(LocalExecutor(workers=2), works.process_no_more_than_100_rows))
    assert report.failed == ()
    assert report.computed == report.chunks
    assert products(tmp_path / "small") == products(tmp_path / "whole")


def test_halves_meet_on_event_boundaries_and_other_chunks_keep_their_keys(
    two_datasets: Path, tmp_path: Path
) -> None:
    plan = make_plan(CHANNEL, two_datasets, tmp_path, PlanOptions(chunk_rows=200))
    chunks = list(plan.chunks())
    keys = [chunk.key for chunk in chunks]
    finer = list(halved(plan, [chunks[1]]).chunks())
    assert [chunk.key for chunk in finer if chunk.key in keys] == [keys[0], *keys[2:]]
    first, second = (chunk for chunk in finer if chunk.key not in keys)
    assert (first.start, second.stop) == (chunks[1].start, chunks[1].stop)
    assert first.stop == second.start
    assert abs(first.rows - second.rows) <= 3  # no event has more candidates
    boundaries = keys_of_table(open_table(first.file.path, "variables")).boundaries().tolist()
    assert first.stop in boundaries


def test_a_single_event_is_not_cut(two_datasets: Path, tmp_path: Path) -> None:
    plan = make_plan(CHANNEL, two_datasets, tmp_path, PlanOptions(chunk_rows=1))
    assert halved(plan, plan.chunks()) == plan


def test_a_plan_made_anew_keeps_the_cuts_unless_it_is_another_one(two_datasets: Path, tmp_path: Path) -> None:
    options = PlanOptions(chunk_rows=200)
    plan = make_plan(CHANNEL, two_datasets, tmp_path, options)
    finer = halved(plan, list(plan.chunks())[:2])
    finer.write(tmp_path)
    assert make_plan(CHANNEL, two_datasets, tmp_path, options) == finer
    other = make_plan(CHANNEL, two_datasets, tmp_path, PlanOptions(chunk_rows=250))
    assert other == make_plan(CHANNEL, two_datasets, tmp_path / "new", PlanOptions(chunk_rows=250))
