"""Where chunks are processed: options of `run` and `retry`, those of each executor together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

__all__ = ["executor_options"]

F = TypeVar("F", bound=Callable[..., Any])
Option = Callable[[Any], Any]

SECONDS: Final = click.FloatRange(min=0, min_open=True)
AT_LEAST_ONE: Final = click.IntRange(min=1)

PLACE: Final[tuple[Option, ...]] = (
    click.option(
        "--executor",
        default="dask",
        show_default=True,
        type=click.Choice(["condor", "dask", "local"]),
        help="Jobs of an HTCondor pool, Dask workers, or this process and copies of it.",
    ),
    click.option(
        "--workers",
        type=AT_LEAST_ONE,
        help="Processes here, or Dask workers on HTCondor.  [default: 2 for dask, 1 for local]",
    ),
)

DASK: Final[tuple[Option, ...]] = (
    click.option(
        "--cluster",
        type=click.Choice(["local", "condor"]),
        help="Dask: workers on this machine, or as jobs of an HTCondor pool.  [default: local]",
    ),
    click.option(
        "--scheduler", metavar="ADDRESS", help="Dask: a running scheduler, instead of workers of our own."
    ),
    click.option(
        "--dashboard", is_flag=True, default=None, help="Dask: serve its dashboard on this machine."
    ),
    click.option(
        "--performance-report", metavar="FILE.html", help="Dask: write a page of what each worker did when."
    ),
    click.option("--tls-ca", metavar="FILE", help="Dask: who signed the certificates of the cluster."),
    click.option("--tls-cert", metavar="FILE", help="Dask: your certificate."),
    click.option("--tls-key", metavar="FILE", help="Dask: its key, if it is not in the same file."),
    click.option(
        "--allow-unencrypted",
        is_flag=True,
        default=None,
        help="Dask: use a network without certificates; whoever reaches a port can run code as you.",
    ),
    click.option(
        "--listen",
        metavar="ADDRESS",
        help="Dask on HTCondor: address of this machine for workers to connect to.  [default: any]",
    ),
)

CONDOR: Final[tuple[Option, ...]] = (
    click.option(
        "--site", metavar="NAME|YAML", help="HTCondor: plain, cern, kekcc, naf or your own.  [default: plain]"
    ),
    click.option(
        "--chunks-per-job", type=AT_LEAST_ONE, help="HTCondor: how much one job does.  [default: 20]"
    ),
    click.option("--dry-run", is_flag=True, help="HTCondor, LSF: print the submit file, and do nothing."),
)

LIMITS: Final[tuple[Option, ...]] = (
    click.option(
        "--patience",
        type=SECONDS,
        metavar="SECONDS",
        help="How long to wait for workers when there are none, or for news of HTCondor jobs.  "
        "[default: 60 for dask, 3600 on HTCondor, 86400 for condor]",
    ),
    click.option(
        "--chunk-timeout",
        type=SECONDS,
        metavar="SECONDS",
        help="dask, local: how long a chunk may take until its worker is ended.  [default: 3600; one local "
        "worker is this process, which is not ended but by you, and has one of its own with this option]",
    ),
    click.option(
        "--memory",
        type=AT_LEAST_ONE,
        help="MB of an HTCondor job or a Dask worker.  [default: the site's, or a share of all]",
    ),
)


def executor_options(command: F) -> F:
    """Add the options that say where to process, and how long to wait for it."""
    for option in reversed((*PLACE, *DASK, *CONDOR, *LIMITS)):
        command = option(command)
    return command
