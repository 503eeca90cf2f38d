"""What may happen to batch jobs, on a real HTCondor pool; skipped where there is none."""

from __future__ import annotations

import importlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from darkbelle.datasets import Dataset
from darkbelle.errors import RunError
from darkbelle.jobs.condor.batch import Batch, batches
from darkbelle.jobs.condor.eventlog import Kind, read_events
from darkbelle.jobs.condor.queue import queued
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.plan import load_plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import run
from darkbelle.jobs.tasks import ChunkTask, Receipt, Task
from darkbelle.jobs.verify import verify

pytestmark = [pytest.mark.condor, pytest.mark.usefixtures("pool"), pytest.mark.timeout(240)]

CHANNEL = "zprime_invisible"
DATASET = Dataset(process="data", files=("a.root",), luminosity_fb=1.0)

Products = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def works() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("works")


def tasks(count: int, run: Path) -> Iterator[ChunkTask]:
    for i in range(count):
        yield ChunkTask(
            key=f"{i:064x}",
            run=str(run),
            channel=CHANNEL,
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


def tool(name: str, *arguments: str) -> str:
    return subprocess.run([name, *arguments], capture_output=True, text=True, check=True).stdout


def until(what: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.1)


def site(folder: Path, **submit: str) -> str:
    """A site file with further submit lines."""
    file = folder / "site.yaml"
    content = {
        "description": "the pool of these tests",
        "memory": 300,
        "largest_memory": 900,
        "submit": {"should_transfer_files": "NO", **submit},
    }
    file.write_text(json.dumps(content))
    return str(file)


class Stopped(Exception):  # noqa: N818  # what happens to it, not what is wrong
    """The driver of a run is stopped."""


@dataclass(frozen=True)
class Stopping(Executor):
    """Another executor, stopped after some receipts."""

    executor: Executor
    count: int

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        with closing(self.executor.receipts(work, tasks)) as receipts:
            yield from islice(receipts, self.count)
        raise Stopped


def stopped_after(count: int, executor: Executor, folder: Path) -> None:
    with pytest.raises(Stopped):
        run(folder, Stopping(executor, count))


class Driver:
    """``darkbelle run RUN --executor condor`` as a process."""

    def __init__(self, folder: Path, *options: str) -> None:
        arguments = ("run", str(folder), "--executor", "condor", "--memory", "900", "--json", *options)
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "darkbelle.jobs.cli", *arguments], stdout=subprocess.PIPE, text=True
        )

    def job_that_runs(self) -> tuple[Batch, int]:
        """Wait for a job that has begun a chunk, and return it."""
        found: list[tuple[Batch, int]] = []

        def look() -> bool:
            for batch in batches(self.folder):
                state = batch.state()
                found.extend(
                    (batch, job)
                    for job in range(batch.jobs)
                    if state.job(job).phase == "running" and batch.journal(job).started
                )
            return bool(found)

        until(look)
        return found[0]

    def report(self) -> dict[str, Any]:
        """Wait for its end, and return what it says."""
        answer, _ = self.process.communicate(timeout=200)
        return dict(json.loads(answer))


@pytest.fixture
def planned(two_datasets: Path, tmp_path: Path) -> Path:
    """A run of 21 chunks."""
    make_plan(CHANNEL, two_datasets, tmp_path / "run", PlanOptions(chunk_rows=150))
    return tmp_path / "run"


@pytest.fixture(scope="module")
def expected(
    two_datasets: Path, tmp_path_factory: pytest.TempPathFactory, products: Products
) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("expected")
    make_plan(CHANNEL, two_datasets, folder)
    run(folder, LocalExecutor())
    return products(folder)


def test_the_result_is_the_same_bytes(planned: Path, expected: dict[str, bytes], products: Products) -> None:
    report = run(planned, CondorExecutor(chunks_per_job=8, memory=900, interval=0.2))
    assert report.computed == load_plan(planned).count_chunks() == 21
    assert products(planned) == expected
    assert [batch.jobs for batch in batches(planned)] == [3]
    until(lambda: queued(planned) == [])


