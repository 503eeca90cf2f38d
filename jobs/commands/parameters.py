"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

__all__ = ["FILE", "FOLDER", "RUN", "SEED", "WORKERS"]

FILE: Final = click.Path(dir_okay=False, path_type=Path)
FOLDER: Final = click.Path(file_okay=False, path_type=Path)

RUN: Final = click.argument("run", type=FOLDER)
SEED: Final = click.option(
    "--seed",
    default=1,
    show_default=True,
    type=click.IntRange(min=0),
    help="Of all random numbers: the same seed gives the same bytes.",
)
WORKERS: Final = click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(min=1), help="Processes on this machine."
)
