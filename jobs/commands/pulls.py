"""``darkbelle pulls``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import DATA, FINAL_STATE, FOLDER, MASSES, SEED

if TYPE_CHECKING:
    from darkbelle.fitting.nuisances import Pulls


@click.command(cls=ExampleCommand, example="darkbelle pulls runs/first --mass 2 --signal 50")
@click.argument("path", type=click.Path(path_type=Path), metavar="RUN | FILE")
@click.option("--workspace", "plain", is_flag=True, help="The argument is a pyhf workspace, and no run.")
@click.option("--out", type=FOLDER, help="Folder of the plots.  [default: RUN/pulls, pulls for a workspace]")
@click.option(
    "--signal", type=float, help="Fit the expectation with a signal of this strength, instead of the data."
)
@click.option("--rows", default=20, show_default=True, type=click.IntRange(min=1), help="Parameters printed.")
@MASSES
@FINAL_STATE
@DATA
@SEED
@as_json
def pulls(path: Path, plain: bool, out: Path | None, rows: int, json_output: bool, **options: Any) -> None:
    """Fit a run at some masses: pulls, impacts on the signal, correlations. Writes RUN/pulls.json and plots.

    By default at the mass in the middle, of all final states. Parameters of single bins are among them.
    Exits with 1 if a mass has no fit.
    """
    if plain:
        _of_workspace(path, out or Path("pulls"), rows, options, json_output=json_output)
        return
    from darkbelle.fitting.run_pulls import compute_pulls
    from darkbelle.jobs.progress import counter

    masses = options.pop("masses")
    with counter("pulls") as progress:
        found = compute_pulls(path, masses=masses or None, progress=progress, **options)
    folder = out or path / "pulls"
    for place, item in found.points.items():
        _draw(item, folder, f"{place.stem}_", luminosity_fb=found.luminosity_fb)
    if json_output:
        print_json(found.as_json())
    else:
        for place, item in found.points.items():
            _show(item, f"{place}, {found.luminosity_fb:g}/fb", rows)
    for place, reason in found.failed.items():
        say(f"{place} has no fit: {reason}")
    if found.failed:
        raise SystemExit(1)


def _of_workspace(path: Path, folder: Path, rows: int, options: dict[str, Any], *, json_output: bool) -> None:
    from darkbelle.fitting.nuisances import pulls as pulls_of

    if options["masses"] or options["final_state"]:
        raise click.UsageError(
            "--mass and --final-state choose among the hypotheses of a run, and --workspace is one"
        )
    found = pulls_of(path, signal=options["signal"])
    _draw(found, folder, "")
    if json_output:
        print_json(found.as_json())
    else:
        _show(found, path.name, rows)


def _draw(found: Pulls, folder: Path, prefix: str, **options: Any) -> None:
    from darkbelle.fitting.plots.nuisances import plot_correlations, plot_pulls
    from darkbelle.fitting.plots.style import save, styled

    with styled():
        save(plot_pulls(found, **options), folder / f"{prefix}pulls.png")
        save(plot_correlations(found), folder / f"{prefix}correlations.png")


def _show(found: Pulls, title: str, rows: int) -> None:
    print_table(
        f"{title}: {found.poi} = {found.best_fit:.4g} ± {found.error:.2g}, the "
        f"largest of {len(found.nuisances)} impacts",
        ("parameter", "pull", "constraint", "impact up", "down", "before the fit: up", "down"),
        [
            (
                item.name,
                *("free" if value is None else value for value in (item.pull, item.constraint)),
                item.impact_up,
                item.impact_down,
                *("" if v is None else v for v in (item.impact_up_before, item.impact_down_before)),
            )
            for item in found.nuisances[:rows]
        ],
    )
    if found.bounded:
        say(
            f"{title}: {found.poi} was kept within its bounds, without which the fits fail, so impacts may "
            "be cut off; --signal fits the expectation with a signal instead"
        )
