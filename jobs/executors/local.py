"""Process chunks on this machine: in this process, or in a few."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass

from darkbelle.jobs.executors.base import CHUNK_TIMEOUT, Executor, Unfinished, Work
from darkbelle.jobs.executors.processes import Crew, StartMethod
from darkbelle.jobs.tasks import Receipt, Task

__all__ = ["LocalExecutor"]


@dataclass(frozen=True)
class LocalExecutor(Executor):
    """Processes of this machine.

    Parameters
    ----------
    workers
        How many. One is this process itself, for debugging, if it is given no limit of time.
    chunk_timeout
        Seconds that a chunk may take, an hour if None. A process that takes longer is killed, and its
        chunk cut in two like any that kills its worker.
    start_method
        How processes are started; see `darkbelle.jobs.executors.processes.Crew`.
    """

    workers: int = 1
    chunk_timeout: float | None = None
    start_method: StartMethod = "spawn"

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        """Yield one receipt a task.

        What kills its process, or stalls, is tried again in the end with the machine to itself, and
        then reported lost.
        """
        if self.workers == 1 and self.chunk_timeout is None:
            yield from map(work, tasks)
            return
        suspects: list[Unfinished] = []
        yield from self._crew(work, self.workers).receipts(iter(tasks), suspects)
        lost: list[Unfinished] = []
        yield from self._crew(work, 1).receipts(iter([suspect.task for suspect in suspects]), lost)
        yield from (Receipt.lost(*item) for item in lost)

    def _crew(self, work: Work, size: int) -> Crew:
        limit = CHUNK_TIMEOUT if self.chunk_timeout is None else self.chunk_timeout
        return Crew(work, size, limit, self.start_method)