@pytest.mark.parametrize("act", ["hold", "vacate"])
def test_a_job_that_is_interrupted_goes_on(
    act: str, planned: Path, expected: dict[str, bytes], products: Products
) -> None:
    driver = Driver(planned, "--chunks-per-job", "11")
    batch, job = driver.job_that_runs()
    name = f"{batch.state().cluster}.{job}"
    if act == "hold":
        tool("condor_hold", name)
        until(lambda: batch.state().job(job).phase == "held")
        (cluster,) = queued(planned)
        assert cluster.held == 1
        assert cluster.reasons[0].startswith(f"held (user): job {name}: ")
        tool("condor_release", name)
    else:
        tool("condor_vacate_job", "-fast", name)
    assert driver.report()["failed"] == []
    assert batch.state().job(job).starts == 2
    assert products(planned) == expected


def test_chunks_of_a_removed_job_are_listed_and_processed_elsewhere(
    planned: Path, expected: dict[str, bytes], products: Products
) -> None:
    driver = Driver(planned, "--chunks-per-job", "11")
    batch, job = driver.job_that_runs()
    tool("condor_rm", f"{batch.state().cluster}.{job}")
    report = driver.report()
    assert driver.process.returncode == 1
    missing = {task.key: task for task in batch.tasks(job) if task.key not in batch.journal(job).receipts}
    assert missing
    assert sorted((item["path"], item["start"]) for item in report["failed"]) == sorted(
        (task.path, task.start) for task in missing.values() if isinstance(task, ChunkTask)
    )
    assert all("via condor_rm" in item["reason"] for item in report["failed"])
    assert report["rows_lost"] == sum(task.rows for task in missing.values())
    again = run(planned, LocalExecutor())
    assert again.computed == len(missing)
    assert products(planned) == expected


def test_jobs_outlive_their_driver_and_the_next_one_takes_them_up(
    planned: Path, expected: dict[str, bytes], products: Products
) -> None:
    driver = Driver(planned, "--chunks-per-job", "6")
    driver.job_that_runs()
    driver.process.send_signal(signal.SIGKILL)
    driver.process.communicate()
    (batch,) = batches(planned)
    assert queued(planned)
    before = batch.journal(3).receipts
    assert Driver(planned).report()["failed"] == []
    assert products(planned) == expected
    assert before == {}  # the last of four jobs had not begun, with two machines
    assert len(batch.journal(3).receipts) == 3  # it has been taken up and not been submitted anew
    keys = [key for later in batches(planned)[1:] for job in range(later.jobs) for key in later.keys(job)]
    assert not set(keys) & set(batch.keys(3))


def test_a_run_moves_from_here_to_dask_to_the_pool(
    planned: Path, expected: dict[str, bytes], products: Products
) -> None:
    stopped_after(5, LocalExecutor(), planned)
    stopped_after(7, DaskExecutor(workers=1), planned)
    report = run(planned, CondorExecutor(chunks_per_job=5, memory=900, interval=0.2))
    assert report.reused >= 12  # Dask may have finished some more
    assert report.reused + report.computed == 21
    assert products(planned) == expected


