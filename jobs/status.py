"""How far a run has come, without touching it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from darkbelle.jobs.plan import Plan, Quarantined
from darkbelle.jobs.store import ResultStore
from darkbelle.runfolder import RESULT

__all__ = ["DatasetStatus", "FailedChunk", "RunStatus", "status"]


@dataclass(frozen=True)
class FailedChunk:
    """A chunk that failed the last time, and why."""

    path: str
    start: int
    stop: int
    kind: str
    reason: str


@dataclass(frozen=True)
class DatasetStatus:
    """Chunks of one dataset, and what was left out of it."""

    done: int
    missing: int
    rows_done: int
    rows_missing: int
    failed: tuple[FailedChunk, ...]
    quarantined: tuple[Quarantined, ...]

    @property
    def rows_quarantined(self) -> int:
        """Rows that were lost when the run was planned."""
        return sum(item.rows for item in self.quarantined)


@dataclass(frozen=True)
class RunStatus:
    """How far a run has come, by dataset; ``merged`` says that a result is there.

    ``uncounted`` are files that were left out of the plan with rows that nobody could count.
    """

    channel: str
    merged: bool
    datasets: dict[str, DatasetStatus]
    uncounted: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all rows are processed and merged, and none was left out."""
        clean = all(
            not (item.missing or item.failed or item.rows_quarantined) for item in self.datasets.values()
        )
        return self.merged and clean and not self.uncounted


def status(run: Path, plan: Plan) -> RunStatus:
    """Return how far a run has come. Results are looked for and not read: see `verify` for that."""
    datasets = {name: _of_dataset(ResultStore(run), plan, name) for name in sorted(plan.datasets)}
    return RunStatus(plan.channel, (run / RESULT).exists(), datasets, plan.uncounted)


def _of_dataset(store: ResultStore, plan: Plan, name: str) -> DatasetStatus:
    done = missing = rows_done = rows_missing = 0
    failed = []
    for chunk in plan.chunks(name):
        rows = chunk.stop - chunk.start
        if store.path(chunk.key).exists():
            done += 1
            rows_done += rows
        elif failure := store.failure(chunk.key):
            failed.append(FailedChunk(chunk.file.path, chunk.start, chunk.stop, failure.kind, failure.reason))
            rows_missing += rows
        else:
            missing += 1
            rows_missing += rows
    quarantined = tuple(item for item in plan.quarantined if item.dataset == name)
    return DatasetStatus(done, missing, rows_done, rows_missing, tuple(failed), quarantined)
