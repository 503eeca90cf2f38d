"""What is asked of the scheduler of a pool; `tools` and `bindings` are the two ways to ask."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from darkbelle.errors import RunError

__all__ = ["NotReachedError", "Scheduler", "job_name"]


class NotReachedError(RunError):
    """The scheduler does not answer now; it may do so in a moment."""


class Scheduler(ABC):
    """One way to speak to a scheduler. Each call is one try: `Pool` tries again.

    A job that is not in the queue any more, or no longer in the state that a call supposes, may or may
    not raise a RunError: `Pool` looks whether it is still there.
    """

    @abstractmethod
    def submit(self, submit_file: Path) -> int:
        """Submit a file with the list of groups beside it, and return the number of the cluster."""

    @abstractmethod
    def folders(self, cluster: int, job: int | None = None) -> set[str]:
        """Return the initial folders of what is in the queue of a cluster, or of one of its jobs."""

    @abstractmethod
    def remove(self, cluster: int, job: int | None, reason: str) -> None:
        """Take a job, or all of a cluster, out of the queue."""

    @abstractmethod
    def release(self, cluster: int, job: int) -> None:
        """Let a held job go on."""

    @abstractmethod
    def give_memory(self, cluster: int, job: int, memory: int) -> None:
        """Ask for more memory for a job, MB, from its next start on."""


def job_name(cluster: int, job: int | None) -> str:
    """Return how HTCondor calls a job, or a whole cluster.

    >>> job_name(4, 2), job_name(4, None)
    ('4.2', '4')
    """
    return str(cluster) if job is None else f"{cluster}.{job}"
