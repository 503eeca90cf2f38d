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
    """Measure what a run is about, the mass of the τ for one, and write RUN/fit.json."""
    from darkbelle.fitting.measuring import measure_run

    found = measure_run(run, data=data, seed=seed)  # type: ignore[arg-type]  # click has checked it
    if json_output:
        print_json(found.as_json())
        return
    what = "Data" if found.data == "observed" else "SIMULATION, pseudo-data"
    print_table(
        f"{what}: {found.parameter.replace('_', ' ')} in {found.unit}, {found.luminosity_fb:.4g}/fb",
        ("value", "stat", "syst"),
        [(f"{found.value:.3f}", f"{found.stat:.3f}", f"{found.syst:.3f}")],
    )
    print_table(
        f"Systematic shifts in {found.unit}",
        ("source", "up", "down", "how"),
        [
            (name, shift.up, shift.down, shift.how)
            for name, shift in sorted(found.shifts.items(), key=lambda item: -item[1].size)
        ],
    )
    say(f"at the channel's luminosity the statistical uncertainty would be {found.stat_at:.3g} {found.unit}")
