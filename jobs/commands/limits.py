"""``darkbelle workspace``, ``limits`` and ``interpret``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import FOLDER, RUN, SEED, WORKERS

if TYPE_CHECKING:
    from darkbelle.fitting.couplings import Model
    from darkbelle.fitting.interpretation import Interpretation
    from darkbelle.fitting.limits import Limits

MODELS: tuple[Model, ...] = (
    "vanilla",
    "fully_invisible",
)  # as darkbelle.fitting.interpretation has them, slow to import
FITTED = {
    "asimov": "SIMULATION, expected background",
    "pseudo": "SIMULATION, pseudo-data",
    "observed": "Data",
}
BANDS = ("−2σ", "−1σ", "expected", "+1σ", "+2σ")

masses_option = click.option(
    "--mass",
    "masses",
    type=float,
    multiple=True,
    help="Mass in GeV, may be repeated.  [default: all simulated]",
)
data_option = click.option(
    "--data",
    default="pseudo",
    show_default=True,
    type=click.Choice(["asimov", "pseudo", "observed"]),
    help="What is fitted: the expectation, one random draw of it, or datasets of data.",
)


@click.command(cls=ExampleCommand, example="darkbelle workspace runs/first --mass 2 --out workspaces")
@RUN
@click.option("--out", type=FOLDER, help="Folder.  [default: RUN/workspaces]")
@masses_option
@data_option
@SEED
def workspace(run: Path, out: Path | None, masses: tuple[float, ...], data: str, seed: int) -> None:
    """Write the statistical model of each mass hypothesis, as JSON that pyhf reads."""
    from darkbelle.fitting.workspaces import build_workspaces

    folder = out or run / "workspaces"
    paths = build_workspaces(
        run,
        folder,
        masses or None,
        data=data,  # type: ignore[arg-type]  # click has checked it
        seed=seed,
    )
    click.echo(f"{len(paths)} workspaces in {folder}")


@click.command(cls=ExampleCommand, example="darkbelle limits runs/first --cl 0.90 --workers 2")
@RUN
@click.option(
    "--cl",
    type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
    help="Confidence level.  [default: the channel's]",
)
@click.option("--engine", default="pyhf", show_default=True, help="What computes.")
@masses_option
@data_option
@SEED
@WORKERS
@as_json
def limits(
    run: Path,
    cl: float | None,
    engine: str,
    masses: tuple[float, ...],
    data: str,
    seed: int,
    workers: int,
    json_output: bool,
) -> None:
    """Compute the upper limits of a run, and write RUN/limits.json. Exits with 1 if a mass has none."""
    from darkbelle.fitting.limits import compute_limits
    from darkbelle.jobs.progress import counter

    with counter("limits") as progress:
        found = compute_limits(
            run,
            confidence_level=cl,
            engine=engine,
            masses=masses or None,
            workers=workers,
            data=data,  # type: ignore[arg-type]  # click has checked it
            seed=seed,
            progress=progress,
        )
    if json_output:
        print_json(found.as_json())
    else:
        show_limits(found)
    if found.failed:
        raise SystemExit(1)


@click.command(cls=ExampleCommand, example="darkbelle interpret runs/first --model vanilla")
@RUN
@click.option(
    "--model", "models", multiple=True, type=click.Choice(MODELS), help="May be repeated.  [default: all]"
)
@as_json
def interpret(run: Path, models: tuple[Model, ...], json_output: bool) -> None:
    """Turn limits on the cross section into limits on the coupling g′ of a model."""
    from darkbelle.fitting.interpretation import interpret as interpret_run

    found = [interpret_run(run, model) for model in models or MODELS]
    if json_output:
        print_json([item.as_json() for item in found])
    else:
        for item in found:
            show_interpretation(item)


def show_limits(found: Limits) -> None:
    """Print limits as a table, and what one must know about them."""
    print_table(
        f"{FITTED[found.data]}: upper limits on the {found.poi.replace('_', ' ')} in {found.unit}, "
        f"{found.confidence_level:.0%} CL, {found.luminosity_fb:g}/fb",
        ("mass [GeV]", "observed", *BANDS),
        [(point.mass, point.observed, *point.expected) for point in found.points],
    )
    print_table(
        "What they stand on, after all cuts",
        ("mass [GeV]", "σ(M²) [GeV²]", "signal efficiency", "background within ±2σ"),
        [
            (
                point.mass,
                point.diagnostics["resolution_m2"],
                point.diagnostics["signal_efficiency"],
                point.diagnostics["background_near_peak"],
            )
            for point in found.points
        ],
    )
    for point in found.points:
        for flag in point.flags:
            say(f"{point.mass:g} GeV: {flag}")
    for mass, reason in found.failed.items():
        say(f"{mass:g} GeV has no limit: {reason}")
    if found.missing_processes:
        say(f"not in these limits, for want of a dataset: {', '.join(found.missing_processes)}")


def show_interpretation(found: Interpretation) -> None:
    """Print limits on the coupling as a table."""
    print_table(
        f"Upper limits on g′, {found.model.replace('_', ' ')} model, {found.confidence_level:.0%} CL",
        ("mass [GeV]", "observed", *BANDS),
        [(point.mass, point.observed, *point.expected) for point in found.points],
    )
