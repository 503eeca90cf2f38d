"""``darkbelle report``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.parameters import FILE, FOLDER


@click.command(cls=ExampleCommand, example="darkbelle report runs/first --out report")
@click.argument("runs", nargs=-1, required=True, type=FOLDER)
@click.option("--out", required=True, type=FOLDER, help="Folder of the pages.")
@click.option(
    "--overlay",
    type=FILE,
    help="Curve to draw over the coupling: mass in GeV, g′; comma separated.",
)
@click.option("--overlay-label", help="Legend of that curve.")
def report(runs: tuple[Path, ...], out: Path, overlay: Path | None, overlay_label: str | None) -> None:
    """Write an HTML page of plots and tables for each run. A page is one file: send it to a colleague."""
    from darkbelle.fitting.analysis import Overlay
    from darkbelle.jobs.reports.pages import write_reports

    curve = None if overlay is None else Overlay(overlay, overlay_label)
    for page in write_reports(runs, out, curve):
        click.echo(page)
