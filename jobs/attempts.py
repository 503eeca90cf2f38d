"""Do a task, a few times if need be, and write the receipt."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from darkbelle.jobs.tasks import Failure, Receipt, Task, is_transient

__all__ = ["attempt"]

ATTEMPTS: Final = 3
PAUSE: Final = 0.5  # seconds before the second attempt, twice that before the third


def attempt(task: Task, work: Callable[[], int], where: str, pause: float = PAUSE) -> Receipt:
    """Return the receipt of work that returns its rows; any error is on the receipt.

    Errors of storage that may go away are tried again, a few times, with a pause in seconds that grows.
    ``where`` is noted on the error.
    """
    started = time.monotonic()
    for count in range(1, ATTEMPTS + 1):
        try:
            rows = work()
        except Exception as error:  # noqa: BLE001  # an error of a task must not end the run: it is reported
            error.add_note(f"{where}, attempt {count} of {ATTEMPTS}")
            if is_transient(error) and count < ATTEMPTS:
                time.sleep(pause * count)
                continue
            return Receipt(task.key, 0, time.monotonic() - started, Failure.of(error))
        else:
            return Receipt(task.key, rows, time.monotonic() - started)
    raise AssertionError  # pragma: no cover
