"""Drivers to order, ntuples to damage, and what would come of a run without faults."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from darkbelle.jobs.chunks import process_rows
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.plan import Plan
from darkbelle.jobs.planning import make_plan
from darkbelle.jobs.run import run
from darkbelle.ntuple.keys import keys_of_table
from darkbelle.ntuple.tables import open_table
from darkbelle.results import ChunkOutput

if TYPE_CHECKING:
    from tests.jobs.conftest import Samples

HERE = Path(__file__).parent
CHANNEL = "zprime_invisible"
PRODUCTS = ("result.json", "histograms.json", "cutflow.json")

Span = tuple[int, int]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("--first-schedule")
        metafunc.parametrize("seed", range(first, first + metafunc.config.getoption("--schedules")))


class Undisturbed:
    """Good ntuples, a run of them that nothing has happened to, and sums over any of their rows."""

    def __init__(self, samples: Samples) -> None:
        samples.add("mumu", "a.root", samples.ntuple(70, 0, seed=1))
        samples.add("mumu", "b.root", samples.ntuple(50, 100, seed=2))
        samples.add("data", "c.root", samples.ntuple(60, 0, seed=3, run=7))
        self.datasets = samples.write()
        self.run = samples.folder / "run"
        self.plan: Plan = make_plan(CHANNEL, self.datasets, self.run)
        run(self.run, LocalExecutor())
        self.products = {name: (self.run / name).read_bytes() for name in PRODUCTS}
        self.tasks = {
            Path(chunk.file.path).name: self.plan.task(chunk, self.run) for chunk in self.plan.chunks()
        }
        self.rows = {name: task.rows for name, task in self.tasks.items()}
        self.boundaries = {
            name: [int(edge) for edge in keys_of_table(open_table(task.path, "variables")).boundaries()]
            for name, task in self.tasks.items()
        }
        self._outputs: dict[tuple[str, Span], ChunkOutput] = {}

    def event(self, file: str, row: int) -> Span:
        """Return the rows of the event that a row belongs to."""
        edges = self.boundaries[file]
        return max(edge for edge in edges if edge <= row), min(edge for edge in edges if edge > row)

    def without(self, dataset: str, lost: dict[str, list[Span]]) -> ChunkOutput:
        """Return what comes of a dataset without some rows of its files."""
        outputs = []
        for file, task in self.tasks.items():
            if task.name == dataset:
                start = 0
                for gap in [*sorted(lost.get(file, [])), (self.rows[file], self.rows[file])]:
                    if start < gap[0]:
                        outputs.append(self._output(file, (start, gap[0])))
                    start = gap[1]
        return ChunkOutput.total(outputs)

    def _output(self, file: str, span: Span) -> ChunkOutput:
        if (file, span) not in self._outputs:
            task = self.tasks[file].model_copy(update={"start": span[0], "stop": span[1]})
            self._outputs[file, span] = process_rows(task)
        return self._outputs[file, span]


class Drivers:
    """A process that forks drivers."""

    def __init__(self, warm: Path, clock: Path | None) -> None:
        self.command = [sys.executable, str(HERE / "fault_driver.py"), str(warm)]
        self.environment = {**os.environ, **({} if clock is None else {"LD_PRELOAD": str(clock)})}
        self.process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, folder: Path, count: int = 1, kill_after: float | None = None) -> list[int]:
        """Start drivers on a run folder at once, wait for their ends, and return their exit codes.

        What has not ended when the test does is killed, so that the next one gets no answer of it.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = {"folder": str(folder), "drivers": count, "kill_after": kill_after}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = ""
        try:
            answer = self.process.stdout.readline()
        finally:
            if not answer:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.communicate()
                self.process = self._started()
        return list(json.loads(answer))

    def end(self) -> None:
        """End it."""
        self.process.communicate(timeout=10)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE.parent)
        samples_of = importlib.import_module("conftest").Samples
    return Undisturbed(samples_of(tmp_path_factory.mktemp("undisturbed")))


@pytest.fixture(scope="session")
def backward_clock(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The library that has the clock go backwards when it is preloaded; None without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    library = tmp_path_factory.mktemp("clock") / "backward_clock.so"
    source = str(HERE / "backward_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), source], check=True)
    return library


@pytest.fixture(scope="session")
def drivers(undisturbed: Undisturbed, backward_clock: Path | None) -> Iterator[Drivers]:
    started = Drivers(undisturbed.run, backward_clock)
    yield started
    started.end()


@pytest.fixture(scope="session")
def schedules() -> Any:
    """The module of schedules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE)
        return importlib.import_module("fault_schedules")
