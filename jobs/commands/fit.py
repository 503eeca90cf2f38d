"""``darkbelle fit``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import RUN, SEED


@click.command(cls=ExampleCommand, example="darkbelle fit runs/tau_mass --data observed")
@RUN
@click.option(
    "--data",
    default="pseudo",
    show_default=True,
    type=click.Choice(["pseudo", "observed"]),
    help="What is fitted: a simulated sample taken for data, or datasets of data.",
)
@SEED
@as_json
def fit(run: Path, data: str, seed: int, json_output: bool) -> None:
    """Measure what a run is about, the mass of the τ for one, and write RUN/fit.json.

    A run of the momentum scale gives a table of factors, RUN/momentum_scale.json, as well.
    """
    from darkbelle.fitting.measuring import measure_run

    found = measure_run(run, data=data, seed=seed)  # type: ignore[arg-type]  # click has checked it
    if json_output:
        print_json(found.as_json())
        return
    what = "Data" if found.data == "observed" else "SIMULATION"
    for table in found.tables():
        print_table(f"{what}: {table.title}", table.columns, table.rows)
    say(found.remark)
