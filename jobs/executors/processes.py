"""Processes on this machine, each with one task at a time, so that a death is of one task and of no other."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Literal

from darkbelle.errors import RunError
from darkbelle.jobs.executors.base import Unfinished, Work
from darkbelle.jobs.tasks import Receipt, Task

__all__ = ["Crew", "StartMethod"]

StartMethod = Literal["spawn", "fork"]

START: Final = 300.0  # seconds for a process to start and import what it needs, on a slow shared folder
POLL: Final = 1.0  # seconds between two looks at the clock


@dataclass(frozen=True)
class Crew:
    """Some processes that do the same work.

    Parameters
    ----------
    work
        What they do.
    size
        How many at a time.
    limit
        Seconds that a task may take; a process that takes longer is killed.
    start_method
        ``spawn`` is safe. ``fork`` is quicker, and can hang if this process has threads, as those of
        uproot, numba and Dask are.
    """

    work: Work
    size: int
    limit: float
    start_method: StartMethod = "spawn"

    def receipts(self, tasks: Iterator[Task], unfinished: list[Unfinished]) -> Generator[Receipt, None, None]:
        """Yield receipts until the tasks are done; ``unfinished`` gets those whose process did not live.

        Raises
        ------
        RunError
            No process can be started.
        """
        idle: list[_Process] = []
        busy: dict[Connection, _Process] = {}
        proven = False  # whether any process has ever started
        try:
            while True:
                for task in islice(tasks, self.size - len(busy)):
                    process = idle.pop() if idle else _Process.started(self)
                    process.give(task)
                    busy[process.connection] = process
                if not busy:
                    return
                for connection in wait(list(busy), timeout=min(POLL, self.limit / 4)):
                    process = busy[connection]  # type: ignore[index]  # wait returns what it was given
                    try:
                        answer = process.answer()
                    except (EOFError, OSError):
                        unfinished.append(process.last_words())
                        if not (proven or process.ready):
                            raise RunError(
                                f"a process of this machine did not start: {unfinished[-1].reason}; its "
                                "last words are on stderr"
                            ) from None
                    else:
                        proven = True
                        if answer is None:
                            continue
                        idle.append(process)
                        yield answer
                    del busy[process.connection]
                for process in [process for process in busy.values() if process.overdue(self.limit)]:
                    unfinished.append(process.stalled(self.limit))
                    del busy[process.connection]
        finally:
            for process in (*idle, *busy.values()):
                process.end()


@dataclass
class _Process:
    """A process, the pipe to it, and what it has to do."""

    process: Any
    connection: Connection
    task: Task | None = None
    since: float = 0.0
    ready: bool = field(default=False)

    @classmethod
    def started(cls, crew: Crew) -> _Process:
        context: Any = multiprocessing.get_context(crew.start_method)  # typeshed: contexts differ
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, crew.work), daemon=True)
        process.start()
        theirs.close()  # so that its death is the end of the pipe
        return cls(process, ours)

    def give(self, task: Task) -> None:
        """Give it a task; if it is dead, its answer will tell."""
        self.task, self.since = task, time.monotonic()
        with contextlib.suppress(OSError):
            self.connection.send(task)

    def answer(self) -> Receipt | None:
        """Return its receipt, or None if it has but said that it is ready."""
        receipt: Receipt | None = self.connection.recv()
        if receipt is None:
            self.ready, self.since = True, time.monotonic()
        return receipt

    def overdue(self, limit: float) -> bool:
        """Whether its task has taken too long."""
        return time.monotonic() - self.since > (limit if self.ready else max(limit, START))

    def last_words(self) -> Unfinished:
        """Return its task, and how it ended."""
        self.process.join()
        code = self.process.exitcode
        if code >= 0:
            reason = f"its process exited with code {code}"
        else:
            name = signal.Signals(-code).name
            reason = f"its process was ended by {name}"
            if name == "SIGKILL":
                reason += ", which the system sends when memory is at an end"
        self.end()
        return self._unfinished(reason)

    def stalled(self, limit: float) -> Unfinished:
        """Kill it, and return its task."""
        self.end()
        return self._unfinished(f"its process was killed, since it took longer than the limit of {limit:g} s")

    def _unfinished(self, reason: str) -> Unfinished:
        if self.task is None:  # pragma: no cover  # only those with a task are asked
            raise RuntimeError(reason)
        return Unfinished(self.task, reason)

    def end(self) -> None:
        """Kill it; what it had stored is whole."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _serve(connection: Connection, work: Work) -> None:
    """Do one task after the other, until nobody gives any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver gets it as well, and ends us
    with contextlib.suppress(EOFError, BrokenPipeError):
        connection.send(None)
        while True:
            connection.send(work(connection.recv()))
