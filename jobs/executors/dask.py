"""Process chunks with Dask: on a cluster embedded in this machine, or on any scheduler."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import dask
from distributed import Client, LocalCluster, wait

from darkbelle.errors import RunError
from darkbelle.jobs.executors.base import Executor, Unfinished, Work
from darkbelle.jobs.plan import installation
from darkbelle.jobs.tasks import Receipt, Task

__all__ = ["DaskExecutor"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class DaskExecutor(Executor):
    """Workers of a Dask scheduler.

    Parameters
    ----------
    workers
        Processes of the embedded cluster, one thread each.
    scheduler
        Address of a running scheduler, such as ``tcp://host:8786``; None starts a cluster on the
        loopback interface of this machine, seen by nobody else.
    dashboard
        Serve Dask's dashboard, at a free port of the loopback interface.
    patience
        Seconds to wait for a first worker, or for another when all are gone.
    """

    workers: int = 2
    scheduler: str | None = None
    dashboard: bool = False
    patience: float = 60.0

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        """Yield one receipt a task; no more than four a thread are with the scheduler at a time.

        A worker that dies takes other tasks along that were given to it. They are all tried again in
        the end, one by one; the deadly one is then reported lost.
        """
        with self._client() as client:
            self._agree_on_versions(client)
            suspects: list[Unfinished] = []
            yield from self._submitted(client, work, iter(tasks), suspects)
            for suspect in suspects:
                alone: list[Unfinished] = []
                yield from self._submitted(client, work, iter([suspect.task]), alone)
                yield from (Receipt.lost(*item) for item in alone)

    def _submitted(
        self, client: Client, work: Work, tasks: Iterator[Task], unfinished: list[Unfinished]
    ) -> Iterator[Receipt]:
        """Yield receipts as they come; ``unfinished`` gets the tasks whose worker died."""
        pending: dict[Any, Task] = {}
        while True:
            window = 4 * max(1, sum(client.nthreads().values()))
            for task in islice(tasks, max(0, window - len(pending))):
                # pure=False: a key is computed again when asked again, the store decides on reuse
                pending[client.submit(work, task, pure=False)] = task
            if not pending:
                return
            for future in self._finished(client, pending):
                task = pending.pop(future)
                if future.status == "finished":
                    yield future.result()
                else:
                    error = future.exception() if future.status == "error" else None
                    unfinished.append(Unfinished(task, f"Dask gave up on it: {error or future.status}"))
                future.release()

    @contextmanager
    def _client(self) -> Iterator[Client]:
        with ExitStack() as stack:
            address: Any = self.scheduler
            if self.scheduler is None:
                # one death makes a suspect, the default is four
                stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 0}))
                address = stack.enter_context(
                    LocalCluster(
                        n_workers=self.workers,
                        threads_per_worker=1,
                        processes=True,
                        host="127.0.0.1",
                        # None would mean Dask's usual port, which another cluster may have
                        dashboard_address="127.0.0.1:0",
                        scheduler_kwargs={"dashboard": self.dashboard},
                        silence_logs=logging.ERROR,
                    )
                )
            try:
                client = stack.enter_context(Client(address, timeout=self.patience))
                client.wait_for_workers(1, timeout=self.patience)
            except (OSError, TimeoutError) as error:
                raise RunError(
                    f"no Dask worker at {self.scheduler or 'the embedded cluster'} within "
                    f"{self.patience:g} s: {error}; check the address, and that it has workers"
                ) from error
            if self.dashboard:
                _LOG.info("dashboard: %s", client.dashboard_link)
            yield client

    def _agree_on_versions(self, client: Client) -> None:
        """Refuse workers whose packages or sources are not ours: their results would be of other code."""
        ours = installation()
        for address, theirs in client.run(installation).items():
            differing = [
                f"{name} {theirs.get(name)} (here {version})"
                for name, version in ours.items()
                if theirs.get(name) != version
            ]
            if differing:
                raise RunError(
                    f"Dask worker {address} has {', '.join(differing)}; start workers and darkbelle from one "
                    "environment, and start workers anew after a change"
                )

    def _finished(self, client: Client, pending: dict[Any, Task]) -> list[Any]:
        """Return the futures that are done, at least one."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return list(wait(list(pending), timeout=1, return_when="FIRST_COMPLETED").done)
            except TimeoutError:
                if client.nthreads():
                    deadline = time.monotonic() + self.patience
                elif time.monotonic() > deadline:
                    raise RunError(
                        f"all Dask workers have been gone for {self.patience:g} s with chunks left to do; "
                        "start workers and run again: what is done is kept"
                    ) from None
