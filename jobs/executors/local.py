"""Process chunks on this machine: in this process, or in a few."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from threading import Timer

from darkbelle.jobs.executors.base import CHUNK_TIMEOUT, Executor, Unfinished, Work
from darkbelle.jobs.executors.processes import Crew, StartMethod
from darkbelle.jobs.tasks import Receipt, Task

__all__ = ["LocalExecutor"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class LocalExecutor(Executor):
    """Processes of this machine.

    Parameters
    ----------
    workers
        How many. One is this process itself, for debugging and short runs, if it is given no limit of time.
    chunk_timeout
        Seconds that a chunk may take, an hour if None. A process that takes longer is killed, and its
        chunk cut in two like any that kills its worker. This process itself is not killed: after an hour
        it says that a chunk takes so long, and goes on. With a limit, one worker is a process of its own.
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
            yield from (_watched(work, task) for task in tasks)
            return
        suspects: list[Unfinished] = []
        yield from self._crew(work, self.workers).receipts(iter(tasks), suspects)
        lost: list[Unfinished] = []
        yield from self._crew(work, 1).receipts(iter([suspect.task for suspect in suspects]), lost)
        yield from (Receipt.lost(*item) for item in lost)

    def _crew(self, work: Work, size: int) -> Crew:
        limit = CHUNK_TIMEOUT if self.chunk_timeout is None else self.chunk_timeout
        return Crew(work, size, limit, self.start_method)


def _watched(work: Work, task: Task) -> Receipt:
    """Do a task in this process, and say so if it takes long."""
    watch = Timer(CHUNK_TIMEOUT, _warn, [task])
    watch.daemon = True
    watch.start()
    try:
        return work(task)
    finally:
        watch.cancel()


def _warn(task: Task) -> None:
    _LOG.warning(
        "%s has taken longer than %g s, in this process, which nobody ends for that; if it stalls, end it "
        "and go on with --chunk-timeout SECONDS: then a chunk that takes longer is ended and cut in two",
        task,
        CHUNK_TIMEOUT,
    )
