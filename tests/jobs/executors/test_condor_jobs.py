"""What may happen to batch jobs on a real HTCondor pool; skipped where there is none."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from darkbelle.datasets import Dataset
from darkbelle.errors import RunError
from darkbelle.jobs.condor.batch import batches
from darkbelle.jobs.condor.eventlog import Kind, read_events
from darkbelle.jobs.condor.queue import queued
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.tasks import ChunkTask, Task

pytestmark = [pytest.mark.condor, pytest.mark.usefixtures("pool"), pytest.mark.timeout(240)]

CHANNEL = "zprime_invisible"
DATASET = Dataset(process="data", files=("a.root",), luminosity_fb=1.0)


def tasks(count: int, run: Path) -> Iterator[Task]:
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


def test_a_run_that_is_stopped_takes_its_jobs_along(
    works: Any, tmp_path: Path, until: Callable[..., None]
) -> None:
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
    # asking for less than 600 MB it would have been held again
    assert batch.state().job(0).holds == 1


def test_a_job_held_for_time_goes_on_in_smaller_groups(works: Any, tmp_path: Path) -> None:
    own = site(
        tmp_path,
        periodic_hold="JobStatus == 2 && time() - EnteredCurrentStatus > 6",
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
        others = os.environ["PYTHONPATH"].split(os.pathsep)[1:]  # without the works
        patch.setenv("PYTHONPATH", os.pathsep.join(others))
        receipts = list(executor.receipts(works.count_rows, tasks(2, tmp_path)))
    for receipt in receipts:
        assert receipt.failure is not None
        assert "it exited with code 1" in receipt.failure.message
        assert "No module named 'works'" in receipt.failure.message


def test_a_job_that_fits_no_machine_is_not_waited_for_for_ever(
    works: Any, tmp_path: Path, until: Callable[..., None]
) -> None:
    executor = CondorExecutor(memory=10**6, patience=3.0, interval=0.2)
    with pytest.raises(RunError, match=r"no job of HTCondor cluster \d+ has started for 3 s"):
        list(executor.receipts(works.count_rows, tasks(1, tmp_path)))
    until(lambda: queued(tmp_path) == [])


def test_a_chunk_held_by_a_person_is_reported_when_patience_is_at_an_end(
    works: Any, tmp_path: Path, until: Callable[..., None]
) -> None:
    executor = CondorExecutor(chunks_per_job=1, memory=300, patience=10.0, interval=0.2)
    receipts = executor.receipts(works.count_rows_after_gate, tasks(3, tmp_path))
    done = [next(receipts), next(receipts)]
    assert all(receipt.failure is None for receipt in done)
    (batch,) = batches(tmp_path)
    until(lambda: batch.state().job(2).phase == "running")
    tool("condor_hold", "-reason", "lunch", f"{batch.state().cluster}.2")
    (lost,) = receipts
    assert lost.failure is not None
    assert "has been held for too long lunch" in lost.failure.message


def test_without_htcondor_it_is_said_so(works: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("CONDOR_CONFIG")  # that the bindings go by
    with pytest.raises(RunError, match="condor_submit is not on the PATH"):
        list(CondorExecutor().receipts(works.count_rows, tasks(1, tmp_path)))
