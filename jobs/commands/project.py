"""``darkbelle project``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.limits import masses_option
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import RUN


def _numbers(_context: click.Context, _option: click.Parameter, text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise click.BadParameter(f"expected numbers with commas between them, got {text!r}") from error
    if not all(0 < number < float("inf") for number in found):
        raise click.BadParameter(f"expected positive numbers, got {text!r}")
    return found


@click.command(cls=ExampleCommand, example="darkbelle project runs/first --luminosity 428,1000,50000")
@RUN
@click.option(
    "--luminosity", "luminosities", required=True, callback=_numbers, help="1/fb, with commas between them."
)
@masses_option
@as_json
def project(run: Path, luminosities: tuple[float, ...], masses: tuple[float, ...], json_output: bool) -> None:
    """Compute expected limits at other luminosities, with systematics kept, scaled with statistics, or none.

    Kept systematics are kept with the statistics of the simulation. Writes RUN/projection.json. Exits
    with 1 if a limit is missing.
    """
    from darkbelle.fitting.projection import POLICIES
    from darkbelle.fitting.projection import project as project_run
    from darkbelle.jobs.progress import counter

    with counter("projection") as progress:
        found = project_run(run, luminosities, masses=masses or None, progress=progress)
    if json_output:
        print_json(found.as_json())
    else:
        medians = {
            (item.mass, item.luminosity_fb, item.policy): item.expected[2] if item.expected else "none"
            for item in found.limits
        }
        cases = dict.fromkeys((item.mass, item.luminosity_fb) for item in found.limits)
        print_table(
            f"SIMULATION: median expected upper limits in {found.unit}, {found.confidence_level:.0%} CL",
            ("mass [GeV]", "1/fb", *(f"systematics {policy}" for policy in POLICIES)),
            [(*case, *(medians[*case, policy] for policy in POLICIES)) for case in cases],
        )
    for item in found.limits:
        if item.reason:
            say(f"{item.mass:g} GeV has no limit at {item.luminosity_fb:g}/fb: {item.reason}")
    if any(item.reason for item in found.limits):
        raise SystemExit(1)
