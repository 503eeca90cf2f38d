"""Process chunks as batch jobs of an HTCondor pool."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from darkbelle.errors import ConfigurationError, RunError
from darkbelle.jobs.condor.batch import CONDOR, Batch, batches, write_batch
from darkbelle.jobs.condor.pool import Pool
from darkbelle.jobs.condor.site import Site, load_site
from darkbelle.jobs.condor.submission import Submission
from darkbelle.jobs.condor.watch import Watch
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.lsf import job_array
from darkbelle.jobs.tasks import Receipt, Task
from darkbelle.runfolder import write_bytes

__all__ = ["CondorExecutor", "preview"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class CondorExecutor(Executor):
    """Jobs of an HTCondor pool, each with a group of chunks.

    Jobs outlive the process that submitted them: when it is killed, the next one on the same run
    folder takes up those that are in the queue, and submits only what is missing. When it is stopped
    (Ctrl-C, an error), it takes its jobs along.

    Parameters
    ----------
    site
        Name of a site, or a YAML file of one's own; see `darkbelle.jobs.condor.site`.
    chunks_per_job
        At most so many chunks go to one job. Some minutes of work are worth the start of a job.
    memory
        Memory of a job in MB, instead of the site's.
    patience
        Seconds without any news of a batch until it is given up. Queues can be long.
    interval
        Seconds between two looks at event logs and journals.
    """

    site: str = "plain"
    chunks_per_job: int = 20
    memory: int | None = None
    patience: float = 86_400.0
    interval: float = 2.0

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        """Yield one receipt a task, as the journals of the jobs say.

        All tasks are drawn and submitted as one cluster, into which HTCondor takes so many at a time
        as the site likes. A job that ended badly with several chunks left is submitted again in two
        halves; what is left alone in the end is reported lost.
        """
        drawn = iter(tasks)
        first = next(drawn, None)
        if first is None:
            return
        run, site = Path(first.run), load_site(self.site)
        if site.system != "htcondor":
            raise ConfigurationError(
                f"site {self.site!r} has {site.system.upper()}, which darkbelle writes a job file for but "
                "does not submit to: run with --dry-run > jobs.sh, then bsub < jobs.sh, and in the end "
                f"darkbelle merge {run}"
            )
        pool = Pool()
        watches: list[Watch] = []
        try:
            watches += self._take_up(run, site, pool)
            groups = _grouped(_not_taken_up(chain([first], drawn), watches), self.chunks_per_job)
            watches += self._submit(groups, work, run, site, pool)
            _drop_unwanted(watches)
            yield from self._followed(watches, work, run)
        finally:
            for watch in watches:
                watch.stop()

    def _take_up(self, run: Path, site: Site, pool: Pool) -> list[Watch]:
        """Return watches of batches of an earlier driver that are in the queue, waiting for nothing yet."""
        found = []
        for batch in batches(run):
            cluster = batch.state().cluster
            if cluster is None:  # its driver died before it was submitted
                continue
            watch = self._watch(batch, cluster, site, pool)
            watch.read_log()
            finished = watch.state.closed or all(watch.state.job(job).final for job in range(batch.jobs))
            if not finished and pool.has(cluster, batch.folder):
                found.append(watch)
        return found

    def _watch(self, batch: Batch, cluster: int, site: Site, pool: Pool) -> Watch:
        return Watch(batch, cluster, pool, site, self.memory or site.memory)

    def _submit(
        self, groups: Iterable[list[Task]], work: Work, run: Path, site: Site, pool: Pool
    ) -> list[Watch]:
        """Submit groups of tasks as one cluster, and return its watch; none without groups."""
        groups = iter(groups)
        first = next(groups, None)
        if first is None:
            return []
        batch = write_batch(run, work, chain([first], groups), site)
        text = Submission.of(batch, site, self.memory).text()
        write_bytes(batch.submit_file, text.encode())
        watch = self._watch(batch, pool.submit(batch.submit_file), site, pool)
        watch.waiting = {job: set(batch.keys(job)) for job in range(batch.jobs)}
        _LOG.info("cluster %s: %d jobs, %s", watch.cluster, batch.jobs, batch.folder)
        return [watch]

    def _followed(self, watches: list[Watch], work: Work, run: Path) -> Iterator[Receipt]:
        """Yield receipts until nothing is waited for; ``watches`` holds what is in the queue."""
        while watches:
            for watch in list(watches):
                yield from watch.poll()
                if watch.again:
                    groups, watch.again = watch.again, []
                    watches += self._submit(groups, work, run, watch.site, watch.pool)
                if not watch.waiting:
                    watches.remove(watch)
                elif time.monotonic() - watch.last_news > self.patience:
                    yield from self._impatient(watch)
            if watches:
                time.sleep(self.interval)

    def _impatient(self, watch: Watch) -> Iterator[Receipt]:
        if set(watch.phases) == {"idle"}:
            raise RunError(
                f"no job of HTCondor cluster {watch.cluster} has started for {self.patience:g} s; ask "
                f"condor_q -better-analyze {watch.cluster} why, before running again: does it ask for more "
                "than any machine has?"
            )
        yield from watch.abandon()


def preview(run: Path, missing: int, executor: CondorExecutor) -> str:
    """Return the submit file that a run would write for so many chunks; nothing is written."""
    jobs = -(-missing // executor.chunks_per_job)
    site = load_site(executor.site)
    if site.system == "lsf":
        return job_array(run, jobs, site, executor.memory)
    batch = Batch(run / CONDOR / "batch-NEXT", jobs, transferred=site.transfer == "files")
    text = Submission.of(batch, site, executor.memory).text()
    return f"# {missing} chunks are missing: {jobs} jobs of up to {executor.chunks_per_job} chunks\n{text}"


def _not_taken_up(tasks: Iterable[Task], watches: list[Watch]) -> Iterator[Task]:
    """Yield the tasks that no job in the queue has yet to do; have watches wait for the others."""
    in_queue: dict[str, tuple[Watch, int]] = {}
    for watch in watches:
        for job in range(watch.batch.jobs):
            if not watch.state.job(job).final:
                # what has a receipt is in the store, or has failed, or was damaged since: it is done anew
                done = watch.batch.journal(job).receipts
                in_queue |= {key: (watch, job) for key in watch.batch.keys(job) if key not in done}
    for task in tasks:
        if task.key in in_queue:
            watch, job = in_queue[task.key]
            watch.waiting.setdefault(job, set()).add(task.key)
        else:
            yield task


def _drop_unwanted(watches: list[Watch]) -> None:
    """Take batches out of the queue that nothing is waited for."""
    for watch in [watch for watch in watches if not watch.waiting]:
        watch.stop()
        watches.remove(watch)


def _grouped(tasks: Iterable[Task], size: int) -> Iterator[list[Task]]:
    remaining = iter(tasks)
    while group := list(islice(remaining, size)):
        yield group
