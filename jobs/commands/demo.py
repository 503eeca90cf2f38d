"""``darkbelle demo``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.limits import show_interpretation, show_limits
from darkbelle.jobs.commands.parameters import FOLDER, SEED


@click.command(cls=ExampleCommand, example="darkbelle demo --size small --out demo")
@click.option("--channel", default="zprime_invisible", show_default=True, help="Which search.")
@click.option(
    "--size",
    default="demo",
    show_default=True,
    type=click.Choice(["small", "demo", "full"]),
    help="How many events.",
)
@click.option("--out", default="demo", show_default=True, type=FOLDER, help="Where all of it goes.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(min=1), help="Processes.")
@SEED
def demo(channel: str, size: str, out: Path, workers: int, seed: int) -> None:
    """Do a whole search: simulate collisions, select, fit, compute limits, and write a report.

    What is up to date already is not made again.
    """
    from darkbelle.jobs.demonstration import demonstrate

    made = demonstrate(channel, size, out, workers=workers, seed=seed)  # type: ignore[arg-type]  # click has checked it
    show_limits(made.limits)
    for item in made.interpretations:
        show_interpretation(item)
    click.echo(f"report: {made.page}")
