"""A worker that makes no progress is ended like one that died; a chunk too big for memory is made smaller."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from darkbelle.datasets import Dataset
from darkbelle.jobs.bisection import halved
from darkbelle.jobs.executors import local
from darkbelle.jobs.executors.base import Executor
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.tasks import ChunkTask, Failure, is_transient

DATASET = Dataset(process="data", files=("a.root",), luminosity_fb=1.0)


@pytest.fixture(scope="module")
def works() -> Iterator[Any]:
    """Module of work that worker processes can import as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("works")


def tasks(count: int, run: Path) -> Iterator[ChunkTask]:
    for i in range(count):
        yield ChunkTask(
            key=f"{i:064x}",
            run=str(run),
            channel="zprime_invisible",
            options={},
            seed=0,
            code="",
            name="data",
            dataset=DATASET,
            path="a.root",
            fingerprint="",
            start=10 * i,
            stop=10 * i + 10,
        )


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", ["sleeping", "never yielding", "stopped"])
def test_a_process_that_stalls_is_killed_and_only_its_chunk_is_lost(
    how: str, works: Any, tmp_path: Path
) -> None:
    executor = LocalExecutor(workers=1, chunk_timeout=1.0)
    work = {"sleeping": works.sleep_at_entry_20, "never yielding": works.hang_at_entry_20}
    check(executor, work.get(how, works.stop_at_entry_20), tmp_path, "it took longer than the limit of 1 s")


def test_the_process_itself_is_not_ended_but_says_that_a_chunk_takes_long(
    works: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(local, "CHUNK_TIMEOUT", 0.05)
    receipts = list(LocalExecutor().receipts(works.dawdle_at_entry_20, tasks(4, tmp_path)))
    assert [receipt.failure for receipt in receipts] == [None] * 4
    (warning,) = caplog.messages
    assert "dataset 'data', file a.root, entries 20 to 30 has taken longer than 0.05 s" in warning
    assert "--chunk-timeout" in warning


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", ["sleeping", "never yielding"])
def test_a_dask_worker_that_stalls_ends_itself(how: str, works: Any, tmp_path: Path) -> None:
    executor = DaskExecutor(workers=1, chunk_timeout=1.0)
    work = works.sleep_at_entry_20 if how == "sleeping" else works.hang_at_entry_20
    check(executor, work, tmp_path, "more time, which --chunk-timeout sets")


def check(executor: Executor, work: Callable[..., Any], folder: Path, reason: str) -> None:
    receipts = {receipt.key: receipt for receipt in executor.receipts(work, tasks(5, folder))}
    (lost,) = (receipt for receipt in receipts.values() if receipt.failure)
    assert len(receipts) == 5
    assert lost.key == f"{2:064x}"
    assert lost.failure is not None
    assert lost.failure.deadly
    assert reason in lost.failure.message


@pytest.mark.timeout(180)
def test_a_chunk_that_stalls_once_is_done_in_the_end(works: Any, tmp_path: Path) -> None:
    executor = LocalExecutor(workers=1, chunk_timeout=1.0)
    receipts = list(executor.receipts(works.sleep_once_at_entry_20, tasks(4, tmp_path)))
    assert [receipt.failure for receipt in receipts] == [None] * 4
    assert receipts[-1].key == f"{2:064x}"


def test_a_death_takes_no_other_task_along(works: Any, tmp_path: Path) -> None:
    executor = LocalExecutor(workers=2)
    receipts = list(executor.receipts(works.die_at_entry_20, tasks(6, tmp_path)))
    (lost,) = (receipt.failure for receipt in receipts if receipt.failure)
    assert "its process was ended by SIGKILL" in lost.message


def test_want_of_memory_is_a_reason_to_make_a_chunk_smaller(two_datasets: Path, tmp_path: Path) -> None:
    with pytest.raises(MemoryError) as caught:
        bytearray(2**60)
    error = RuntimeError("while filling")
    error.__cause__ = caught.value
    failure = Failure.of(error)
    assert not is_transient(error)
    assert failure.kind == "memory"
    assert failure.deadly
    plan = make_plan("zprime_invisible", two_datasets, tmp_path, PlanOptions(chunk_rows=400))
    assert halved(plan, [next(plan.chunks())]).count_chunks() == plan.count_chunks() + 1
