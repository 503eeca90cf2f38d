"""Work for executors, in a module of its own so that worker processes can import it."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import numpy as np
from distributed import get_worker

from darkbelle.jobs.chunks import process_chunk
from darkbelle.jobs.tasks import ChunkTask, Receipt
from darkbelle.kernels.angles import opening_angle
from darkbelle.vectors import FourVector


def count_rows(task: ChunkTask) -> Receipt:
    return Receipt(task.key, task.rows)


def die_at_entry_20(task: ChunkTask) -> Receipt:
    if task.start == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return Receipt(task.key, task.rows)


def sleep_at_entry_20(task: ChunkTask) -> Receipt:
    if task.start == 20:
        time.sleep(3600)
    return Receipt(task.key, task.rows)


def sleep_once_at_entry_20(task: ChunkTask) -> Receipt:
    if task.start == 20 and not (Path(task.run) / "slept").exists():
        (Path(task.run) / "slept").touch()
        time.sleep(3600)
    return Receipt(task.key, task.rows)


def hang_at_entry_20(task: ChunkTask) -> Receipt:
    """Hang in C code that keeps the interpreter's lock, so that no other thread has its turn."""
    if task.start == 20:
        re.match(r"(a+)+$", "a" * 64 + "b")
    return Receipt(task.key, task.rows)


def stop_at_entry_20(task: ChunkTask) -> Receipt:
    if task.start == 20:
        os.kill(os.getpid(), signal.SIGSTOP)
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


def count_rows_and_connection(task: ChunkTask) -> Receipt:
    """Write the address of the Dask worker into the run folder."""
    (Path(task.run) / "connection").write_text(get_worker().address)
    return Receipt(task.key, task.rows)


def process_hungrily(task: ChunkTask) -> Receipt:
    """Process, but take far more memory for more than 250 rows of one file than a worker may have."""
    hoard = []
    if Path(task.path).name == "a.root" and task.rows > 250:
        for _ in range(100):
            hoard.append(b"x" * 20_000_000)  # pages that are not touched would cost nothing
            time.sleep(0.05)
    return process_chunk(task)


def compile_a_kernel(task: ChunkTask) -> Receipt:
    """Write into the run folder, under the number of the process, where numba has kept a kernel."""
    column = np.ones(1)
    opening_angle(FourVector(column, column, column, column), FourVector(column, column, -column, column))
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    (Path(task.run) / f"cache-{os.getpid()}").write_text(
        "\n".join(map(str, folder.rglob("*opening_angle*.nbi")))
    )
    time.sleep(0.2)  # so that each worker gets some
    return Receipt(task.key, task.rows)


def process_slowly(task: ChunkTask) -> Receipt:
    """Process, so that there is time for something to happen meanwhile."""
    time.sleep(0.3)
    return process_chunk(task)


def dawdle_at_entry_20(task: ChunkTask) -> Receipt:
    if task.start == 20:
        time.sleep(0.5)
    return Receipt(task.key, task.rows)
