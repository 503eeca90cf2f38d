"""The pool: what is asked of its scheduler, by whichever way it is reached."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from darkbelle.errors import RunError
from darkbelle.jobs.condor.bindings import Bindings
from darkbelle.jobs.condor.scheduler import NotReachedError, Scheduler
from darkbelle.jobs.condor.tools import Tools

__all__ = ["Pool", "connect"]

_LOG = logging.getLogger(__name__)

T = TypeVar("T")


def connect() -> Scheduler:
    """Return the Python bindings where they reach a scheduler, else the command-line tools.

    Bindings may be installed and not be let in, when they are of another age than the site's HTCondor.

    Raises
    ------
    RunError
        Neither is here.
    """
    try:
        return Bindings.connected()
    except (ImportError, NotReachedError) as error:
        if shutil.which("condor_submit") is None:
            raise RunError(
                f"no HTCondor: condor_submit is not on the PATH, and {error}; log in to a node that submits "
                "to HTCondor, or set up the environment of your pool"
            ) from error
        _LOG.info("the command-line tools of HTCondor are used, for its Python bindings failed: %s", error)
        return Tools()


@dataclass(frozen=True)
class Pool:
    """A pool by its scheduler.

    Parameters
    ----------
    scheduler
        How it is spoken to.
    attempts, pause
        How often a call is tried while the scheduler is not reached, and seconds between.
    """

    scheduler: Scheduler = field(default_factory=connect)
    attempts: int = 3
    pause: float = 5.0

    def submit(self, submit_file: Path) -> int:
        """Submit, and return the number of the cluster of jobs.

        Raises
        ------
        RunError
            HTCondor is not reached, or does not take the jobs.
        """
        return self._tried(lambda: self.scheduler.submit(submit_file))

    def has(self, cluster: int, folder: Path) -> bool:
        """Say whether a cluster is in the queue, and is the one that was submitted for a batch's folder.

        Numbers begin anew when a scheduler is set up anew.
        """
        return str(folder.resolve()) in self._tried(lambda: self.scheduler.folders(cluster))

    def remove(self, cluster: int, job: int | None = None, reason: str = "darkbelle") -> None:
        """Take a job, or all of a cluster, out of the queue. What has left it already is no error."""
        self._act(cluster, job, lambda: self.scheduler.remove(cluster, job, reason))

    def release(self, cluster: int, job: int) -> None:
        """Let a held job go on. What goes on already, or has ended, is no error."""
        self._act(cluster, job, lambda: self.scheduler.release(cluster, job))

    def give_memory(self, cluster: int, job: int, memory: int) -> None:
        """Ask for more memory for a job, MB, from its next start on. What has ended is no error."""
        self._act(cluster, job, lambda: self.scheduler.give_memory(cluster, job, memory))

    def _act(self, cluster: int, job: int | None, call: Callable[[], None]) -> None:
        try:
            self._tried(call)
        except NotReachedError:
            raise
        except RunError:
            if self._tried(lambda: self.scheduler.folders(cluster, job)):
                raise
            # it has ended in the meantime: its event log says how

    def _tried(self, call: Callable[[], T]) -> T:
        for _ in range(self.attempts - 1):
            try:
                return call()
            except NotReachedError as error:
                _LOG.warning("%s; it is tried again", error)
                time.sleep(self.pause)
        return call()
