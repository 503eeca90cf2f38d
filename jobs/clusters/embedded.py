"""Dask workers on this machine, for as long as a run takes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import dask
from distributed import LocalCluster, Security

__all__ = ["DASHBOARD", "WORKER_MEMORY", "embedded_cluster"]

DASHBOARD: Final = "127.0.0.1:0"  # any free port; Dask's usual one another cluster may have

# A worker of ours holds nothing but what its chunk needs: it cannot spill that to disk, and pausing
# it would be for ever. What is left is to end it before the machine does.
WORKER_MEMORY: Final = {
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
}


@contextmanager
def embedded_cluster(
    workers: int, *, memory: int | None, security: Security | None, dashboard: bool
) -> Iterator[LocalCluster]:
    """Yield a cluster that only this machine can see.

    Its workers share the kernels that numba keeps for this machine.

    Parameters
    ----------
    workers
        Processes, one thread each.
    memory
        What one may use, MB, before it is ended; None shares out the machine's.
    """
    with (
        dask.config.set(WORKER_MEMORY),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            security=security,
            memory_limit="auto" if memory is None else f"{memory}MiB",
            # None would mean Dask's usual port
            dashboard_address=DASHBOARD,
            # one death makes a suspect, the default is four
            scheduler_kwargs={"dashboard": dashboard, "allowed_failures": 0},
            silence_logs=logging.ERROR,
        ) as cluster,
    ):
        yield cluster
