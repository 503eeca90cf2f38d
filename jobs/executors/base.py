"""What an executor is: it takes tasks and gives back a receipt for each, whatever happens.

To add one, write a class in a file of this folder, name it in `registry`, and add it to the list in
``tests/jobs/executors/test_executors.py``: every executor has to pass the same tests.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from typing import Any, Final, NamedTuple

from darkbelle.jobs.tasks import Receipt, Task

__all__ = ["CHUNK_TIMEOUT", "Executor", "Unfinished", "Work"]

CHUNK_TIMEOUT: Final = 3600.0  # seconds that a chunk may take; most take one

Work = Callable[[Any], Receipt]  # of its own kind of task


class Unfinished(NamedTuple):
    """A task that came back without a receipt, and the reason as far as it is known."""

    task: Task
    reason: str


class Executor(ABC):
    """Does work on tasks somewhere."""

    @abstractmethod
    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        """Yield exactly one receipt a task, in any order, as they come.

        ``work`` reports its own errors on its receipt. What it cannot report, the death of its
        worker, the executor reports by `Receipt.lost`. Tasks are drawn as they are needed, so that
        memory does not grow with their number. Closing the iterator stops the work.

        Raises
        ------
        RunError
            No worker can be had. What is in the result store by then stays there.
        """
