"""Run a plan: process the chunks whose results are not in the store yet, and merge."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from darkbelle.errors import NtupleError, RunError
from darkbelle.jobs.bisection import halved
from darkbelle.jobs.chunks import process_chunk
from darkbelle.jobs.collecting import collect
from darkbelle.jobs.condor.batch import take_in_all
from darkbelle.jobs.executors.base import Executor
from darkbelle.jobs.merge import Account, merge, remove_products
from darkbelle.jobs.plan import Chunk, Plan, Quarantined, load_plan
from darkbelle.jobs.progress import Progress, silent
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Failure
from darkbelle.runfolder import write_bytes

__all__ = ["RunReport", "given_up", "locked", "merge_only", "run"]

_LOG = logging.getLogger(__name__)

NOT_PROCESSED = Failure("lost", "RunError", "it has not been processed, or its result was damaged")
LOCK = ".lock"
MOST_DEADLY = 10  # more at a time are no matter of a few rows, but of the machine or the environment
HOLDER = ".lock-holder"


@dataclass(frozen=True)
class RunReport:
    """What a run did.

    Parameters
    ----------
    chunks, reused, computed
        In the plan; found in the store; processed now.
    damaged
        Why stored results were not used, by key. They were processed again.
    failed
        What could not be processed, and why.
    accounts
        Rows by dataset; empty if the results were not merged.
    uncounted
        Files that were left out of the plan, with rows that nobody could count.
    seconds
        Wall-clock time.
    """

    chunks: int
    reused: int
    computed: int
    seconds: float
    damaged: dict[str, str] = field(default_factory=dict)
    failed: tuple[tuple[Chunk, Failure], ...] = ()
    accounts: dict[str, Account] = field(default_factory=dict)
    uncounted: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether there is a result, of all rows."""
        return self.merged and not self.rows_lost and not self.uncounted

    @property
    def merged(self) -> bool:
        """Whether there is a result."""
        return bool(self.accounts)

    @property
    def rows_lost(self) -> int:
        """Rows that are not in the result, or would not be."""
        if self.merged:
            return sum(account.quarantined for account in self.accounts.values())
        return sum(chunk.rows for chunk, _ in self.failed)

    def summary(self) -> dict[str, Any]:
        """Return the report as what JSON can hold."""
        return {
            "chunks": self.chunks,
            "reused": self.reused,
            "computed": self.computed,
            "seconds": round(self.seconds, 3),
            "damaged": list(self.damaged.values()),
            "failed": [given_up(*item).model_dump(mode="json") for item in self.failed],
            "merged": self.merged,
            "rows_lost": self.rows_lost,
            "uncounted": list(self.uncounted),
            "rows": {name: asdict(account) for name, account in self.accounts.items()},
        }


