"""``darkbelle project``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, in_unit, print_json, print_table, say
from darkbelle.jobs.commands.parameters import FINAL_STATE, MASSES, RUN

if TYPE_CHECKING:
    from darkbelle.fitting.measured_projection import MeasuredProjection
    from darkbelle.fitting.projection import Projection


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
@click.option(
    "--policy",
    default="all",
    show_default=True,
    type=click.Choice(["all", "by-source"]),
    help="Systematics all alike, or besides each one kept while all others are scaled with statistics.",
)
@MASSES
@FINAL_STATE
@as_json
def project(
    run: Path,
    luminosities: tuple[float, ...],
    policy: str,
    masses: tuple[float, ...],
    final_state: str | None,
    json_output: bool,
) -> None:
    """Compute expected limits at other luminosities, with systematics kept, scaled with statistics, or none.

    Kept systematics are kept with the statistics of the simulation. Of a run with a measurement
    (RUN/fit.json) its uncertainties are projected. Writes RUN/projection.json and .png. Exits with 1 if a
    limit is missing.
    """
    from darkbelle.runfolder import FIT

    if (run / FIT).exists():
        if masses or policy != "all":
            raise click.UsageError("--mass and --policy are of limits, and this run has a measurement")
        _measurement(run, luminosities, json_output=json_output)
        return
    from darkbelle.fitting.plots.projection import plot_projection, plot_sources
    from darkbelle.fitting.plots.style import save, styled
    from darkbelle.fitting.projection import project as project_run
    from darkbelle.jobs.progress import counter

    with counter("projection") as progress:
        found = project_run(
            run,
            luminosities,
            masses=masses or None,
            by_source=policy == "by-source",
            final_state=final_state,
            progress=progress,
        )
    with styled():
        save(plot_projection(found), run / "projection.png")
        if found.sources:
            for mass in dict.fromkeys(item.mass for item in found.limits):
                save(plot_sources(found, mass), run / f"projection_sources_{mass:07.4f}.png")
    if json_output:
        print_json(found.as_json())
    else:
        _show(found)
    for item in found.limits:
        if item.reason:
            say(f"{item.mass:g} GeV has no limit at {item.luminosity_fb:g}/fb: {item.reason}")
    if any(item.reason for item in found.limits):
        raise SystemExit(1)


def _measurement(run: Path, luminosities: tuple[float, ...], *, json_output: bool) -> None:
    from darkbelle.fitting.measured_projection import project_measurement
    from darkbelle.fitting.plots.projection import plot_measured_projection
    from darkbelle.fitting.plots.style import save, styled

    found = project_measurement(run, luminosities)
    with styled():
        save(plot_measured_projection(found), run / "projection.png")
    if json_output:
        print_json(found.as_json())
    else:
        _show_measurement(found)


def _show(found: Projection) -> None:
    from darkbelle.fitting.projection import POLICIES

    cases = dict.fromkeys((item.mass, item.luminosity_fb) for item in found.limits)
    medians = {case: found.medians(*case) for case in cases}
    state = "" if found.final_state is None else f" of final state {found.final_state}"
    print_table(
        f"SIMULATION: median expected upper limits{state}{in_unit(found.unit)}, "
        f"{found.confidence_level:.0%} CL",
        ("mass [GeV]", "1/fb", *(f"systematics {policy}" for policy in POLICIES)),
        [(*case, *(medians[case].get(policy, "none") for policy in POLICIES)) for case in cases],
    )
    if not found.sources:
        return
    rows = []
    for case, at in medians.items():
        worse = {name: 100 * (at[name] / at["scaled"] - 1) for name in found.sources if name in at}
        ordered = sorted(worse, key=lambda name: -worse[name])[:4]
        rows.append((*case, *(f"{name} {worse[name]:+.1f} %" for name in ordered)))
    width = max(len(row) for row in rows)
    print_table(
        "What limits most: the limit with one source kept, relative to all scaled",
        ("mass [GeV]", "1/fb", "first", "second", "third", "fourth")[:width],
        [(*row, *[""] * (width - len(row))) for row in rows],
    )


def _show_measurement(found: MeasuredProjection) -> None:
    print_table(
        f"Uncertainties of {found.parameter} in {found.unit}, measured with {found.luminosity_fb:.4g}/fb",
        ("1/fb", "statistics", "systematics kept", "total", "systematics scaled", "total"),
        [
            (i.luminosity_fb, i.stat, i.syst_kept, i.total_kept, i.syst_scaled, i.total_scaled)
            for i in found.errors
        ],
    )
    for name, luminosity in found.limited_from.items():
        say(f"{name}, if kept, is as large as the statistics at {luminosity:.3g}/fb")
