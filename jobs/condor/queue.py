"""What of a run is in HTCondor's queue, for who looks at it or wants it out of there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from darkbelle.jobs.condor.batch import batches
from darkbelle.jobs.condor.holds import cause_of
from darkbelle.jobs.condor.pool import Pool

__all__ = ["QueuedCluster", "cancel", "queued"]


@dataclass(frozen=True)
class QueuedCluster:
    """The jobs of a batch by where they stand; ``reasons`` tells of those held, a sentence each."""

    cluster: int
    folder: str
    idle: int
    running: int
    held: int
    ended: int
    removed: int
    reasons: tuple[str, ...] = ()


def queued(run: Path) -> list[QueuedCluster]:
    """Return the batches of a run with jobs that have not come to an end, by their event logs.

    The scheduler is not asked: a cluster that it lost is listed.
    """
    found = []
    for batch in batches(run):
        state = batch.state()
        if state.cluster is None:
            continue
        jobs = [state.job(i) for i in range(batch.jobs)]
        if all(job.final for job in jobs):
            continue
        count = {phase: sum(job.phase == phase for job in jobs) for phase in PHASES}
        reasons = tuple(
            f"held ({cause_of(job.hold_code, job.reason)}): job {state.cluster}.{i}: {job.reason}"
            for i, job in enumerate(jobs)
            if job.phase == "held"
        )
        found.append(QueuedCluster(state.cluster, str(batch.folder), reasons=reasons, **count))
    return found


PHASES = ("idle", "running", "held", "ended", "removed")


def cancel(run: Path) -> list[int]:
    """Take all jobs of a run out of the queue, and return the clusters that had any.

    Raises
    ------
    RunError
        HTCondor is not here, or does not answer.
    """
    candidates = queued(run)
    if not candidates:
        return []
    pool = Pool()
    clusters = [item.cluster for item in candidates if pool.has(item.cluster, Path(item.folder))]
    for cluster in clusters:
        pool.remove(cluster, reason="darkbelle cancel")
    return clusters
