"""Dask workers as jobs of an HTCondor pool, for as long as a run takes."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dask
from distributed import Security

from darkbelle.errors import ConfigurationError, RunError
from darkbelle.jobs.clusters.embedded import DASHBOARD, WORKER_MEMORY
from darkbelle.jobs.clusters.security import is_loopback, temporary_certificates
from darkbelle.jobs.condor.site import Site
from darkbelle.jobs.condor.submission import environment_of_jobs

__all__ = ["LOGS", "WorkerJobs", "condor_cluster", "last_words"]

LOGS: Final = "dask"  # the folder of worker jobs in a run folder
ORPHANED: Final = 60  # seconds after which a worker without a scheduler ends


@dataclass(frozen=True)
class WorkerJobs:
    """What jobs to ask for.

    Parameters
    ----------
    count
        How many; one that ends is replaced.
    memory
        Of each, MB; a worker that takes nearly as much is ended before HTCondor does it.
    run
        The run folder. Logs and, if made here, certificates lie in it while the cluster is there.
    listen
        Address or host name of this machine to which workers connect; None: any that it has.
    """

    count: int
    site: Site
    memory: int
    run: Path
    listen: str | None

    @property
    def folder(self) -> Path:
        """Where jobs log."""
        return self.run.resolve() / LOGS

    def directives(self) -> dict[str, str]:
        """Return the lines of the submit file beside those of dask-jobqueue.

        Raises
        ------
        ConfigurationError
            The run folder's name has characters that would not survive the way to the job.
        """
        from dask_jobqueue.htcondor import quote_environment  # noqa: PLC0415  # only the extra `condor` has it

        folder = str(self.folder)
        if shlex.quote(folder) != folder:
            raise ConfigurationError(
                f"{folder!r} has spaces or special characters, which Dask's worker jobs cannot handle; "
                "choose another run folder, or --executor condor"
            )
        variables = environment_of_jobs(os.environ) | _as_variables(WORKER_MEMORY)
        return {
            "batch_name": f"darkbelle {self.folder.parent.name} (Dask)",
            "environment": f'"{quote_environment(variables)}"',
            "initialdir": folder,
            "transfer_executable": "False",  # it is /bin/sh
            "RequestCpus": str(self.site.cpus),
            **self.site.submit,
        }


@contextmanager
def condor_cluster(
    jobs: WorkerJobs, *, security: Security | None, unencrypted: bool, dashboard: bool
) -> Iterator[Any]:
    """Yield a cluster whose scheduler is in this process and whose workers are jobs.

    Workers on other machines need certificates. Without any given, some are made that are good for
    this cluster only; their key lies in the run folder while it is there, readable by its owner.

    Raises
    ------
    RunError
        dask-jobqueue, HTCondor's tools or what makes certificates is not here.
    """
    cluster_class = _cluster_class()
    on_loopback = jobs.listen is not None and is_loopback(jobs.listen)
    with ExitStack() as stack:
        directives = jobs.directives()
        jobs.folder.mkdir(exist_ok=True)
        if security is None and not unencrypted and not on_loopback:
            security = stack.enter_context(temporary_certificates(jobs.folder))
        stack.enter_context(dask.config.set(WORKER_MEMORY))
        cluster = stack.enter_context(
            cluster_class(
                cores=1,
                processes=1,
                memory=f"{jobs.memory}MiB",
                disk=f"{jobs.site.disk}MiB",
                python=jobs.site.python or sys.executable,
                log_directory=str(jobs.folder),
                local_directory="$_CONDOR_SCRATCH_DIR",  # expanded by the shell of the job
                job_extra_directives=directives,
                worker_extra_args=["--no-dashboard"],
                death_timeout=ORPHANED,
                security=security,
                scheduler_options={
                    "host": jobs.listen,
                    "dashboard": dashboard,
                    "dashboard_address": DASHBOARD,
                    # batch systems take machines away: that alone makes no suspect
                    "allowed_failures": 1,
                },
                silence_logs=logging.ERROR,
            )
        )
        # both bounds the same: a job that ends is replaced, which it is not after scale()
        cluster.adapt(minimum_jobs=jobs.count, maximum_jobs=jobs.count)
        yield cluster


def last_words(folder: Path) -> str:
    """Return the last line that the newest worker job with anything to say has said, or nothing."""
    for file in sorted(folder.glob("worker-*.err"), key=lambda file: file.stat().st_mtime, reverse=True):
        if lines := file.read_text(encoding="utf-8", errors="replace").split("\n")[-2:-1]:
            return f"{file} ends with: {lines[0][:300]}"
    return ""


def _cluster_class() -> Any:
    try:
        from dask_jobqueue import HTCondorCluster  # noqa: PLC0415  # only the extra `condor` has it
    except ModuleNotFoundError as error:
        raise RunError(
            "Dask workers on HTCondor need dask-jobqueue: pip install 'darkbelle[condor]'"
        ) from error
    for tool in ("condor_submit", "condor_rm"):
        if shutil.which(tool) is None:
            raise RunError(
                f"{tool} is not on the PATH, and dask-jobqueue needs it; log in to a node that submits to "
                "HTCondor, or set up the environment of your pool"
            )
    return HTCondorCluster


def _as_variables(settings: Mapping[str, object]) -> dict[str, str]:
    """Return Dask's settings as the variables that it reads them from."""
    return {f"DASK_{name.upper().replace('.', '__')}": str(value) for name, value in settings.items()}
