"""Speak to HTCondor with its Python bindings, ``htcondor2``: no process is started for a question."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkbelle.errors import RunError
from darkbelle.jobs.condor.batch import GROUPS
from darkbelle.jobs.condor.scheduler import NotReachedError, Scheduler, job_name

__all__ = ["Bindings"]

_LOG = logging.getLogger(__name__)

UNREACHED = re.compile(r"connect|communicat|locate|timed? ?out|temporar|authenticat", re.IGNORECASE)
REFUSED = ("TotalError", "TotalPermissionDenied")  # of jobs, in the answer to an action


@dataclass(frozen=True)
class Bindings(Scheduler):
    """The scheduler that HTCondor's configuration on this machine names; make it by `connected`."""

    htcondor: Any
    schedd: Any

    @classmethod
    def connected(cls) -> Bindings:
        """Return bindings whose scheduler answers.

        Raises
        ------
        ImportError
            The bindings are not installed.
        NotReachedError
            There is no scheduler, or it does not let the bindings in.
        """
        import htcondor2  # noqa: PLC0415  # an extra; there are the tools

        htcondor2.reload_config()  # read at the first import, perhaps before the pool was set up
        try:
            schedd = htcondor2.Schedd()
            schedd.query("false", ["ClusterId"])
        except htcondor2.HTCondorException as error:
            raise NotReachedError(f"the bindings of HTCondor reach no scheduler: {error}") from error
        return cls(htcondor2, schedd)

    def submit(self, submit_file: Path) -> int:
        """Submit, and return the number of the cluster of jobs.

        Raises
        ------
        RunError
            HTCondor does not take the jobs.
        """
        # they are told after the jobs are in the queue, when an error would come too late
        with warnings.catch_warnings(record=True) as remarks:
            warnings.simplefilter("always")
            try:
                description = self.htcondor.Submit(submit_file.read_text(encoding="utf-8"))
                items = _items(description.getQArgs(), submit_file.parent / GROUPS)
                answer = self.schedd.submit(description, itemdata=items)
            except (self.htcondor.HTCondorException, ValueError) as error:
                raise _failed(f"to submit {submit_file}", error) from error
        for remark in remarks:
            _LOG.warning("HTCondor on %s: %s", submit_file, remark.message)
        return int(answer.cluster())

    def folders(self, cluster: int, job: int | None = None) -> set[str]:
        """Return the initial folders of what is in the queue of a cluster, or of one of its jobs."""
        wanted, options = f"ClusterId == {cluster}", self.htcondor.QueryOpt.Default
        if job is None:  # all jobs of the cluster may be yet to come
            options = self.htcondor.QueryOpt.IncludeClusterAd
        else:
            wanted += f" && ProcId == {job}"
        try:
            found = self.schedd.query(wanted, ["Iwd"], opts=options)
        except self.htcondor.HTCondorException as error:
            raise _failed(f"to look for {job_name(cluster, job)}", error) from error
        return {str(item["Iwd"]) for item in found if "Iwd" in item}

    def remove(self, cluster: int, job: int | None, reason: str) -> None:
        """Take a job, or all of a cluster, out of the queue."""
        self._act("Remove", cluster, job, reason)

    def release(self, cluster: int, job: int) -> None:
        """Let a held job go on; one that was let go by somebody else is no error."""
        self._act("Release", cluster, job, "darkbelle")

    def give_memory(self, cluster: int, job: int, memory: int) -> None:
        """Ask for more memory for a job, MB, from its next start on."""
        name = job_name(cluster, job)
        try:
            self.schedd.edit(name, "RequestMemory", str(memory))
        except self.htcondor.HTCondorException as error:
            raise _failed(f"to give {name} more memory", error) from error

    def _act(self, action: str, cluster: int, job: int | None, reason: str) -> None:
        name = job_name(cluster, job)
        try:
            # a bare text is dropped on its way by 25.14, a pair of text and code arrives
            answer = self.schedd.act(getattr(self.htcondor.JobAction, action), name, reason=(reason, 0))
        except self.htcondor.HTCondorException as error:
            raise _failed(f"to {action.lower()} {name}", error) from error
        if any(answer.get(count, 0) for count in REFUSED):
            raise RunError(f"HTCondor refused to {action.lower()} {name}: {dict(answer)}")


def _items(queue: str, groups: Path) -> Iterator[dict[str, str]]:
    """Yield the variables of each job; by itself, HTCondor would look for the list in our own folder."""
    names = [name.strip() for name in queue.partition(" from ")[0].split(",")]
    for line in groups.read_text(encoding="utf-8").splitlines():
        yield dict(zip(names, line.split(maxsplit=len(names) - 1), strict=True))


def _failed(what: str, error: Exception) -> RunError:
    kind = NotReachedError if UNREACHED.search(str(error)) else RunError
    return kind(f"HTCondor failed {what}: {error}")
