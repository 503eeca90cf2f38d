"""Experiments through the result store: the same bytes in any batches, on any executor, after any crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from darkbelle.errors import IncompleteRunError
from darkbelle.fitting.studies.ensembles import Ensemble
from darkbelle.fitting.studies.recipes import Columns, Recipe, in_process
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.tasks import Receipt, Task
from darkbelle.jobs.toys import store_maker

TOYS = 500


def workspace() -> dict[str, Any]:
    """Two bins, one systematic on the background, and the statistics of its simulation."""
    signal = {
        "name": "s",
        "data": [3.0, 1.0],
        "modifiers": [{"name": "mu", "type": "normfactor", "data": None}],
    }
    background = {
        "name": "b",
        "data": [8.0, 12.0],
        "modifiers": [
            {"name": "size", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}},
            {"name": "statistics", "type": "staterror", "data": [0.8, 1.0]},
        ],
    }
    return {
        "version": "1.0.0",
        "channels": [{"name": "sr", "samples": [signal, background]}],
        "observations": [{"name": "sr", "data": [9.0, 12.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    }


def recipes() -> list[Recipe]:
    model = Ensemble(TOYS, 7, workspace(), (), ()).model
    return [
        Ensemble(TOYS, 7, workspace(), tuple(np.where(model.start == 1, mu, model.start)), (mu,), errors=True)
        for mu in (1.0, 1.1)
    ]


def the_bytes(made: list[Columns]) -> list[dict[str, bytes]]:
    return [{name: column.tobytes() for name, column in columns.items()} for columns in made]


@pytest.fixture(scope="module")
def expected() -> list[dict[str, bytes]]:
    return the_bytes(in_process()(recipes()))


@pytest.fixture
def executor(request: pytest.FixtureRequest) -> Executor:
    if request.param == "condor":
        request.getfixturevalue("pool")
        return CondorExecutor(chunks_per_job=3, memory=900, interval=0.5)
    return DaskExecutor(workers=2) if request.param == "dask" else LocalExecutor(workers=int(request.param))


@pytest.mark.parametrize(
    ("executor", "batch"),
    [
        ("1", 500),
        ("1", 73),
        pytest.param("2", 101, marks=pytest.mark.slow),
        pytest.param("dask", 120, marks=pytest.mark.slow),
        pytest.param("condor", 180, marks=[pytest.mark.condor, pytest.mark.timeout(900)]),
    ],
    indirect=["executor"],
)
def test_columns_are_the_same_bytes(
    executor: Executor, batch: int, expected: list[dict[str, bytes]], tmp_path: Path
) -> None:
    assert the_bytes(store_maker(tmp_path, executor, batch=batch)(recipes())) == expected


@dataclass(frozen=True)
class Counting(Executor):
    """Works here, keeps in mind how much, and may stop dead."""

    done: list[str]
    most: int = 1000

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        for task in tasks:
            if len(self.done) == self.most:
                raise KeyboardInterrupt
            self.done.append(task.key)
            yield work(task)


def test_a_study_goes_on_where_it_was_stopped(expected: list[dict[str, bytes]], tmp_path: Path) -> None:
    first: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        store_maker(tmp_path, Counting(first, 3), batch=100)(recipes())
    rest: list[str] = []
    assert the_bytes(store_maker(tmp_path, Counting(rest), batch=100)(recipes())) == expected
    assert len(first) == 3
    assert len(rest) == 7
    assert not set(first) & set(rest)
    none: list[str] = []
    store_maker(tmp_path, Counting(none), batch=100)(recipes())
    assert none == []


def test_more_experiments_use_those_that_are_there(tmp_path: Path) -> None:
    (recipe, _) = recipes()
    assert isinstance(recipe, Ensemble)
    done: list[str] = []
    store_maker(tmp_path, Counting(done), batch=250)([recipe])
    more = Ensemble(2 * TOYS, recipe.seed, recipe.workspace, recipe.truth, recipe.tested, errors=True)
    store_maker(tmp_path, Counting(done), batch=250)([more])
    assert len(done) == len(set(done)) == 4


def test_a_damaged_batch_is_made_again(expected: list[dict[str, bytes]], tmp_path: Path) -> None:
    store_maker(tmp_path, LocalExecutor(), batch=250)(recipes())
    table = next((tmp_path / "chunks").rglob("*.parquet"))
    table.write_bytes(table.read_bytes()[:-1])
    done: list[str] = []
    assert the_bytes(store_maker(tmp_path, Counting(done), batch=250)(recipes())) == expected
    assert len(done) == 1


def test_what_cannot_be_made_is_said(tmp_path: Path) -> None:
    broken = workspace()
    broken["channels"][0]["samples"][0]["modifiers"][0]["type"] = "mystery"
    recipe = Ensemble(10, 1, broken, (1.0,), (1.0,))
    with pytest.raises(IncompleteRunError, match=r"1 of 1 batches of experiments failed.*mystery"):
        store_maker(tmp_path, LocalExecutor())([recipe])
    assert len(list((tmp_path / "failures").iterdir())) == 1


STUDY = """
import sys
import time
from tests.jobs.test_toys import recipes
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.toys import store_maker
store_maker(sys.argv[1], LocalExecutor(), batch=20)(recipes())
"""


COMMANDS = {
    "coverage": ("coverage", "{model}", "--out", "{out}", "--strengths", "1,2", "--toys", "6000"),
    "limits": ("limits", "--workspaces", "{model}", "--out", "{out}", "--toys", "4000"),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_on_dask_that_is_killed_goes_on(command: str, tmp_path: Path) -> None:
    model = tmp_path / "model.json"
    model.write_text(json.dumps(workspace()))

    def arguments(out: Path, *options: str) -> list[str]:
        words = [word.format(model=model, out=out) for word in COMMANDS[command]]
        return [sys.executable, "-m", "darkbelle.jobs.cli", *words, "--json", *options]

    alone = subprocess.run(
        arguments(tmp_path / "alone", "--batch", "5000"), capture_output=True, text=True, check=True
    )
    out = tmp_path / "killed"
    on_dask = arguments(out, "--executor", "dask", "--workers", "2", "--batch", "200")
    driver = subprocess.Popen(on_dask, stdout=subprocess.PIPE)
    while driver.poll() is None and len(list((out / "chunks").rglob("*.json.gz"))) < 3:
        time.sleep(0.01)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert driver.returncode == -signal.SIGKILL
    there = {path.name: path.stat().st_mtime_ns for path in (out / "chunks").rglob("*.json.gz")}
    assert len(there) >= 3
    again = subprocess.run(on_dask, capture_output=True, text=True, check=True)
    assert json.loads(again.stdout) == json.loads(alone.stdout)
    # what was there is there as it was, and was not made again
    after = {path.name: path.stat().st_mtime_ns for path in (out / "chunks").rglob("*.json.gz")}
    assert there.items() <= after.items()
    assert len(after) > len(there)


def test_a_study_whose_process_is_killed_goes_on(expected: list[dict[str, bytes]], tmp_path: Path) -> None:
    search = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", STUDY, str(tmp_path)], env={**os.environ, "PYTHONPATH": search}
    )
    chunks = tmp_path / "chunks"
    while process.poll() is None and len(list(chunks.rglob("*.json.gz"))) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = len(list(chunks.rglob("*.json.gz")))
    assert 2 <= there < 2 * TOYS // 20
    done: list[str] = []
    assert the_bytes(store_maker(tmp_path, Counting(done), batch=20)(recipes())) == expected
    assert len(done) == 2 * TOYS // 20 - there
