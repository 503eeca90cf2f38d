"""The folder of a batch: groups of tasks, the submit file, the event log, and what the jobs say.

::

    RUN/condor/batch-0001/batch.json            number of jobs
    RUN/condor/batch-0001/batch.sub             what condor_submit was given
    RUN/condor/batch-0001/groups.txt            a job a line: the name of its group file
    RUN/condor/batch-0001/group-00000.json      tasks of process 0 of the cluster
    RUN/condor/batch-0001/group-00000.journal   what it began, and receipts
    RUN/condor/batch-0001/0.out, 0.err          its stdout and stderr
    RUN/condor/batch-0001/events.log            HTCondor's event log of all of them

All that a driver must know to take up a batch of another driver, which was killed, stands there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkbelle.jobs.condor.eventlog import ClusterState, state_of
from darkbelle.jobs.condor.journal import Journal, read_journal
from darkbelle.jobs.executors.base import Work
from darkbelle.jobs.tasks import Task, read_task
from darkbelle.runfolder import SCHEMA, read_json, write_bytes, write_json

__all__ = ["CONDOR", "GROUPS", "Batch", "batches", "journal_of", "write_batch"]

CONDOR: Final = "condor"
GROUPS: Final = "groups.txt"
MANIFEST: Final = "batch.json"


@dataclass(frozen=True)
class Batch:
    """A batch of jobs, by its folder."""

    folder: Path
    jobs: int

    @property
    def submit_file(self) -> Path:
        """What condor_submit reads."""
        return self.folder / "batch.sub"

    @property
    def log(self) -> Path:
        """HTCondor's event log."""
        return self.folder / "events.log"

    def group(self, job: int) -> Path:
        """Return the group file of a job."""
        return self.folder / _group_name(job)

    def state(self) -> ClusterState:
        """Return what the event log says by now."""
        return state_of(self.log)

    def tasks(self, job: int) -> list[Task]:
        """Return the tasks of a job."""
        return [read_task(item) for item in read_json(self.group(job))["tasks"]]

    def keys(self, job: int) -> list[str]:
        """Return the keys of the tasks of a job."""
        return [item["key"] for item in read_json(self.group(job))["tasks"]]

    def journal(self, job: int) -> Journal:
        """Return what a job has said so far."""
        return read_journal(journal_of(self.group(job)))

    def last_words(self, job: int) -> str:
        """Return the last line that a job wrote on stderr, where Python puts the error; empty if none."""
        try:
            text = (self.folder / f"{job}.err").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def journal_of(group: Path) -> Path:
    """Return where the job of a group file keeps its journal."""
    return group.with_suffix(".journal")


def batches(run: str | Path) -> list[Batch]:
    """Return the batches of a run that were written to their end, oldest first."""
    manifests = sorted((Path(run) / CONDOR).glob(f"batch-*/{MANIFEST}"))
    return [Batch(path.parent, read_json(path)["jobs"]) for path in manifests]


def write_batch(run: Path, work: Work, groups: Iterable[list[Task]]) -> Batch:
    """Write the groups of tasks of a new batch; nothing is submitted by it."""
    folder = _new_folder(run)
    # what a job calls has to be found by its name: a function at the top of a module
    name = f"{work.__module__}:{work.__qualname__}"
    jobs = 0
    for jobs, tasks in enumerate(groups, start=1):  # counted, for a generator has no length
        content = [task.model_dump(mode="json") for task in tasks]
        write_json(folder / _group_name(jobs - 1), {"schema": SCHEMA, "work": name, "tasks": content})
    names = "".join(f"{_group_name(job)}\n" for job in range(jobs))
    write_bytes(folder / GROUPS, names.encode())
    write_json(folder / MANIFEST, {"schema": SCHEMA, "jobs": jobs})
    return Batch(folder, jobs)


def _new_folder(run: Path) -> Path:
    parent = run / CONDOR
    parent.mkdir(exist_ok=True)
    taken = [int(path.name.removeprefix("batch-")) for path in parent.glob("batch-*")]
    folder = parent / f"batch-{max(taken, default=0) + 1:04d}"
    folder.mkdir()
    return folder


def _group_name(job: int) -> str:
    return f"group-{job:05d}.json"
