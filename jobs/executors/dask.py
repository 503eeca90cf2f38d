"""Process chunks with Dask: on this machine, on jobs of an HTCondor pool, or on any scheduler."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal

from distributed import Client, KilledWorker, Security, performance_report, wait

from darkbelle.errors import ConfigurationError, RunError
from darkbelle.jobs.clusters.condor import LOGS, WorkerJobs, condor_cluster, last_words
from darkbelle.jobs.clusters.embedded import embedded_cluster
from darkbelle.jobs.clusters.security import check_address, security_of
from darkbelle.jobs.clusters.workers import OwnKernelCache, agree_on_versions, work_in_time
from darkbelle.jobs.condor.site import load_site
from darkbelle.jobs.executors.base import CHUNK_TIMEOUT, Executor, Unfinished, Work
from darkbelle.jobs.plan import installation
from darkbelle.jobs.tasks import Receipt, Task

__all__ = ["DaskExecutor"]

_LOG = logging.getLogger(__name__)

PATIENCE = 60.0
PATIENCE_WITH_A_QUEUE = 3600.0
FETCH = 5.0  # seconds until a receipt, which is small, is taken for lost


@dataclass(frozen=True)
class DaskExecutor(Executor):
    """Workers of a Dask scheduler.

    Parameters
    ----------
    workers
        Processes of a cluster of our own, one thread each.
    cluster
        Where that is: ``local`` on the loopback interface of this machine, or ``condor`` for jobs of
        an HTCondor pool, which are replaced when they end.
    scheduler
        Address of a running scheduler instead, such as ``tls://host:8786``.
    client
        A connection of one's own instead, from a notebook for instance. It is left open.
    site, listen
        With ``condor``: name or file of the site, see `darkbelle.jobs.condor.site`, and the address
        of this machine to which workers connect, if not any.
    memory
        Of each worker of our own, MB. One that takes more is ended, and its chunk cut in smaller ones.
    dashboard
        Serve Dask's dashboard, at a free port of the loopback interface.
    performance_report
        Write Dask's report of who did what when to this HTML file.
    patience
        Seconds to wait for a first worker, or for another when all are gone: a minute, or with
        ``condor`` an hour, since there may be a queue.
    chunk_timeout
        Seconds that a chunk may take. A worker that takes longer ends itself, and the chunk is cut in
        two like any that kills its worker. Without effect on workers that are threads of this process.
    tls_ca, tls_cert, tls_key
        Certificates; see `darkbelle.jobs.clusters.security`.
    allow_unencrypted
        Talk over a network without certificates.
    """

    workers: int = 2
    cluster: Literal["local", "condor"] = "local"
    scheduler: str | None = None
    client: Client | None = None
    site: str | None = None
    listen: str | None = None
    memory: int | None = None
    dashboard: bool = False
    performance_report: str | Path | None = None
    patience: float | None = None
    chunk_timeout: float = CHUNK_TIMEOUT
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    allow_unencrypted: bool = False

    def __post_init__(self) -> None:
        elsewhere = self.scheduler is not None or self.client is not None
        if elsewhere and (self.cluster != "local" or self.memory is not None):
            raise ConfigurationError(
                "a scheduler or a client has its own workers: drop the options cluster and memory, which are "
                "for workers that are started here"
            )
        if self.cluster != "condor" and (self.site is not None or self.listen is not None):
            raise ConfigurationError("site and listen are for jobs of HTCondor: add --cluster condor")
        if self.scheduler is not None and self.client is not None:
            raise ConfigurationError("give a scheduler or a client, got both")
        if self.client is not None and self.client.asynchronous:
            raise ConfigurationError(
                "the client is asynchronous; make one with Client(…, asynchronous=False)"
            )
        report = self.performance_report
        if report is not None and not Path(report).absolute().parent.is_dir():
            raise ConfigurationError(f"the folder of the performance report {report} does not exist; make it")

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        """Yield one receipt a task; no more than four a thread are with the scheduler at a time.

        A worker that dies takes other tasks along that were given to it. They are all tried again in
        the end, one by one; the deadly one is then reported lost.
        """
        drawn = iter(tasks)
        first = next(drawn, None)
        if first is None:
            return
        with self._ready_client(Path(first.run)) as client:
            suspects: list[Unfinished] = []
            yield from self._submitted(client, work, chain([first], drawn), suspects)
            for suspect in suspects:
                alone: list[Unfinished] = []
                yield from self._submitted(client, work, iter([suspect.task]), alone)
                yield from (Receipt.lost(*item) for item in alone)

    def _submitted(
        self, client: Client, work: Work, tasks: Iterator[Task], unfinished: list[Unfinished]
    ) -> Iterator[Receipt]:
        """Yield receipts as they come; ``unfinished`` gets the tasks whose worker died."""
        ours = installation()
        pending: dict[Any, Task] = {}
        while True:
            window = 4 * max(1, sum(client.nthreads().values()))
            for task in islice(tasks, max(0, window - len(pending))):
                # pure=False: a key is computed again when asked again, the store decides on reuse
                pending[client.submit(work_in_time, work, ours, self.chunk_timeout, task, pure=False)] = task
            if not pending:
                return
            for future in self._finished(client, pending):
                outcome = _outcome(future, pending[future])
                if outcome is None:
                    continue
                del pending[future]
                future.release()
                if isinstance(outcome, Receipt):
                    yield outcome
                else:
                    unfinished.append(outcome)

    @contextmanager
    def _ready_client(self, run: Path) -> Iterator[Client]:
        """Yield a client that has workers, which are of our installation."""
        with ExitStack() as stack:
            client = self.client
            if client is None:
                client = stack.enter_context(self._connected(run))
            self._wait_for_a_worker(client, run)
            agree_on_versions(client)
            of_others = self.scheduler is not None or self.client is not None
            if of_others or self.cluster == "condor":  # else they share the kernels of this machine
                client.register_plugin(OwnKernelCache())
            if "dashboard" in client.scheduler_info()["services"]:
                _LOG.info("dashboard: %s", client.dashboard_link)
            if self.performance_report is not None:
                stack.enter_context(client.as_current())
                stack.enter_context(performance_report(filename=str(self.performance_report)))
            try:
                yield client
            except OSError as error:
                raise RunError(
                    f"the Dask scheduler is gone: {error}; what is done is kept: run again, with any executor"
                ) from error

    @contextmanager
    def _connected(self, run: Path) -> Iterator[Client]:
        security = security_of(self.tls_ca, self.tls_cert, self.tls_key)
        with self._cluster(run, security) as cluster, ExitStack() as stack:
            try:
                client = stack.enter_context(
                    Client(cluster, timeout=min(PATIENCE, self._patience), security=security)
                )
            except (OSError, TimeoutError) as error:
                raise RunError(self._nobody(run, str(error))) from error
            yield client

    def _cluster(self, run: Path, security: Security | None) -> AbstractContextManager[Any]:
        if self.scheduler is not None:
            check_address(self.scheduler, security, unencrypted=self.allow_unencrypted)
            return nullcontext(self.scheduler)
        if self.cluster == "condor":
            site = load_site(self.site or "plain")
            return condor_cluster(
                WorkerJobs(self.workers, site, self.memory or site.memory, run, self.listen),
                security=security,
                unencrypted=self.allow_unencrypted,
                dashboard=self.dashboard,
            )
        return embedded_cluster(self.workers, memory=self.memory, security=security, dashboard=self.dashboard)

    @property
    def _patience(self) -> float:
        if self.patience is not None:
            return self.patience
        return PATIENCE_WITH_A_QUEUE if self.cluster == "condor" else PATIENCE

    def _wait_for_a_worker(self, client: Client, run: Path) -> None:
        deadline = time.monotonic() + self._patience
        while not _able_workers(client):
            if time.monotonic() > deadline:
                raise RunError(self._nobody(run))
            time.sleep(0.2)

    def _nobody(self, run: Path, reason: str = "") -> str:
        """Return the message that there is no worker, and what to do about it."""
        if self.cluster == "condor":
            where = "as a job of HTCondor"
            cure = "ask condor_q -better-analyze whether any machine fits the jobs"
            reason = reason or last_words(run / LOGS)
        elif self.client is not None:
            where, cure = f"of {self.client}", "start workers for it"
        else:
            where = f"at {self.scheduler or 'the embedded cluster'}"
            cure = "check the address, the certificates if it has any, and that it has workers"
        said = f": {reason}" if reason else ""
        return f"no Dask worker {where} within {self._patience:g} s{said}; {cure}; what is done is kept"

    def _finished(self, client: Client, pending: dict[Any, Task]) -> list[Any]:
        """Return the futures that are done, at least one."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return list(wait(list(pending), timeout=1, return_when="FIRST_COMPLETED").done)
            except TimeoutError:
                if _able_workers(client):
                    deadline = time.monotonic() + self._patience
                elif time.monotonic() > deadline:
                    raise RunError(
                        f"all Dask workers have been gone, or paused for want of memory, for "
                        f"{self._patience:g} s with chunks left to do; start workers and run again, with any "
                        "executor: what is done is kept"
                    ) from None


def _outcome(future: Any, task: Task) -> Receipt | Unfinished | None:
    """Return what became of a task that is done; None if its receipt was lost, and is made again."""
    try:
        receipt: Receipt = future.result(timeout=FETCH)
    except TimeoutError:  # the worker that has the receipt is gone
        return None
    except KilledWorker as error:
        return Unfinished(
            task,
            f"its Dask worker {error.last_worker.address} died: of a crash, or it was ended because it took "
            "more memory than it may, which --memory sets, or more time, which --chunk-timeout sets",
        )
    except Exception as error:  # noqa: BLE001  # work reports its own errors: this is Dask's
        return Receipt.undone(task, f"Dask gave up on it: {type(error).__name__}: {error}")
    return receipt


def _able_workers(client: Client) -> int:
    """Return how many workers take tasks; one that is paused for its memory does not."""
    workers = client.scheduler_info()["workers"].values()
    return sum(worker["status"] == "running" for worker in workers)
