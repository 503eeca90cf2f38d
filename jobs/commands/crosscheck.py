"""``darkbelle crosscheck``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import RUN, SEED, WORKERS


@click.command(cls=ExampleCommand, example="darkbelle crosscheck runs/first --points 3")
@RUN
@click.option(
    "--points", default=5, show_default=True, type=click.IntRange(min=1), help="Masses, drawn at random."
)
@click.option(
    "--with",
    "--engine",
    "engine",
    help="What computes: pyhf, fast or roostats.  [default: pyhf, or fast for limits by pyhf]",
)
@click.option(
    "--root-python",
    type=click.Path(path_type=Path),
    help="A Python that has ROOT, for roostats.  [default: this one]",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, min_open=True),
    help="Largest relative difference of two limits that agree.  [default: 0.001, for roostats 0.01]",
)
@SEED
@WORKERS
@as_json
def crosscheck(
    run: Path,
    points: int,
    engine: str | None,
    root_python: Path | None,
    tolerance: float | None,
    seed: int,
    workers: int,
    json_output: bool,
) -> None:
    """Compute some limits of a run again by another engine. Exits with 1 if they disagree.

    Writes RUN/crosscheck.json.
    """
    from darkbelle.fitting.crosscheck import crosscheck as check
    from darkbelle.jobs.progress import counter

    with counter("crosscheck") as progress:
        found = check(
            run,
            points=points,
            seed=seed,
            reference=engine,
            tolerance=tolerance,
            root_python=root_python,
            workers=workers,
            progress=progress,
        )
    if json_output:
        print_json(found.as_json())
    else:
        print_table(
            f"Limits by {found.engine}, again by {found.reference}",
            ("hypothesis", "observed", "again", "median", "again", "largest difference", "of", "verdict"),
            [
                (
                    str(item.place),
                    item.ours[0],
                    item.theirs[0] if item.theirs else "",
                    item.ours[3],
                    item.theirs[3] if item.theirs else "",
                    f"{item.difference:.1e}" if item.difference is not None else "",
                    item.worst,
                    item.verdict,
                )
                for item in found.comparisons
            ],
        )
    for item in found.comparisons:
        if item.reason:
            say(f"{item.place} is unsolved by {found.reference}: {item.reason}")
    if not found.passed:
        raise SystemExit(1)
