from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster

from darkbelle.datasets import Dataset
from darkbelle.errors import ConfigurationError, RunError
from darkbelle.jobs.executors.base import Executor
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.executors.registry import EXECUTORS, make_executor
from darkbelle.jobs.tasks import ChunkTask

CONDOR = pytest.mark.condor
DATASET = Dataset(process="data", files=("a.root",), luminosity_fb=1.0)


def tasks(count: int, run: str = ".") -> Iterator[ChunkTask]:
    """Tasks of ten rows each."""
    for i in range(count):
        yield ChunkTask(
            key=f"{i:064x}",
            run=run,
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


@pytest.fixture(scope="module")
def works() -> Iterator[Any]:
    """Module of work that worker processes can import as well: they inherit the path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("works")


@pytest.fixture(scope="module")
def scheduler(works: Any) -> Iterator[str]:  # noqa: ARG001  # workers start with its path
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        ) as cluster,
    ):
        yield cluster.scheduler_address


# every executor has to pass the tests below: to add one, add a line
@pytest.fixture(params=["this process", "two processes", "dask", pytest.param("condor", marks=CONDOR)])
def executor(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Executor:
    monkeypatch.chdir(tmp_path)  # the run folder of these tasks
    if request.param == "condor":
        request.getfixturevalue("pool")
        return CondorExecutor(chunks_per_job=4, memory=500, interval=0.2)
    if request.param == "dask":
        return DaskExecutor(scheduler=request.getfixturevalue("scheduler"))
    return LocalExecutor(workers=1 if request.param == "this process" else 2)


def test_each_task_gets_one_receipt(executor: Executor, works: Any) -> None:
    receipts = list(executor.receipts(works.count_rows, tasks(25)))
    assert sorted(receipt.key for receipt in receipts) == [task.key for task in tasks(25)]
    assert all(receipt.rows == 10 and receipt.failure is None for receipt in receipts)


def test_no_task_is_no_receipt(executor: Executor, works: Any) -> None:
    assert list(executor.receipts(works.count_rows, iter(()))) == []


@pytest.mark.parametrize(
    "executor", ["two processes", "dask", pytest.param("condor", marks=CONDOR)], indirect=True
)
def test_a_task_that_kills_its_worker_is_lost_and_no_other(executor: Executor, works: Any) -> None:
    receipts = {receipt.key: receipt for receipt in executor.receipts(works.die_at_entry_20, tasks(8))}
    assert len(receipts) == 8
    (lost,) = (receipt for receipt in receipts.values() if receipt.failure)
    assert lost.key == f"{2:064x}"
    assert lost.failure is not None
    assert lost.failure.kind == "lost"
    assert "entries 20 to 30" in lost.failure.notes[0]


# a batch is submitted as a whole
@pytest.mark.parametrize("executor", ["this process", "two processes", "dask"], indirect=True)
def test_tasks_are_drawn_as_they_are_needed(executor: Executor, works: Any) -> None:
    drawn = []

    def watched() -> Iterator[ChunkTask]:
        for task in tasks(200):
            drawn.append(task)
            yield task

    receipts = executor.receipts(works.count_rows, watched())
    next(receipts)
    receipts.close()
    assert len(drawn) < 100


def test_a_scheduler_that_is_not_there_is_said_so(works: Any) -> None:
    with pytest.raises(RunError, match=r"no Dask worker at tcp://127.0.0.1:1 within 0.5 s"):
        list(DaskExecutor(scheduler="tcp://127.0.0.1:1", patience=0.5).receipts(works.count_rows, tasks(1)))


def test_executors_are_made_by_name() -> None:
    assert make_executor("local", workers=3, scheduler=None) == LocalExecutor(workers=3)
    assert make_executor("dask", workers=None, scheduler="tcp://a:1") == DaskExecutor(scheduler="tcp://a:1")


def test_an_option_of_another_executor_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'local' takes no scheduler, it takes: workers"):
        make_executor("local", scheduler="tcp://a:1")


def test_an_unknown_executor_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=", ".join(EXECUTORS)):
        make_executor("slurm")
