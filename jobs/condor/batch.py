"""The folder of a batch: groups of tasks, the submit file, the event log, and what the jobs say.

::

    RUN/condor/batch-0001/batch.json            number of jobs
    RUN/condor/batch-0001/batch.sub             what condor_submit was given
    RUN/condor/batch-0001/groups.txt            a job a line: the name of its group file
    RUN/condor/batch-0001/group-00000.json      tasks of process 0 of the cluster
    RUN/condor/batch-0001/group-00000.journal   what it began, and receipts
    RUN/condor/batch-0001/0.out, 0.err          its stdout and stderr
    RUN/condor/batch-0001/events.log            HTCondor's event log of all of them

Where machines share no folder with us, `parcel` says what is there besides. All that a driver must
know to take up a batch of another driver, which was killed, stands there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from darkbelle.errors import StoreError
from darkbelle.jobs.condor.eventlog import ClusterState, state_of
from darkbelle.jobs.condor.journal import Journal, read_journal
from darkbelle.jobs.condor.parcel import Inputs, write_common
from darkbelle.jobs.condor.site import Site
from darkbelle.jobs.executors.base import Work
from darkbelle.jobs.plan import installation
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Task, read_task
from darkbelle.runfolder import SCHEMA, read_json, write_bytes, write_json

__all__ = ["CONDOR", "GROUPS", "Batch", "batches", "journal_of", "take_in_all", "write_batch"]

_LOG = logging.getLogger(__name__)

CONDOR: Final = "condor"
GROUPS: Final = "groups.txt"
MANIFEST: Final = "batch.json"


@dataclass(frozen=True)
class Batch:
    """A batch of jobs, by its folder.

    Parameters
    ----------
    folder, jobs
        Where it stands, and how many jobs it has.
    transferred
        Whether HTCondor carries files there and results back, because no folder is shared.
    sent
        What then is sent to one job at most, MB.
    """

    folder: Path
    jobs: int
    transferred: bool = False
    sent: int = 0

    @property
    def run(self) -> Path:
        """The run folder."""
        return self.folder.parents[1]

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

    def results(self, job: int) -> ResultStore:
        """Return the results that a job brought back and that nobody has taken in."""
        return ResultStore(self.group(job).with_suffix(".results"))

    def take_in(self, job: int, key: str) -> None:
        """Put a result that a job brought back into the run's store; nothing to do where that is shared.

        Raises
        ------
        StoreError
            It has not come back, or not whole.
        """
        if self.transferred:
            ResultStore(self.run).take_in(self.results(job), key)

    def brought_back(self) -> Iterator[tuple[int, str]]:
        """Yield job and key of each result that nobody has taken in."""
        if self.transferred:
            yield from ((job, key) for job in range(self.jobs) for key in self.results(job).found())

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
    return [_batch(path.parent, read_json(path)) for path in manifests]


def take_in_all(run: Path) -> None:
    """Put into a run's store what jobs brought back while nobody waited for them."""
    for batch in batches(run):
        for job, key in list(batch.brought_back()):
            try:
                batch.take_in(job, key)
            except StoreError as error:
                if batch.state().job(job).final:  # else it may be on its way
                    _LOG.warning("not taken in: %s", error)
                    batch.results(job).discard(key)


def write_batch(run: Path, work: Work, groups: Iterable[list[Task]], site: Site) -> Batch:
    """Write the groups of tasks of a new batch; nothing is submitted by it."""
    folder = _new_folder(run)
    inputs = Inputs(folder, site)
    transferred = site.transfer == "files"
    # what a job calls has to be found by its name: a function at the top of a module
    common = {
        "schema": SCHEMA,
        "work": f"{work.__module__}:{work.__qualname__}",
        "installation": installation(),
    }
    lines, sent = [], 0
    for job, tasks in enumerate(groups):
        group = folder / _group_name(job)
        content: dict[str, Any] = {**common, "tasks": [task.model_dump(mode="json") for task in tasks]}
        line = group.name
        if transferred:
            content["files"] = inputs.of(tasks)
            journal = journal_of(group)
            journal.touch()
            along = [group.name, journal.name, *inputs.sources(content["files"].values())]
            line = f"{group.name} {journal.name} {group.stem}.results {','.join(along)}"
            sent = max(sent, sum(Path(path).stat().st_size for path in content["files"]))
        write_json(group, content)
        lines.append(f"{line}\n")
    if transferred:
        write_common(folder)
    write_bytes(folder / GROUPS, "".join(lines).encode())
    manifest = {
        "schema": SCHEMA,
        "jobs": len(lines),
        "transferred": transferred,
        "sent": -(-sent // 1_000_000),
    }
    write_json(folder / MANIFEST, manifest)
    return _batch(folder, manifest)


def _batch(folder: Path, manifest: Mapping[str, Any]) -> Batch:
    return Batch(folder, manifest["jobs"], manifest.get("transferred", False), manifest.get("sent", 0))


def _new_folder(run: Path) -> Path:
    parent = run / CONDOR
    parent.mkdir(exist_ok=True)
    taken = [int(path.name.removeprefix("batch-")) for path in parent.glob("batch-*")]
    folder = parent / f"batch-{max(taken, default=0) + 1:04d}"
    folder.mkdir()
    return folder


def _group_name(job: int) -> str:
    return f"group-{job:05d}.json"
