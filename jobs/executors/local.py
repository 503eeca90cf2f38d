"""Process chunks on this machine: in this process, or in a few."""

from __future__ import annotations

import multiprocessing
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice

from darkbelle.jobs.executors.base import Executor, Unfinished, Work
from darkbelle.jobs.tasks import Receipt, Task

__all__ = ["LocalExecutor"]


@dataclass(frozen=True)
class LocalExecutor(Executor):
    """One worker is this process, for debugging; more are processes of their own."""

    workers: int = 1

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        """Yield one receipt a task.

        A worker that dies takes the others of its pool along. Their tasks are then given one by one
        to a pool of one, where the deadly one shows itself and is reported lost.
        """
        if self.workers == 1:
            yield from map(work, tasks)
            return
        remaining = iter(tasks)
        suspects: list[Unfinished] = []
        while True:
            yield from _in_pool(work, remaining, self.workers, suspects)
            if not suspects:
                return
            for suspect in suspects:
                alone: list[Unfinished] = []
                yield from _in_pool(work, iter([suspect.task]), 1, alone)
                yield from (Receipt.lost(*item) for item in alone)
            suspects.clear()


def _in_pool(
    work: Work, tasks: Iterator[Task], workers: int, unfinished: list[Unfinished]
) -> Iterator[Receipt]:
    """Yield receipts until the tasks are done, or a worker dies.

    ``unfinished`` gets the tasks that came back without a receipt; when a worker dies, these are all
    that its pool had.
    """
    # spawn: forking a process that has threads (uproot, numba, Dask) can hang
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    pending: dict[Future[Receipt], Task] = {}
    broken = False
    try:
        while not broken:
            # two a worker: none waits for the driver, and a broken pool has few suspects
            for task in islice(tasks, 2 * workers - len(pending)):
                try:
                    pending[pool.submit(work, task)] = task
                except BrokenProcessPool as error:
                    unfinished.append(Unfinished(task, str(error)))
                    broken = True
                    break
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                task = pending.pop(future)
                failure = future.exception()
                if failure is None:
                    yield future.result()
                    continue
                unfinished.append(Unfinished(task, f"{type(failure).__name__}: {failure}"))
                broken = broken or isinstance(failure, BrokenProcessPool)
        unfinished += (Unfinished(task, "its pool was broken") for task in pending.values())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
