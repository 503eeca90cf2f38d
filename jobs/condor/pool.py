"""Speak to HTCondor: with its command-line tools, which every submit node has."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from darkbelle.errors import RunError

__all__ = ["Pool"]

UNREACHED = re.compile(r"connect|communicat|timed out|temporar", re.IGNORECASE)


@dataclass(frozen=True)
class Pool:
    """The pool that the tools on the PATH belong to.

    Parameters
    ----------
    patience
        Seconds that a command may take; schedulers of big sites are slow at times.
    attempts, pause
        How often a command is tried while the scheduler is not reached, and seconds between.
    """

    patience: float = 120.0
    attempts: int = 3
    pause: float = 5.0

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

    def has(self, cluster: int, folder: Path) -> bool:
        """Say whether a cluster is in the queue, and is the one that was submitted for a batch's folder.

        Numbers begin anew when a scheduler is set up anew.
        """
        answer = self._call("condor_q", "-af", "Iwd", "-constraint", f"ClusterId == {cluster}")
        if answer.strip():
            return str(folder.resolve()) in answer.splitlines()
        factory = self._call("condor_q", "-factory", "-af", "Iwd", "-constraint", f"ClusterId == {cluster}")
        return str(folder.resolve()) in factory.splitlines()

    def remove(self, cluster: int, job: int | None = None, reason: str = "") -> None:
        """Take a job, or all of a cluster, out of the queue. What has left it already is no error."""
        self._act("condor_rm", cluster, job, *(("-reason", reason) if reason else ()))

    def release(self, cluster: int, job: int) -> None:
        """Let a held job go on."""
        self._act("condor_release", cluster, job)

    def give_memory(self, cluster: int, job: int, memory: int) -> None:
        """Ask for more memory for a job, MB, from its next start on."""
        self._act("condor_qedit", cluster, job, after=(f"RequestMemory={memory}",))

    def _act(
        self, tool: str, cluster: int, job: int | None, *options: str, after: tuple[str, ...] = ()
    ) -> None:
        name = str(cluster) if job is None else f"{cluster}.{job}"
        try:
            self._call(tool, *options, name, *after)
        except RunError as error:
            # the job ended in the meantime: its event log says how
            if not re.search(r"not found|no matching|couldn't find|no jobs", str(error), re.IGNORECASE):
                raise

    def _call(self, tool: str, *arguments: str, folder: Path | None = None) -> str:
        program = shutil.which(tool)
        if program is None:
            raise RunError(
                f"{tool} is not on the PATH; log in to a node that submits to HTCondor, or set up the "
                "environment of your pool"
            )
        for attempt in range(1, self.attempts + 1):
            done = self._run(program, *arguments, folder=folder)
            if done.returncode == 0:
                return done.stdout
            said = " ".join((done.stderr + done.stdout).split())
            if attempt == self.attempts or not UNREACHED.search(said):
                break
            time.sleep(self.pause)
        raise RunError(f"{tool} {' '.join(arguments)} failed: {said}")

    def _run(self, program: str, *arguments: str, folder: Path | None) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
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
