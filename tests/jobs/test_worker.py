"""A batch job, as a batch system starts it: perhaps more than once, and with hardly an environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from darkbelle.datasets import Dataset
from darkbelle.jobs.condor.batch import Batch, batches, write_batch
from darkbelle.jobs.condor.site import Site
from darkbelle.jobs.tasks import ChunkTask, Receipt, Task

DATASET = Dataset(process="data", files=("a.root",), luminosity_fb=1.0)
SITE = Site(description="where all is shared")
WORKS = Path(__file__).parent / "executors"


def die_at_entry_20(task: ChunkTask) -> Receipt:
    """Stand for the function of this name in the module works."""
    return Receipt(task.key, task.rows)


die_at_entry_20.__module__ = "works"


def tasks(count: int, run: Path) -> list[Task]:
    return [
        ChunkTask(
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
        for i in range(count)
    ]


def job(batch: Batch, number: int = 0) -> int:
    """Do what HTCondor does: no HOME, no USER, no PATH."""
    search = os.pathsep.join(filter(None, [str(WORKS), os.environ.get("PYTHONPATH")]))
    arguments = [sys.executable, "-m", "darkbelle.jobs.worker", str(batch.folder), batch.group(number).name]
    return subprocess.run(arguments, env={"PYTHONPATH": search}, check=False).returncode


def test_a_deadly_chunk_is_left_for_the_last_and_what_is_done_stays_done(tmp_path: Path) -> None:
    batch = write_batch(tmp_path, die_at_entry_20, [tasks(5, tmp_path)], SITE)
    assert job(batch) == -signal.SIGKILL
    assert sorted(int(key, 16) for key in batch.journal(0).receipts) == [0, 1]
    assert job(batch) == -signal.SIGKILL
    journal = batch.journal(0)
    assert sorted(int(key, 16) for key in journal.receipts) == [0, 1, 3, 4]
    assert {int(key, 16): count for key, count in journal.started.items()} == {0: 1, 1: 1, 2: 2, 3: 1, 4: 1}


def test_batches_are_numbered_and_found_with_their_groups(tmp_path: Path) -> None:
    first = write_batch(tmp_path, die_at_entry_20, [tasks(5, tmp_path)[:2], tasks(5, tmp_path)[2:]], SITE)
    second = write_batch(tmp_path, die_at_entry_20, [tasks(1, tmp_path)], SITE)
    assert batches(tmp_path) == [first, second]
    assert [first.jobs, second.jobs] == [2, 1]
    assert first.tasks(1) == tasks(5, tmp_path)[2:]
    assert first.keys(0) == [task.key for task in tasks(2, tmp_path)]
    assert (first.folder / "groups.txt").read_text() == "group-00000.json\ngroup-00001.json\n"


def test_a_batch_that_was_not_written_to_its_end_is_none(tmp_path: Path) -> None:
    write_batch(tmp_path, die_at_entry_20, [tasks(1, tmp_path)], SITE)
    (tmp_path / "condor" / "batch-0002").mkdir()
    assert len(batches(tmp_path)) == 1
    assert write_batch(tmp_path, die_at_entry_20, [tasks(1, tmp_path)], SITE).folder.name == "batch-0003"
