"""Where pseudo-experiments are made: options of several commands, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from darkbelle.fitting.studies.recipes import Make

__all__ = ["PLACES", "maker_of", "place_options"]

F = TypeVar("F", bound=Callable[..., Any])

PLACES = ("executor", "scheduler", "site", "batch")  # of the options below, those that only toys have


def place_options(command: F) -> F:
    """Add the options that say where experiments are made."""
    options = (
        click.option(
            "--executor",
            default="local",
            show_default=True,
            type=click.Choice(["condor", "dask", "local"]),
            help="This process and copies of it, Dask workers, or jobs of an HTCondor pool.",
        ),
        click.option("--workers", type=click.IntRange(min=1), help="Processes on this machine."),
        click.option("--scheduler", metavar="ADDRESS", help="A running Dask scheduler."),
        click.option("--site", metavar="NAME|YAML", help="HTCondor: plain, cern, naf or your own."),
        click.option(
            "--batch",
            default=2000,
            show_default=True,
            type=click.IntRange(min=1),
            help="Experiments a task; the result does not depend on it.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def maker_of(folder: Path, options: dict[str, Any]) -> tuple[Make, dict[str, Any]]:
    """Return a maker as the options say, and the options that are left."""
    from darkbelle.jobs.executors.registry import make_executor
    from darkbelle.jobs.progress import bar
    from darkbelle.jobs.toys import store_maker

    left = dict(options)
    executor = make_executor(
        left.pop("executor"), **{name: left.pop(name) for name in ("workers", "scheduler", "site")}
    )
    make = store_maker(folder, executor, batch=left.pop("batch"), progress=bar)
    return make, left
