"""What may happen to Dask workers, and what one can ask for."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from darkbelle.errors import ConfigurationError, RunError
from darkbelle.jobs.api import run as run_from_python
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import run
from darkbelle.jobs.tasks import ChunkTask, Receipt, Task

CHANNEL = "zprime_invisible"

Products = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def works() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("works")


@pytest.fixture
def planned(two_datasets: Path, tmp_path: Path) -> Path:
    make_plan(CHANNEL, two_datasets, tmp_path / "run", PlanOptions(chunk_rows=300))
    return tmp_path / "run"


@pytest.fixture(scope="module")
def expected(
    two_datasets: Path, tmp_path_factory: pytest.TempPathFactory, products: Products
) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("local")
    make_plan(CHANNEL, two_datasets, folder, PlanOptions(chunk_rows=300))
    run(folder, LocalExecutor())
    return products(folder)


@dataclass(frozen=True)
class Doing(Executor):
    """Another executor, which does other work than it is given."""

    executor: Executor
    work: Work

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:  # noqa: ARG002
        yield from self.executor.receipts(self.work, tasks)


@dataclass(frozen=True)
class Interrupting(Executor):
    """Another executor, with something that is done after its first receipt."""

    executor: Executor
    act: Callable[[], object]

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        receipts = self.executor.receipts(work, tasks)
        yield next(receipts)
        self.act()
        yield from receipts


@pytest.fixture
def cluster(works: Any) -> Iterator[LocalCluster]:  # noqa: ARG001  # workers start with its path
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        yield cluster


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_chunk_that_takes_too_much_memory_is_done_in_smaller_ones(
    works: Any, two_datasets: Path, tmp_path: Path, expected: dict[str, bytes], products: Products
) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path, PlanOptions(chunk_rows=400))
    report = run(tmp_path, Doing(DaskExecutor(workers=2, memory=700), works.process_hungrily))
    assert report.failed == ()
    assert report.chunks > 9
    assert products(tmp_path) == expected


@pytest.mark.timeout(120)
def test_all_workers_gone_is_an_error_and_another_executor_goes_on(
    cluster: LocalCluster, planned: Path, expected: dict[str, bytes], products: Products
) -> None:
    executor = DaskExecutor(scheduler=cluster.scheduler_address, patience=2)
    with pytest.raises(RunError, match=r"all Dask workers have been gone.*run again, with any executor"):
        run(planned, Interrupting(executor, lambda: cluster.scale(0)))
    report = run(planned, LocalExecutor())
    assert report.reused >= 1
    assert products(planned) == expected


@pytest.mark.timeout(120)
def test_a_scheduler_that_goes_away_is_an_error_and_another_executor_goes_on(
    cluster: LocalCluster, planned: Path, expected: dict[str, bytes], products: Products
) -> None:
    executor = DaskExecutor(scheduler=cluster.scheduler_address, patience=2)
    with pytest.raises(RunError, match="scheduler"):
        run(planned, Interrupting(executor, cluster.close))
    assert run(planned, LocalExecutor()).reused >= 1
    assert products(planned) == expected


@pytest.mark.timeout(120)
def test_a_worker_that_is_killed_costs_nothing(
    cluster: LocalCluster, planned: Path, expected: dict[str, bytes], products: Products
) -> None:
    executor = DaskExecutor(scheduler=cluster.scheduler_address)
    (pid, _) = (worker.pid for worker in cluster.workers.values())
    assert run(planned, Interrupting(executor, lambda: os.kill(pid, signal.SIGKILL))).failed == ()
    assert products(planned) == expected


def test_a_client_of_ones_own_does_the_work_and_stays_open(
    cluster: LocalCluster, two_datasets: Path, tmp_path: Path, expected: dict[str, bytes], products: Products
) -> None:
    with Client(cluster) as client:
        plan = PlanOptions(chunk_rows=300)
        done = run_from_python(CHANNEL, two_datasets, tmp_path / "run", client=client, plan=plan)
        assert done.report.computed == done.report.chunks
        assert client.submit(sum, (1, 2)).result() == 3
    assert products(tmp_path / "run") == expected


def test_a_client_without_workers_is_said_so(works: Any, tmp_path: Path) -> None:
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
        pytest.raises(RunError, match=r"no Dask worker of <Client.* within 0\.3 s; start workers for it"),
    ):
        list(DaskExecutor(client=client, patience=0.3).receipts(works.count_rows, [task(tmp_path)]))


def test_the_performance_report_names_what_was_done(works: Any, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    executor = DaskExecutor(workers=1, performance_report=file)
    assert len(list(executor.receipts(works.count_rows, [task(tmp_path)]))) == 1
    assert "work_in_time" in file.read_text()


def test_the_dashboard_is_shown(works: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "darkbelle"):
        list(DaskExecutor(workers=1, dashboard=True).receipts(works.count_rows, [task(tmp_path)]))
    assert "dashboard: http://127.0.0.1:" in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheduler": "tcp://127.0.0.1:1", "cluster": "condor"}, "has its own workers"),
        ({"scheduler": "tcp://127.0.0.1:1", "memory": 100}, "has its own workers"),
        ({"site": "naf"}, "add --cluster condor"),
        ({"listen": "127.0.0.1"}, "add --cluster condor"),
        ({"performance_report": "no/such/folder/a.html"}, "does not exist; make it"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        DaskExecutor(**options)


def task(run: Path) -> Task:
    """A task of ten rows."""
    from darkbelle.datasets import Dataset

    return ChunkTask(
        key="0" * 64,
        run=str(run),
        channel=CHANNEL,
        options={},
        seed=0,
        code="",
        name="data",
        dataset=Dataset(process="data", files=("a.root",), luminosity_fb=1.0),
        path="a.root",
        fingerprint="",
        start=0,
        stop=10,
    )
