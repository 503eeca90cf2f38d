"""What Dask workers must have: the packages and sources of the driver, and a place for compiled kernels."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from distributed import Client, WorkerPlugin, get_worker

from darkbelle.errors import RunError
from darkbelle.jobs.clusters.watchdog import no_longer_than
from darkbelle.jobs.executors.base import Work
from darkbelle.jobs.plan import installation
from darkbelle.jobs.tasks import Receipt, Task

__all__ = ["OwnKernelCache", "agree_on_versions", "differing", "work_if_same", "work_in_time"]


class OwnKernelCache(WorkerPlugin):  # type: ignore[misc]  # Dask ships no types
    """Have each worker keep compiled kernels in a scratch folder of its own.

    numba keeps them beside the sources, which may be on a folder that many machines share and is
    not safe there; machines of different processors would also drive out one another's kernels.
    Where NUMBA_CACHE_DIR is set already, somebody has decided. Each worker compiles once, for some
    seconds, and the folder goes with the worker.
    """

    name = "darkbelle-kernel-cache"

    def setup(self, worker: Any) -> None:
        """Set the folder, before the first kernel is imported on this worker."""
        if worker.address.startswith("inproc:"):  # it is a thread of the driver
            return
        folder = os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(worker.local_directory) / "numba"))
        if "numba" in sys.modules:  # which reads the variable once
            sys.modules["numba"].config.CACHE_DIR = folder


def agree_on_versions(client: Client) -> None:
    """Refuse workers whose packages or sources are not ours: their results would be of other code.

    Raises
    ------
    RunError
        A worker has others, or has no darkbelle.
    """
    ours = installation()
    for address, theirs in client.run(installation, on_error="return").items():
        if isinstance(theirs, BaseException):
            raise RunError(
                f"Dask worker {address} cannot say what it has, {type(theirs).__name__}: {theirs}; start "
                "workers and darkbelle from one environment"
            ) from theirs
        if differences := differing(ours, theirs):
            raise RunError(
                f"Dask worker {address} has {differences}; start workers and darkbelle from one environment, "
                "and start workers anew after a change"
            )


def differing(ours: dict[str, str], theirs: dict[str, str]) -> str:
    """Return which versions are not the same, as text; empty if all are.

    >>> differing({"numpy": "2.4.6", "hist": "2.12.1"}, {"numpy": "2.1.0", "hist": "2.12.1"})
    'numpy 2.1.0 (here 2.4.6)'
    """
    return ", ".join(
        f"{name} {theirs.get(name)} (here {version})"
        for name, version in ours.items()
        if theirs.get(name) != version
    )


def work_if_same(work: Work, ours: dict[str, str], task: Task) -> Receipt:
    """Work on a task, unless this worker, which may have come late, has other packages or sources."""
    if differences := differing(ours, installation()):
        return Receipt.undone(task, f"a Dask worker came that has {differences}; take it away and run again")
    return work(task)


def work_in_time(work: Work, ours: dict[str, str], limit: float, task: Task) -> Receipt:
    """Work on a task as a Dask worker, which ends itself if that takes longer than the limit in seconds."""
    if get_worker().address.startswith("inproc:"):  # it is a thread of the driver
        return work_if_same(work, ours, task)
    with no_longer_than(limit):
        return work_if_same(work, ours, task)
