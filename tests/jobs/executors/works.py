"""Work for executors, in a module of its own so that worker processes can import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from darkbelle.jobs.chunks import process_chunk
from darkbelle.jobs.tasks import ChunkTask, Receipt


def count_rows(task: ChunkTask) -> Receipt:
    return Receipt(task.key, task.rows)


def die_at_entry_20(task: ChunkTask) -> Receipt:
    if task.start == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return Receipt(task.key, task.rows)


def count_rows_after_gate(task: ChunkTask) -> Receipt:
    """Entry 20 waits until there is a file ``gate`` in the run folder."""
    while task.start == 20 and not (Path(task.run) / "gate").exists():
        time.sleep(0.1)
    return Receipt(task.key, task.rows)


def count_rows_in_a_second(task: ChunkTask) -> Receipt:
    time.sleep(1)
    return Receipt(task.key, task.rows)


def process_but_die_at_row_333(task: ChunkTask) -> Receipt:
    """Process, unless the row is among them that kills, in one of the datasets."""
    if task.name == "mumu" and Path(task.path).name == "a.root" and task.start <= 333 < task.stop:
        os.kill(os.getpid(), signal.SIGKILL)
    return process_chunk(task)


def process_no_more_than_100_rows(task: ChunkTask) -> Receipt:
    """Process, unless there are so many rows of one file that the machine runs out of memory."""
    if Path(task.path).name == "a.root" and task.rows > 100:
        os.kill(os.getpid(), signal.SIGKILL)
    return process_chunk(task)
