"""The result of a run is the same bytes, however it is made."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uproot

from darkbelle.errors import RunError
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.plan import load_plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import merge_only, run
from darkbelle.jobs.status import status
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Receipt, Task
from darkbelle.runfolder import load_result

if TYPE_CHECKING:
    from tests.jobs.conftest import Samples

CHANNEL = "zprime_invisible"

Products = Callable[[Path], dict[str, bytes]]


class Shuffled(Executor):
    """Does tasks in random order, some of them twice, and receipts come even later."""

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        order = list(tasks)
        generator = random.Random(5)  # noqa: S311  # no secret
        generator.shuffle(order)
        for task in order[:5]:
            work(task)
        done = [work(task) for task in order]
        generator.shuffle(done)
        yield from done


class Killed(Exception):  # noqa: N818  # what happens to it, not what is wrong
    """The driver of a run dies."""


class Dying(Executor):
    """Does four tasks, and then the driver dies."""

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        for i, task in enumerate(tasks):
            if i == 4:
                raise Killed
            yield work(task)


@pytest.fixture(scope="module")
def expected(
    two_datasets: Path, tmp_path_factory: pytest.TempPathFactory, products: Products
) -> dict[str, bytes]:
    """Products of a run in this process, one chunk a file."""
    folder = tmp_path_factory.mktemp("expected")
    make_plan(CHANNEL, two_datasets, folder)
    run(folder, LocalExecutor())
    return products(folder)


@pytest.mark.parametrize(
    ("executor", "chunk_rows"),
    [
        (LocalExecutor(), 150),
        (LocalExecutor(workers=2), 300),
        (DaskExecutor(workers=2), 200),
        (Shuffled(), 100),
    ],
    ids=["this process", "two processes", "dask", "shuffled"],
)
def test_the_result_is_the_same_bytes(
    executor: Executor,
    chunk_rows: int,
    two_datasets: Path,
    tmp_path: Path,
    expected: dict[str, bytes],
    products: Products,
) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path, PlanOptions(chunk_rows=chunk_rows))
    report = run(tmp_path, executor)
    assert report.chunks == report.computed > 8
    assert products(tmp_path) == expected


def test_rows_in_are_rows_processed(two_datasets: Path, tmp_path: Path) -> None:
    plan = make_plan(CHANNEL, two_datasets, tmp_path)
    report = run(tmp_path, LocalExecutor())
    for name, account in report.accounts.items():
        assert account.planned == account.processed == plan.datasets[name].rows
        assert account.quarantined == 0
    result = load_result(tmp_path)
    assert result.datasets["data"].output.events == 700
    assert result.datasets["mumu"].output.events == 1100
    assert result.datasets["mumu"].processed_share == 1.0
    # 2000 generated events of 1e6 fb
    assert result.datasets["mumu"].scale_to(3.0) == pytest.approx(1e6 * 3.0 / 2000)


def test_a_second_run_processes_nothing(
    two_datasets: Path, tmp_path: Path, expected: dict[str, bytes], products: Products
) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path)
    run(tmp_path, LocalExecutor())
    report = run(tmp_path, LocalExecutor())
    assert (report.reused, report.computed) == (report.chunks, 0)
    assert products(tmp_path) == expected


def test_a_run_whose_driver_died_goes_on_with_another_executor(
    two_datasets: Path, tmp_path: Path, expected: dict[str, bytes], products: Products
) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path, PlanOptions(chunk_rows=200))
    with pytest.raises(Killed):
        run(tmp_path, Dying())
    assert not (tmp_path / "result.json").exists()
    report = run(tmp_path, LocalExecutor())
    assert report.reused == 4
    assert products(tmp_path) == expected


def test_a_run_killed_with_sigkill_goes_on_where_it_was(
    two_datasets: Path, tmp_path: Path, expected: dict[str, bytes], products: Products
) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path, PlanOptions(chunk_rows=25))
    command = [sys.executable, "-m", "darkbelle.jobs.cli", "run", str(tmp_path), "--executor", "local"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while len(list((tmp_path / "chunks").rglob("*.gz"))) < 5:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    report = run(tmp_path, LocalExecutor())
    assert 5 <= report.reused < report.chunks
    assert products(tmp_path) == expected


def test_a_damaged_result_is_processed_again_and_said(
    two_datasets: Path, tmp_path: Path, expected: dict[str, bytes], products: Products
) -> None:
    plan = make_plan(CHANNEL, two_datasets, tmp_path, PlanOptions(chunk_rows=500))
    run(tmp_path, LocalExecutor())
    path = ResultStore(tmp_path).path(next(plan.chunks()).key)
    path.write_bytes(path.read_bytes()[:-30])
    report = run(tmp_path, LocalExecutor())
    assert report.computed == 1
    assert str(path) in next(iter(report.damaged.values()))
    assert products(tmp_path) == expected


def test_other_options_of_the_processor_are_other_results(two_datasets: Path, tmp_path: Path) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path)
    run(tmp_path, LocalExecutor())
    make_plan(CHANNEL, two_datasets, tmp_path, PlanOptions(processor={"thresholds": {"max_dr": 0.01}}))
    assert not (tmp_path / "result.json").exists()  # it was of the other options
    assert run(tmp_path, LocalExecutor()).reused == 0
    assert load_result(tmp_path).processor["thresholds"]["max_dr"] == 0.01


def test_a_file_that_is_added_leaves_the_results_of_others(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(50, 0, 1))
    make_plan(CHANNEL, samples.write(), tmp_path / "run")
    run(tmp_path / "run", LocalExecutor())
    samples.add("mumu", "b.root", samples.ntuple(50, 50, 2))
    make_plan(CHANNEL, samples.write(), tmp_path / "run")
    report = run(tmp_path / "run", LocalExecutor())
    assert (report.reused, report.computed) == (1, 1)


def damage_branch(path: Path, branch: str) -> None:
    """Overwrite the end of a branch's only basket, which zlib's checksum sees."""
    with uproot.open(path) as file:
        source = file["variables"][branch]
        stop = int(source.member("fBasketSeek")[0]) + int(source.member("fBasketBytes")[0])
    content = bytearray(path.read_bytes())
    content[stop - 12 : stop - 8] = bytes(byte ^ 0xFF for byte in content[stop - 12 : stop - 8])
    path.write_bytes(content)


@pytest.fixture
def damaged_run(samples: Samples, tmp_path: Path) -> Path:
    """A plan of two files, of which one has a damaged branch: nobody sees it before it is read."""
    samples.add("mumu", "good.root", samples.ntuple(60, 0, 1))
    damage_branch(samples.add("mumu", "damaged.root", samples.ntuple(60, 60, 2)), "nTracks")
    make_plan(CHANNEL, samples.write(), tmp_path / "run", PlanOptions(chunk_rows=40))
    return tmp_path / "run"


def test_chunks_that_fail_leave_the_others_and_are_not_merged_silently(damaged_run: Path) -> None:
    report = run(damaged_run, LocalExecutor())
    plan = load_plan(damaged_run)
    lost = plan.datasets["mumu"].files[1].entries
    assert not report.merged
    assert report.rows_lost == lost
    assert not (damaged_run / "result.json").exists()
    assert report.computed == len(plan.datasets["mumu"].files[0].edges) - 1
    chunk, failure = report.failed[0]
    assert failure.kind == "permanent"
    assert "damaged.root" in failure.message
    assert f"processor 'zprime_invisible', {chunk}" in failure.notes[-1]


def test_a_loss_that_is_allowed_is_written_down(damaged_run: Path) -> None:
    run(damaged_run, LocalExecutor())
    report = merge_only(damaged_run, allow_loss=True)
    plan = load_plan(damaged_run)
    good, damaged = (file.entries for file in plan.datasets["mumu"].files)
    result = load_result(damaged_run).datasets["mumu"]
    assert report.rows_lost == damaged
    assert (result.rows_planned, result.rows_processed, result.rows_quarantined) == (
        good + damaged,
        good,
        damaged,
    )
    # the generated events of what is lost are not there either
    assert result.scale_to(1.0) == pytest.approx(1e6 / (2000 * good / (good + damaged)))
    entries = json.loads((damaged_run / "result.json").read_text())["quarantined"]
    edges = plan.datasets["mumu"].files[1].edges
    assert [(entry["start"], entry["stop"]) for entry in entries] == list(pairwise(edges))
    assert all("nTracks" in entry["reason"] for entry in entries)


def test_merging_without_all_chunks_is_not_done_unless_allowed(two_datasets: Path, tmp_path: Path) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path)
    report = merge_only(tmp_path)
    assert not report.merged
    assert len(report.failed) == 3
    assert not (tmp_path / "result.json").exists()


def test_a_file_that_changed_since_the_plan_is_not_read(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(30, 0, 1))
    make_plan(CHANNEL, samples.write(), tmp_path / "run")
    samples.add("mumu", "a.root", samples.ntuple(30, 0, 2))
    report = run(tmp_path / "run", LocalExecutor())
    assert "has changed since the run was planned" in report.failed[0][1].message


def test_two_runs_at_once_in_one_folder_are_refused(two_datasets: Path, tmp_path: Path) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path)
    code = (
        "import sys, time; from darkbelle.jobs.run import locked\n"
        f"with locked({str(tmp_path)!r}): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunError, match=f"is being used by process {holder.pid} on "):
            run(tmp_path, LocalExecutor())
        os.kill(holder.pid, signal.SIGKILL)
    assert run(tmp_path, LocalExecutor()).merged


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"plan\.json does not exist"):
        run(tmp_path, LocalExecutor())
    with pytest.raises(RunError, match="is not a folder"):
        run(tmp_path / "nothing", LocalExecutor())


def test_products_that_do_not_belong_together_are_refused(two_datasets: Path, tmp_path: Path) -> None:
    make_plan(CHANNEL, two_datasets, tmp_path)
    run(tmp_path, LocalExecutor())
    path = tmp_path / "histograms.json"
    path.write_bytes(path.read_bytes().replace(b'"sr"', b'"sx"'))
    with pytest.raises(RunError, match=r"histograms.json is not the file that result.json was written with"):
        load_result(tmp_path)


def test_a_file_of_unknown_length_keeps_a_run_from_being_complete(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(40, 0, seed=1))
    bad = samples.add("data", "b.root", samples.ntuple(40, 0, seed=2))
    bad.write_bytes(bad.read_bytes()[:1000])
    plan = make_plan(CHANNEL, samples.write(), tmp_path / "run", PlanOptions(quarantine=True))
    report = run(tmp_path / "run", LocalExecutor())
    assert report.merged
    assert report.rows_lost == 0  # nobody could count them
    assert report.uncounted == (str(bad),)
    assert not report.complete
    assert not status(tmp_path / "run", plan).complete
