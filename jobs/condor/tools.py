"""Speak to HTCondor with its command-line tools, which every submit node has."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from darkbelle.errors import RunError
from darkbelle.jobs.condor.scheduler import NotReachedError, Scheduler, job_name

__all__ = ["Tools"]

UNREACHED = re.compile(r"connect|communicat|timed out|temporar", re.IGNORECASE)
NO_LONGER_HELD = "not held to be released"


@dataclass(frozen=True)
class Tools(Scheduler):
    """The scheduler that the tools on the PATH belong to.

    Parameters
    ----------
    patience
        Seconds that a command may take; schedulers of big sites are slow at times.
    """

    patience: float = 120.0

    def submit(self, submit_file: Path) -> int:
        """Submit, and return the number of the cluster of jobs.

        Raises
        ------
        RunError
            HTCondor is not here, or does not take the jobs.
        """
        answer = self._call("condor_submit", "-terse", submit_file.name, folder=submit_file.parent)
        first = re.search(r"^(\d+)\.\d+ - ", answer, re.MULTILINE)
        if first is None:
            raise RunError(
                f"condor_submit {submit_file} answered {answer!r}, expected the numbers of the jobs"
            )
        return int(first[1])

    def folders(self, cluster: int, job: int | None = None) -> set[str]:
        """Return the initial folders of what is in the queue of a cluster, or of one of its jobs."""
        wanted = f"ClusterId == {cluster}" + ("" if job is None else f" && ProcId == {job}")
        found = self._call("condor_q", "-af", "Iwd", "-constraint", wanted)
        if not found.strip() and job is None:  # all jobs of the cluster may be yet to come
            found = self._call("condor_q", "-factory", "-af", "Iwd", "-constraint", wanted)
        return set(found.splitlines())

    def remove(self, cluster: int, job: int | None, reason: str) -> None:
        """Take a job, or all of a cluster, out of the queue."""
        self._call("condor_rm", "-reason", reason, job_name(cluster, job))

    def release(self, cluster: int, job: int) -> None:
        """Let a held job go on; one that was let go by somebody else is no error."""
        try:
            self._call("condor_release", job_name(cluster, job))
        except RunError as error:
            if NO_LONGER_HELD not in str(error):
                raise

    def give_memory(self, cluster: int, job: int, memory: int) -> None:
        """Ask for more memory for a job, MB, from its next start on."""
        self._call("condor_qedit", job_name(cluster, job), f"RequestMemory={memory}")

    def _call(self, tool: str, *arguments: str, folder: Path | None = None) -> str:
        program = shutil.which(tool)
        if program is None:
            raise RunError(
                f"{tool} is not on the PATH; log in to a node that submits to HTCondor, or set up the "
                "environment of your pool"
            )
        try:
            done = subprocess.run(
                [program, *arguments],
                capture_output=True,
                text=True,
                check=False,
                timeout=self.patience,
                stdin=subprocess.DEVNULL,
                cwd=folder,  # submit files name the list of groups beside them
            )
        except subprocess.TimeoutExpired as error:
            raise RunError(
                f"{program} has not answered within {self.patience:g} s; is the scheduler up (condor_q)?"
            ) from error
        if done.returncode == 0:
            return done.stdout
        said = " ".join((done.stderr + done.stdout).split())
        kind = NotReachedError if UNREACHED.search(said) else RunError
        raise kind(f"{tool} {' '.join(arguments)} failed: {said}")