def test_a_run_moves_from_the_pool_to_here_with_jobs_still_in_the_queue(
    planned: Path, expected: dict[str, bytes], products: Products
) -> None:
    driver = Driver(planned, "--chunks-per-job", "6")
    batch, _ = driver.job_that_runs()
    driver.process.send_signal(signal.SIGKILL)
    driver.process.communicate()
    answer = subprocess.run(
        [sys.executable, "-m", "darkbelle.jobs.cli", "run", str(planned), "--executor", "local"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"HTCondor cluster {batch.state().cluster} of this run has" in answer.stderr
    assert products(planned) == expected
    until(lambda: queued(planned) == [])  # they end by themselves, and do no harm
    assert products(planned) == expected
    assert verify(planned, load_plan(planned)).problems == ()


def test_cancel_empties_the_queue_and_the_driver_ends(planned: Path) -> None:
    driver = Driver(planned, "--chunks-per-job", "4")
    batch, _ = driver.job_that_runs()
    cluster = batch.state().cluster
    answer = tool(sys.executable, "-m", "darkbelle.jobs.cli", "cancel", str(planned))
    assert answer == f"removed: {cluster}\n"
    report = driver.report()
    assert driver.process.returncode == 1
    assert report["computed"] + len(report["failed"]) == 21
    assert report["failed"]
    assert queued(planned) == []
    assert tool("condor_q", str(cluster), "-af", "ClusterId") == ""


def test_a_run_that_is_stopped_takes_its_jobs_along(works: Any, tmp_path: Path) -> None:
    executor = CondorExecutor(chunks_per_job=1, memory=300, interval=0.2)
    receipts = executor.receipts(works.count_rows_after_gate, tasks(4, tmp_path))
    next(receipts)
    (batch,) = batches(tmp_path)
    receipts.close()
    until(lambda: all(batch.state().job(job).final for job in range(4)))
    assert queued(tmp_path) == []


def test_jobs_beyond_the_limit_of_idle_ones_follow_by_themselves(works: Any, tmp_path: Path) -> None:
    own = site(tmp_path)
    Path(own).write_text(json.dumps({**json.loads(Path(own).read_text()), "max_idle": 1}))
    executor = CondorExecutor(site=own, chunks_per_job=1, interval=0.2)
    receipts = list(executor.receipts(works.count_rows, tasks(5, tmp_path)))
    assert sorted(receipt.key for receipt in receipts) == [task.key for task in tasks(5, tmp_path)]
    (batch,) = batches(tmp_path)
    events = [(event.kind, event.proc) for event in read_events(batch.log)[0]]
    assert events.index((Kind.EXECUTING, 0)) < events.index((Kind.SUBMITTED, 4))


def test_a_job_held_for_memory_gets_more(works: Any, tmp_path: Path) -> None:
    own = site(
        tmp_path,
        periodic_hold="JobStatus == 2 && RequestMemory < 600",
        periodic_hold_reason='"memory usage exceeded what was asked for"',
    )
    executor = CondorExecutor(site=own, chunks_per_job=5, interval=0.2)
    receipts = list(executor.receipts(works.count_rows_in_a_second, tasks(5, tmp_path)))
    assert [receipt.failure for receipt in receipts] == [None] * 5
    (batch,) = batches(tmp_path)
    assert batch.state().job(0).holds == 1
    had = [int(memory) for memory in re.findall(r"\tMemory = (\d+)", batch.log.read_text())]
    assert had[0] < 600 <= had[-1]  # MB, of the machine at its starts


def test_a_job_held_for_time_goes_on_in_smaller_groups(works: Any, tmp_path: Path) -> None:
    own = site(
        tmp_path,
        periodic_hold="JobStatus == 2 && time() - EnteredCurrentStatus > 3",
        periodic_hold_reason='"wall time exceeded"',
    )
    executor = CondorExecutor(site=own, chunks_per_job=8, interval=0.2)
    receipts = list(executor.receipts(works.count_rows_in_a_second, tasks(8, tmp_path)))
    assert sorted((receipt.key, receipt.failure) for receipt in receipts) == [
        (task.key, None) for task in tasks(8, tmp_path)
    ]
    assert len(batches(tmp_path)) > 1


def test_a_program_that_cannot_start_is_given_up_at_once(works: Any, tmp_path: Path) -> None:
    own = site(tmp_path)
    Path(own).write_text(json.dumps({**json.loads(Path(own).read_text()), "python": "/no/python"}))
    executor = CondorExecutor(site=own, chunks_per_job=2, interval=0.2)
    receipts = list(executor.receipts(works.count_rows, tasks(2, tmp_path)))
    assert len(receipts) == 2
    for receipt in receipts:
        assert receipt.failure is not None
        assert "it was held (code) and given up" in receipt.failure.message
    (batch,) = batches(tmp_path)
    assert batch.state().job(0).holds == 1


def test_a_job_that_is_held_again_and_again_is_given_up(works: Any, tmp_path: Path) -> None:
    own = site(tmp_path, periodic_hold="JobStatus == 2")
    executor = CondorExecutor(site=own, chunks_per_job=2, interval=0.2)
    for receipt in executor.receipts(works.count_rows_in_a_second, tasks(2, tmp_path)):
        assert receipt.failure is not None
        assert "it was held (unknown) and given up" in receipt.failure.message
    (batch,) = batches(tmp_path)
    assert batch.state().job(0).holds == 4  # released three times


def test_an_error_before_the_first_chunk_is_told_by_the_last_words(works: Any, tmp_path: Path) -> None:
    own = site(tmp_path)
    executor = CondorExecutor(site=own, chunks_per_job=2, interval=0.2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.environ["PYTHONPATH"].split(os.pathsep, 1)[1])  # without the works
        receipts = list(executor.receipts(works.count_rows, tasks(2, tmp_path)))
    for receipt in receipts:
        assert receipt.failure is not None
        assert "it exited with code 1" in receipt.failure.message
        assert "No module named 'works'" in receipt.failure.message


def test_a_job_that_fits_no_machine_is_not_waited_for_for_ever(works: Any, tmp_path: Path) -> None:
    executor = CondorExecutor(memory=10**6, patience=3.0, interval=0.2)
    with pytest.raises(RunError, match=r"no job of HTCondor cluster \d+ has started for 3 s"):
        list(executor.receipts(works.count_rows, tasks(1, tmp_path)))
    until(lambda: queued(tmp_path) == [])


def test_a_chunk_held_by_a_person_is_reported_when_patience_is_at_an_end(works: Any, tmp_path: Path) -> None:
    executor = CondorExecutor(chunks_per_job=1, memory=300, patience=6.0, interval=0.2)
    receipts = executor.receipts(works.count_rows_after_gate, tasks(3, tmp_path))
    done = [next(receipts), next(receipts)]
    assert all(receipt.failure is None for receipt in done)
    (batch,) = batches(tmp_path)
    until(lambda: batch.state().job(2).phase == "running")
    tool("condor_hold", "-reason", "lunch", f"{batch.state().cluster}.2")
    (lost,) = receipts
    assert lost.failure is not None
    assert "has been held for too long lunch" in lost.failure.message


def test_without_the_tools_of_htcondor_it_is_said_so(
    works: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(RunError, match="condor_submit is not on the PATH"):
        list(CondorExecutor().receipts(works.count_rows, tasks(1, tmp_path)))


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_happens_in_whatever_order_the_bytes_are_the_same(
    seed: int, planned: Path, expected: dict[str, bytes], products: Products
) -> None:
    rng = random.Random(seed)  # noqa: S311  # no secret
    for _ in range(3):
        driver = Driver(planned, "--chunks-per-job", str(rng.choice([3, 5, 11])))
        until(lambda: driver.process.poll() is not None or bool(queued(planned)))  # noqa: B023  # at once
        if driver.process.poll() is not None:
            assert driver.report()["failed"] == []  # all was done by jobs of a driver that was killed
            break
        batch, job = driver.job_that_runs()
        name = f"{batch.state().cluster}.{job}"
        act = rng.choice(["hold", "vacate", "remove", "kill driver", "vacate and kill driver"])
        if act == "hold":
            subprocess.run(["condor_hold", name], check=False)
            time.sleep(rng.uniform(0, 2))
            subprocess.run(["condor_release", name], check=False)
        elif act == "remove":
            subprocess.run(["condor_rm", name], check=False)
        if "vacate" in act:
            subprocess.run(["condor_vacate_job", "-fast", name], check=False)
        if "kill driver" in act:
            driver.process.kill()
        driver.process.communicate(timeout=200)
    last = run(planned, CondorExecutor(chunks_per_job=7, memory=900, interval=0.2))
    assert last.failed == ()
    assert products(planned) == expected
