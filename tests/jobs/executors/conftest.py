"""Runs on a real HTCondor pool: planned ones, what must come out of them, and their driver as a process."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from darkbelle.jobs.condor.batch import Batch, batches
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import run
from darkbelle.jobs.tasks import Receipt, Task

CHANNEL = "zprime_invisible"

Products = Callable[[Path], dict[str, bytes]]
StopAfter = Callable[[int, Executor, Path], None]


@pytest.fixture(scope="module")
def works() -> Iterator[Any]:
    """The module of work for executors, as worker processes import it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("works")


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """Wait until something is true."""

    def wait(what: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, "it has not come about"
            time.sleep(0.1)

    return wait


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


@pytest.fixture(scope="session")
def stop_after() -> StopAfter:
    """Run with an executor, and stop after some receipts."""

    def stop(count: int, executor: Executor, folder: Path) -> None:
        with pytest.raises(Stopped):
            run(folder, Stopping(executor, count))

    return stop


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
                    if state.job(job).phase == "running"
                    and (batch.transferred or batch.journal(job).started)  # that comes with the end
                )
            return bool(found)

        deadline = time.monotonic() + 120
        while not look():
            assert time.monotonic() < deadline, "no job has begun"
            time.sleep(0.1)
        return found[0]

    @staticmethod
    def kill_job(batch: Batch, job: int) -> None:
        """Kill the process of a job that has begun, as a machine does whose memory is at an end."""
        cluster = batch.state().cluster
        deadline = time.monotonic() + 60
        while (process := _process_of(f"{cluster}.{job}")) is None:
            assert time.monotonic() < deadline, "nobody works on it"
            time.sleep(0.1)
        os.kill(process, signal.SIGKILL)

    def kill(self) -> None:
        """End it as a machine does that loses its power."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def report(self) -> dict[str, Any]:
        """Wait for its end, and return what it says."""
        answer, _ = self.process.communicate(timeout=200)
        return dict(json.loads(answer))


def _process_of(job: str) -> int | None:
    """Return the number of the process that works on a job, on this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, KeyError):
            if b"darkbelle.jobs.worker" in (process / "cmdline").read_bytes().split(b"\0"):
                pairs = (item.partition(b"=") for item in (process / "environ").read_bytes().split(b"\0"))
                about = Path({name: value.decode() for name, _, value in pairs}[b"_CONDOR_JOB_AD"])
                lines = dict(line.partition(" = ")[::2] for line in about.read_text().splitlines())
                if f"{lines['ClusterId']}.{lines['ProcId']}" == job:
                    return int(process.name)
    return None


@pytest.fixture
def drive() -> Iterator[Callable[..., Driver]]:
    """Start drivers, which do not outlive the test."""
    started: list[Driver] = []

    def start(folder: Path, *options: str) -> Driver:
        started.append(Driver(folder, *options))
        return started[-1]

    yield start
    for driver in started:
        if driver.process.poll() is None:
            driver.kill()


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
