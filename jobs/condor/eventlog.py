"""HTCondor's event log: what has become of the jobs of a cluster.

The log is the one truth on a batch. It lies in the run folder, outlives the process that submitted,
says all that a queue would say, and reading it costs the scheduler of the site nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

__all__ = ["ClusterState", "Event", "JobState", "Kind", "follow", "read_events", "state_of"]

HEADER = re.compile(r"(\d{3}) \((\d+)\.(-?\d+)\.-?\d+\) ")
HOLD_CODE = re.compile(r"\tCode (\d+) Subcode -?\d+")
END_OF_EVENT: Final = b"...\n"


class Kind(IntEnum):
    """Numbers of the events that change where a job stands."""

    SUBMITTED = 0
    EXECUTING = 1
    EVICTED = 4
    TERMINATED = 5
    SHADOW_FAILED = 7
    ABORTED = 9
    HELD = 12
    RELEASED = 13
    RECONNECT_FAILED = 24
    CLUSTER_REMOVED = 36


AFTER_HOLD: Final = frozenset({Kind.RELEASED, Kind.ABORTED, Kind.TERMINATED})


class Event(NamedTuple):
    """One event: its number, the job (``proc`` is -1 for the cluster as a whole), and its lines."""

    kind: int
    cluster: int
    proc: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class JobState:
    """Where a job stands.

    Parameters
    ----------
    phase
        ``ended`` jobs exited by themselves, ``removed`` ones were taken from the queue.
    reason
        Why it is held or was removed, or how it ended badly; empty if all is well.
    hold_code
        HTCondor's number for the kind of the last hold.
    starts, holds
        How often it began to execute, and was held.
    """

    phase: Literal["idle", "running", "held", "ended", "removed"] = "idle"
    reason: str = ""
    hold_code: int = 0
    starts: int = 0
    holds: int = 0

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self.phase in {"ended", "removed"}


@dataclass(frozen=True)
class ClusterState:
    """What a log says about its cluster: the number, if it was submitted at all, and the jobs by process.

    ``closed`` says that the cluster has left the queue. Jobs that are not listed then never will be.
    """

    cluster: int | None
    jobs: Mapping[int, JobState]
    closed: bool = False

    def job(self, proc: int) -> JobState:
        """Return the state of a job, also of one that waits to be put into the queue."""
        if proc in self.jobs:
            return self.jobs[proc]
        if self.closed:
            return JobState("removed", "its cluster was removed before it came into the queue")
        return JobState()


def read_events(path: Path, offset: int = 0) -> tuple[list[Event], int]:
    """Return the events of a log from a byte on, and the byte after the last whole one.

    An event that is being written is left for the next time; a log that is not there has no events.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read()
    except FileNotFoundError:
        return [], offset
    whole = content[: content.rfind(b"\n" + END_OF_EVENT) + 1 + len(END_OF_EVENT)]
    if not whole.endswith(END_OF_EVENT):
        return [], offset
    return list(_parse(whole.decode("utf-8", errors="replace").splitlines())), offset + len(whole)


def _parse(lines: Iterable[str]) -> Iterator[Event]:
    gathered: list[str] = []
    for line in lines:
        if line != "...":
            gathered.append(line)
            continue
        header = HEADER.match(gathered[0]) if gathered else None
        if header is not None:
            kind, cluster, proc = (int(number) for number in header.groups())
            yield Event(kind, cluster, proc, tuple(gathered))
        gathered = []


def follow(state: ClusterState, events: Iterable[Event]) -> ClusterState:
    """Return the state of a cluster after further events."""
    jobs = dict(state.jobs)
    cluster, closed = state.cluster, state.closed
    for event in events:
        cluster = event.cluster
        if event.proc >= 0:
            jobs[event.proc] = _after(jobs.get(event.proc, JobState()), event)
        closed = closed or event.kind == Kind.CLUSTER_REMOVED
    return ClusterState(cluster, jobs, closed)


def state_of(path: Path) -> ClusterState:
    """Return what a log says by now."""
    return follow(ClusterState(None, {}), read_events(path)[0])


def _after(job: JobState, event: Event) -> JobState:
    """Return a job's state after one event; events that tell nothing new, such as sizes, keep it."""
    body = event.lines[1:]
    match event.kind:
        case _ if job.final:  # its end may be logged twice, after a crash of the scheduler
            change: dict[str, Any] = {}
        # within a second events may be out of order: nothing but these three ends a hold
        case kind if job.phase == "held" and kind not in AFTER_HOLD:
            change = {}
        case Kind.SUBMITTED | Kind.EVICTED | Kind.SHADOW_FAILED | Kind.RELEASED | Kind.RECONNECT_FAILED:
            change = {"phase": "idle", "reason": ""}
        case Kind.EXECUTING:
            change = {"phase": "running", "reason": "", "starts": job.starts + 1}
        case Kind.TERMINATED:
            change = {"phase": "ended", "reason": _bad_end(body)}
        case Kind.ABORTED:
            change = {"phase": "removed", "reason": next(iter(body), "").strip() or "it was removed"}
        case Kind.HELD:
            codes = [int(match[1]) for line in body if (match := HOLD_CODE.match(line))]
            reason = " ".join(line.strip() for line in body if not HOLD_CODE.match(line))
            change = {
                "phase": "held",
                "reason": reason,
                "hold_code": codes[0] if codes else 0,
                "holds": job.holds + 1,
            }
        case _:
            change = {}
    return replace(job, **change)


def _bad_end(body: Iterable[str]) -> str:
    """Return how a job terminated, empty for exit code 0."""
    for line in body:
        if found := re.search(r"Normal termination \(return value (-?\d+)\)", line):
            return "" if found[1] == "0" else f"it exited with code {found[1]}"
        if found := re.search(r"Abnormal termination \(signal (\d+)\)", line):
            return f"it was killed by signal {found[1]}"
    return "it ended in a way that its log does not tell"
