"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

__all__ = ["DATA", "FILE", "FINAL_STATE", "FOLDER", "MASSES", "RUN", "SEED", "WORKERS"]

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

MASSES: Final = click.option(
    "--mass",
    "masses",
    type=float,
    multiple=True,
    help="Mass in GeV, may be repeated.  [default: all simulated]",
)
FINAL_STATE: Final = click.option(
    "--final-state", help="Of the signal, in channels that fit several, such as e or mu."
)
DATA: Final = click.option(
    "--data",
    default="pseudo",
    show_default=True,
    type=click.Choice(["asimov", "pseudo", "observed"]),
    help="What is fitted: the expectation, one random draw of it, or datasets of data.",
)
