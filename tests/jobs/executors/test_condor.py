"""What may happen to a run on a real HTCondor pool; skipped where there is none."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from darkbelle.jobs.condor.batch import batches
from darkbelle.jobs.condor.queue import queued
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.plan import load_plan
from darkbelle.jobs.run import run
from darkbelle.jobs.tasks import ChunkTask
from darkbelle.jobs.verify import verify

if TYPE_CHECKING:
    from tests.jobs.executors.conftest import Driver, StopAfter

pytestmark = [pytest.mark.condor, pytest.mark.usefixtures("pool"), pytest.mark.timeout(240)]

Products = Callable[[Path], dict[str, bytes]]


def tool(name: str, *arguments: str) -> str:
    return subprocess.run([name, *arguments], capture_output=True, text=True, check=True).stdout


def test_the_result_is_the_same_bytes(
    planned: Path, expected: dict[str, bytes], products: Products, until: Callable[..., None]
) -> None:
    report = run(planned, CondorExecutor(chunks_per_job=8, memory=900, interval=0.2))
    assert report.computed == load_plan(planned).count_chunks() == 21
    assert products(planned) == expected
    assert [batch.jobs for batch in batches(planned)] == [3]
    until(lambda: queued(planned) == [])


@pytest.mark.parametrize("act", ["hold", "vacate", "kill"])
def test_a_job_that_is_interrupted_goes_on(
    act: str,
    planned: Path,
    expected: dict[str, bytes],
    products: Products,
    drive: Callable[..., Driver],
    until: Callable[..., None],
) -> None:
    driver = drive(planned, "--chunks-per-job", "11")
    batch, job = driver.job_that_runs()
    name = f"{batch.state().cluster}.{job}"
    if act == "hold":
        tool("condor_hold", name)
        until(lambda: batch.state().job(job).phase == "held")
        (cluster,) = queued(planned)
        assert cluster.held == 1
        assert cluster.reasons[0].startswith(f"held (user): job {name}: ")
        tool("condor_release", name)
    elif act == "vacate":
        tool("condor_vacate_job", "-fast", name)
    else:
        driver.kill_job(batch, job)
    assert driver.report()["failed"] == []
    assert batch.state().job(job).starts == 2
    assert products(planned) == expected


def test_chunks_of_a_removed_job_are_listed_and_processed_elsewhere(
    planned: Path, expected: dict[str, bytes], products: Products, drive: Callable[..., Driver]
) -> None:
    driver = drive(planned, "--chunks-per-job", "11")
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
    planned: Path, expected: dict[str, bytes], products: Products, drive: Callable[..., Driver]
) -> None:
    driver = drive(planned, "--chunks-per-job", "4")
    driver.job_that_runs()
    driver.kill()
    (batch,) = batches(planned)
    assert queued(planned)
    before = batch.journal(5).receipts
    assert drive(planned).report()["failed"] == []
    assert products(planned) == expected
    assert before == {}  # the last of six jobs had not begun, with a few machines
    assert len(batch.journal(5).receipts) == 1  # it has been taken up and not been submitted anew
    keys = [key for later in batches(planned)[1:] for job in range(later.jobs) for key in later.keys(job)]
    assert not set(keys) & set(batch.keys(5))


def test_a_run_moves_from_here_to_dask_to_the_pool(
    planned: Path, expected: dict[str, bytes], products: Products, stop_after: StopAfter
) -> None:
    stop_after(5, LocalExecutor(), planned)
    stop_after(7, DaskExecutor(workers=1), planned)
    report = run(planned, CondorExecutor(chunks_per_job=5, memory=900, interval=0.2))
    assert report.reused >= 12  # Dask may have finished some more
    assert report.reused + report.computed == 21
    assert products(planned) == expected


def test_a_run_moves_from_the_pool_to_here_with_jobs_still_in_the_queue(
    planned: Path,
    expected: dict[str, bytes],
    products: Products,
    drive: Callable[..., Driver],
    until: Callable[..., None],
) -> None:
    driver = drive(planned, "--chunks-per-job", "6")
    batch, _ = driver.job_that_runs()
    driver.kill()
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


def test_cancel_empties_the_queue_and_the_driver_ends(planned: Path, drive: Callable[..., Driver]) -> None:
    driver = drive(planned, "--chunks-per-job", "4")
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


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
)
def test_whatever_happens_in_whatever_order_the_bytes_are_the_same(
    seed: int,
    planned: Path,
    expected: dict[str, bytes],
    products: Products,
    drive: Callable[..., Driver],
    until: Callable[..., None],
) -> None:
    rng = random.Random(seed)  # noqa: S311  # no secret
    for _ in range(3):
        driver = drive(planned, "--chunks-per-job", str(rng.choice([3, 5, 11])))
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