@contextmanager
def locked(folder: str | Path) -> Iterator[Path]:
    """Hold a run folder for oneself.

    The operating system lets go of the lock when its holder dies, however it dies. On a folder that
    machines share, the lock holds between them where its file system has ``flock`` for all of them,
    as NFS and Lustre (mounted with ``flock``) do. Where it has not, two runs at once would do work
    twice; results are whole files under the keys of what they are, so none would be wrong.

    Raises
    ------
    RunError
        Another process holds it, or there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RunError(f"{folder} is not a folder; make a run folder with `darkbelle plan`")
    holder = folder / HOLDER
    try:
        with FileLock(folder / LOCK, timeout=0):
            write_bytes(holder, f"process {os.getpid()} on {socket.gethostname()}".encode(), synced=False)
            yield folder
    except Timeout as error:
        who = holder.read_text(encoding="utf-8") if holder.exists() else "another process"
        raise RunError(f"{folder} is being used by {who}; wait until it ends, or end it") from error


def run(
    folder: str | Path, executor: Executor, *, allow_loss: bool = False, progress: Progress = silent
) -> RunReport:
    """Process what is missing of a planned run, and merge if nothing failed.

    Results that are in the store are used, so a run that was killed goes on where it was, with any
    executor. The products do not depend on that. A chunk that kills its worker, for what is in it or
    for its size, is cut in halves again and again, until the events that do it are left alone.

    Parameters
    ----------
    folder
        A run folder with a plan.
    executor
        Where to process.
    allow_loss
        Merge without the chunks that failed; their rows count as quarantined.

    Raises
    ------
    RunError
        The folder has no plan, is in use, or the executor has no workers.
    DuplicateEventsError
        Two chunks have an event in common, so that there is no result.
    """
    started = time.monotonic()
    with locked(folder) as path:
        plan = load_plan(path)
        take_in_all(path)
        store = ResultStore(path)
        survey = store.survey(chunk.key for chunk in plan.chunks())
        for key in survey.damaged:
            store.discard(key)
        todo = [chunk for chunk in plan.chunks() if chunk.key not in survey.present]
        if todo:
            remove_products(path)
        failed = _process(path, plan, todo, executor, progress)
        plan, failed = _narrowed(path, plan, failed, executor, progress)
        if failed:
            failed = _with_damaged(store, plan, failed)
        chunks = plan.count_chunks()
        accounts: dict[str, Account] = {}
        if allow_loss or not failed:
            accounts = merge(path, plan, [given_up(chunk, failure) for chunk, failure in failed], progress)
        return RunReport(
            chunks=chunks,
            reused=len(survey.present),
            computed=chunks - len(survey.present) - len(failed),
            seconds=time.monotonic() - started,
            damaged=survey.damaged,
            failed=tuple(failed),
            accounts=accounts,
            uncounted=plan.uncounted,
        )


def merge_only(folder: str | Path, *, allow_loss: bool = False, progress: Progress = silent) -> RunReport:
    """Merge what is in the store without processing anything; see `run`.

    With ``allow_loss`` chunks without a result count as quarantined, else they keep the run from
    being merged.
    """
    started = time.monotonic()
    with locked(folder) as path:
        plan = load_plan(path)
        take_in_all(path)
        store = ResultStore(path)
        survey = store.survey(chunk.key for chunk in plan.chunks())
        failed = [
            (chunk, store.failure(chunk.key) or NOT_PROCESSED)
            for chunk in plan.chunks()
            if chunk.key not in survey.present
        ]
        accounts: dict[str, Account] = {}
        if allow_loss or not failed:
            accounts = merge(path, plan, [given_up(chunk, failure) for chunk, failure in failed], progress)
        return RunReport(
            chunks=len(survey.present) + len(failed),
            reused=len(survey.present),
            computed=0,
            seconds=time.monotonic() - started,
            damaged=survey.damaged,
            failed=tuple(failed),
            accounts=accounts,
            uncounted=plan.uncounted,
        )


def given_up(chunk: Chunk, failure: Failure) -> Quarantined:
    """Return the record of a chunk that is left out of the result."""
    return Quarantined(
        dataset=chunk.dataset,
        path=chunk.file.path,
        kind="failed",
        reason=failure.reason,
        rows=chunk.rows,
        start=chunk.start,
        stop=chunk.stop,
    )


def _process(
    path: Path, plan: Plan, todo: list[Chunk], executor: Executor, progress: Progress
) -> list[tuple[Chunk, Failure]]:
    """Process chunks, and return those that failed, in the order of the plan."""
    tasks = (plan.task(chunk, path) for chunk in todo)
    rows = {chunk.key: chunk.rows for chunk in todo}
    failures = collect(process_chunk, tasks, rows, ResultStore(path), executor, progress)
    return [(chunk, failures[chunk.key]) for chunk in todo if chunk.key in failures]


def _with_damaged(
    store: ResultStore, plan: Plan, failed: list[tuple[Chunk, Failure]]
) -> list[tuple[Chunk, Failure]]:
    """Return what is missing in the order of the plan, with results damaged after they were written.

    Without failures it is the merge that reads all results.
    """
    reasons = {chunk.key: failure for chunk, failure in failed}
    survey = store.survey(chunk.key for chunk in plan.chunks() if chunk.key not in reasons)
    for key, problem in survey.damaged.items():
        reasons[key] = Failure("permanent", "StoreError", problem)
    reasons |= dict.fromkeys(survey.missing, NOT_PROCESSED)
    return [(chunk, reasons[chunk.key]) for chunk in plan.chunks() if chunk.key in reasons]


def _narrowed(
    path: Path, plan: Plan, failed: list[tuple[Chunk, Failure]], executor: Executor, progress: Progress
) -> tuple[Plan, list[tuple[Chunk, Failure]]]:
    """Process again in halves what killed its worker, until only events that do so are left.

    The plan in the run folder gets the finer cuts, so that nobody has to find them again.
    """
    while True:
        deadly = [chunk for chunk, failure in failed if failure.deadly]
        if len(deadly) > MOST_DEADLY:
            return plan, failed
        try:
            finer = halved(plan, deadly)
        except (NtupleError, OSError) as error:
            _LOG.warning("what kills its worker is not looked for any further: %s", error)
            return plan, failed
        if finer == plan:
            return plan, failed
        known = {chunk.key for chunk in plan.chunks()}
        finer.write(path)
        order = {chunk.key: i for i, chunk in enumerate(finer.chunks())}
        halves = [chunk for chunk in finer.chunks() if chunk.key not in known]
        left = [item for item in failed if item[0].key in order]
        failed = left + _process(path, finer, halves, executor, progress)
        failed.sort(key=lambda item: order[item[0].key])
        plan = finer
