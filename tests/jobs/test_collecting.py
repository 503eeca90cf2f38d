"""What is made of receipts: each task counts once, whatever comes."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from darkbelle.errors import DiskFullError, RunError
from darkbelle.jobs.collecting import collect
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.progress import silent
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Failure, Receipt, Task
from darkbelle.results import ChunkOutput

KEY = "a" * 64
GOOD = Receipt(KEY, 10)
BAD = Receipt(KEY, 0, failure=Failure("permanent", "ValueError", "no"))


@dataclass(frozen=True)
class Recorded(Executor):
    """Gives the receipts that it was made with."""

    given: tuple[Receipt, ...]

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:  # noqa: ARG002
        yield from self.given


def failures(folder: Path, *receipts: Receipt, stored: bool = False) -> dict[str, Failure]:
    store = ResultStore(folder)
    if stored:
        store.put(KEY, ChunkOutput(10, 9))
    return collect(lambda task: task, (), {KEY: 10}, store, Recorded(receipts), silent)


def test_a_second_receipt_changes_nothing(tmp_path: Path) -> None:
    assert failures(tmp_path, GOOD, GOOD, stored=True) == {}


def test_a_failure_is_kept_once(tmp_path: Path) -> None:
    assert failures(tmp_path, BAD, BAD) == {KEY: BAD.failure}
    assert ResultStore(tmp_path).failure(KEY) == BAD.failure


@pytest.mark.parametrize("receipts", [(BAD,), (BAD, GOOD), (GOOD, BAD)])
def test_what_is_stored_whole_is_done_whatever_its_worker_says(
    receipts: tuple[Receipt, ...], tmp_path: Path
) -> None:
    assert failures(tmp_path, *receipts, stored=True) == {}


def test_a_damaged_result_does_not_make_up_for_a_failure(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.put(KEY, ChunkOutput(10, 9))
    store.path(KEY).write_bytes(store.path(KEY).read_bytes()[:50])
    assert failures(tmp_path, BAD) == {KEY: BAD.failure}


def test_a_receipt_of_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="a receipt for task bbbbbbbbbbbb, which it was not given"):
        failures(tmp_path, Receipt("b" * 64, 10))


def test_a_full_folder_of_ours_stops_the_run_and_one_of_a_worker_does_not(tmp_path: Path) -> None:
    full = Failure("permanent", "DiskFullError", f"{tmp_path}/chunks/aa has no room for x")
    with pytest.raises(DiskFullError, match="has no room for x"):
        failures(tmp_path, Receipt(KEY, 0, failure=full))
    scratch = Failure("permanent", "DiskFullError", "/var/scratch/job has no room for x")
    assert failures(tmp_path, Receipt(KEY, 0, failure=scratch)) == {KEY: scratch}
