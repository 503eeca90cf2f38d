"""``darkbelle demo``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import print_table, say
from darkbelle.jobs.commands.parameters import FOLDER, SEED


@click.command(cls=ExampleCommand, example="darkbelle demo --size small --out demo")
@click.option("--channel", default="zprime_invisible", show_default=True, help="Which analysis.")
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
    """Do a whole analysis: simulate collisions, select, fit, compute the result, and write a report.

    What is up to date already is not made again.
    """
    from darkbelle.jobs.demonstration import demonstrate

    made = demonstrate(channel, size, out, workers=workers, seed=seed)  # type: ignore[arg-type]  # click has checked it
    for section in made.sections:
        for table in section.tables:
            print_table(f"SIMULATION: {table.title}", table.columns, table.rows)
        for note in section.notes:
            say(note)
    click.echo(f"report: {made.page}")
