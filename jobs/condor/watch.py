"""Watch a batch through its event log and the journals of its jobs, and answer what goes wrong."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from darkbelle.errors import RunError, StoreError
from darkbelle.jobs.condor.batch import Batch
from darkbelle.jobs.condor.eventlog import ClusterState, JobState, follow, read_events
from darkbelle.jobs.condor.holds import Answer, Cause, answer, cause_of
from darkbelle.jobs.condor.journal import Journal
from darkbelle.jobs.condor.pool import Pool
from darkbelle.jobs.condor.site import Site
from darkbelle.jobs.tasks import Failure, Receipt, Task

__all__ = ["Watch"]

_LOG = logging.getLogger(__name__)

SMALLER: Final = "it goes on in smaller groups"


@dataclass
class Watch:
    """One batch in the queue: changes as its jobs do.

    Parameters
    ----------
    batch, cluster, pool, site
        What is watched, under which number of HTCondor, and where.
    memory
        That jobs asked for, MB.
    waiting
        Keys of the chunks that are waited for, by job.
    again
        Groups of tasks that have to be submitted anew; whoever submits them clears it.
    grace
        Seconds until a job that ended well is believed to have left no more receipts.
    state, last_news
        What the event log says, and when (monotonic seconds) it or a journal last said something new.
    """

    batch: Batch
    cluster: int
    pool: Pool
    site: Site
    memory: int
    waiting: dict[int, set[str]] = field(default_factory=dict)
    again: list[list[Task]] = field(default_factory=list)
    state: ClusterState = field(default_factory=lambda: ClusterState(None, {}))
    grace: float = 30.0
    last_news: float = field(default_factory=time.monotonic)
    _offset: int = 0
    _ended_at: dict[int, float] = field(default_factory=dict)
    _memory: dict[int, int] = field(default_factory=dict)  # of jobs that were given more
    _answered: dict[int, int] = field(default_factory=dict)  # how many holds of a job
    _too_much: set[int] = field(default_factory=set)  # jobs given up for memory or time
    _verdicts: dict[int, str] = field(default_factory=dict)  # why we removed a job

    def read_log(self) -> None:
        """Read what is new in the event log."""
        events, self._offset = read_events(self.batch.log, self._offset)
        # a submission that was tried twice may have arrived twice: one of them counts
        self.state = follow(self.state, (event for event in events if event.cluster == self.cluster))
        if events:
            self.last_news = time.monotonic()

    def poll(self) -> Iterator[Receipt]:
        """Yield the receipts that have come since the last time, and answer held jobs."""
        self.read_log()  # before the journals: what a job wrote before it ended is then seen
        for job in list(self.waiting):
            yield from self._poll_job(job, self.state.job(job))

    def _poll_job(self, job: int, state: JobState) -> Iterator[Receipt]:
        if not (state.starts or state.final or state.phase == "held"):
            return
        journal = self.batch.journal(job)
        for key in sorted(self.waiting[job] & set(journal.receipts)):
            receipt = journal.receipts[key]
            try:
                if receipt.failure is None:
                    self.batch.take_in(job, key)
            except StoreError as error:
                if not state.final:  # it may be on its way
                    continue
                receipt = replace(receipt, rows=0, failure=Failure("lost", "NotDone", str(error)))
            self.last_news = time.monotonic()
            self.waiting[job].discard(key)
            yield receipt
        if not self.waiting[job]:
            del self.waiting[job]
        elif state.final:
            # a shared folder may show the end in the log before the last lines of the journal
            ended = self._ended_at.setdefault(job, time.monotonic())
            if state.phase == "removed" or state.reason or time.monotonic() - ended > self.grace:
                yield from self._ended(job, state, journal)
        elif state.phase == "held" and self._answered.get(job) != state.holds:
            try:
                self._answer(job, state)
            except RunError as error:  # its scheduler does not listen now: the other jobs go on
                _LOG.warning("job %s.%d is asked again later: %s", self.cluster, job, error)
            else:
                self._answered[job] = state.holds

    def _ended(self, job: int, state: JobState, journal: Journal) -> Iterator[Receipt]:
        """Deal with the chunks of a job that has ended without them."""
        keys = self.waiting.pop(job)
        tasks = [task for task in self.batch.tasks(job) if task.key in keys]
        verdict = self._verdicts.get(job)
        died = state.phase == "ended" and bool(journal.started)
        if len(tasks) > 1 and (verdict == SMALLER or died):
            # those that were begun and not ended apart from those that never were
            tasks.sort(key=lambda task: journal.suspicion(task.key))
            middle = (len(tasks) + 1) // 2
            self.again += [tasks[:middle], tasks[middle:]]
            return
        # smaller chunks may be what a job needs that dies, or has too little memory or time for one chunk
        to_receipt = Receipt.lost if died or job in self._too_much else Receipt.undone
        reason = verdict or state.reason or "it ended without a receipt"
        words = self.batch.last_words(job)
        message = f"HTCondor job {self.cluster}.{job}, started {state.starts} times: {reason}"
        for task in tasks:
            yield to_receipt(task, f"{message}; its last words: {words}" if words else message)

    def _answer(self, job: int, state: JobState) -> None:
        cause = cause_of(state.hold_code, state.reason)
        memory = self._memory.get(job, self.memory)
        chosen = answer(
            cause,
            memory=memory,
            largest=self.site.largest_memory,
            chunks=len(self.waiting[job]),
            holds=state.holds - 1,
        )
        name = f"{self.cluster}.{job}"
        _LOG.warning("job %s is held (%s): %s; %s", name, cause, state.reason, _in_words(chosen))
        match chosen.action:
            case "release":
                self.pool.release(self.cluster, job)
            case "more memory":
                self.pool.give_memory(self.cluster, job, chosen.memory)
                self.pool.release(self.cluster, job)
                self._memory[job] = chosen.memory
            case "smaller groups":
                self._remove(job, SMALLER)
            case "give up":
                if cause in {Cause.MEMORY, Cause.TIME}:
                    self._too_much.add(job)
                self._remove(job, f"it was held ({cause}) and given up: {state.reason}")

    def _remove(self, job: int, verdict: str) -> None:
        self._verdicts[job] = verdict
        self.pool.remove(self.cluster, job, reason=f"darkbelle: {verdict}")

    def abandon(self) -> Iterator[Receipt]:
        """Give up all that is waited for: nothing has happened for too long."""
        for job, keys in self.waiting.items():
            state = self.state.job(job)
            message = f"HTCondor job {self.cluster}.{job} has been {state.phase} for too long {state.reason}"
            yield from (
                Receipt.undone(task, message.strip()) for task in self.batch.tasks(job) if task.key in keys
            )
        self.stop()
        self.waiting.clear()

    def stop(self) -> None:
        """Take what is left of the batch out of the queue."""
        if self.state.closed:
            return
        try:
            self.pool.remove(self.cluster, reason="darkbelle: nobody waits for it")
        except RunError as error:  # no reason to hide why it is stopped
            _LOG.warning("HTCondor cluster %d may still be in the queue: %s", self.cluster, error)

    @property
    def phases(self) -> Mapping[str, int]:
        """How many of the jobs waited for are in each phase."""
        return count_phases(self.state.job(job) for job in self.waiting)


def count_phases(states: Iterable[JobState]) -> dict[str, int]:
    """Return how many jobs are in each phase."""
    counts: dict[str, int] = {}
    for state in states:
        counts[state.phase] = counts.get(state.phase, 0) + 1
    return counts


def _in_words(chosen: Answer) -> str:
    return f"{chosen.action}, {chosen.memory} MB" if chosen.memory else chosen.action
