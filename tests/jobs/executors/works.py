"""Work for executors, in a module of its own so that worker processes can import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from darkbelle.jobs.tasks import Receipt, Task


def count_rows(task: Task) -> Receipt:
    return Receipt(task.key, task.rows)


def die_at_entry_20(task: Task) -> Receipt:
    if task.start == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return Receipt(task.key, task.rows)


def count_rows_after_gate(task: Task) -> Receipt:
    """Entry 20 waits until there is a file ``gate`` in the run folder."""
    while task.start == 20 and not (Path(task.run) / "gate").exists():
        time.sleep(0.1)
    return Receipt(task.key, task.rows)


def count_rows_in_a_second(task: Task) -> Receipt:
    time.sleep(1)
    return Receipt(task.key, task.rows)
