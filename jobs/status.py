"""How far a run has come, without touching it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from darkbelle.jobs.plan import Chunk, Plan, Quarantined
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Failure
from darkbelle.runfolder import RESULT

__all__ = ["DatasetStatus", "FailedChunk", "RunStatus", "failures_in_lines", "status"]


@dataclass(frozen=True)
class FailedChunk:
    """A chunk that failed the last time, and why."""

    path: str
    start: int
    stop: int
    kind: str
    reason: str

    @classmethod
    def of(cls, chunk: Chunk, failure: Failure) -> Self:
        """Return what is to be said of a chunk."""
        return cls(chunk.file.path, chunk.start, chunk.stop, failure.kind, failure.reason)

    def follows(self, other: FailedChunk) -> bool:
        """Whether its rows come next after others that failed for the same reason."""
        return self == replace(other, start=other.stop, stop=self.stop)


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
            failed.append(FailedChunk.of(chunk, failure))
            rows_missing += rows
        else:
            missing += 1
            rows_missing += rows
    quarantined = tuple(item for item in plan.quarantined if item.dataset == name)
    return DatasetStatus(done, missing, rows_done, rows_missing, tuple(failed), quarantined)


def failures_in_lines(failed: Iterable[FailedChunk]) -> list[str]:
    """Return a line for each stretch of rows that failed for one reason, however many chunks it has.

    >>> gone = [FailedChunk("a.root", start, start + 10, "permanent", "it is gone") for start in (0, 10)]
    >>> failures_in_lines(gone)
    ['failed (permanent): a.root, entries 0 to 20, 2 chunks: it is gone']
    """
    stretches: list[list[FailedChunk]] = []
    for chunk in failed:
        if stretches and chunk.follows(stretches[-1][-1]):
            stretches[-1].append(chunk)
        else:
            stretches.append([chunk])
    return [
        f"failed ({first.kind}): {first.path}, entries {first.start} to {chunks[-1].stop}"
        f"{f', {len(chunks)} chunks' if len(chunks) > 1 else ''}: {first.reason}"
        for chunks in stretches
        for first in chunks[:1]
    ]
