"""``darkbelle injection``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import FINAL_STATE, MASSES, RUN, SEED
from darkbelle.jobs.commands.places import maker_of, place_options

if TYPE_CHECKING:
    from darkbelle.fitting.studies.coverage import Share
    from darkbelle.fitting.studies.injection import RunInjection


@click.command(cls=ExampleCommand, example="darkbelle injection runs/first --mass 1 --mass 2 --toys 600")
@RUN
@MASSES
@FINAL_STATE
@click.option(
    "--times",
    default=2.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="How strong the signals are, in median expected limits.",
)
@click.option(
    "--toys",
    default=300,
    show_default=True,
    type=click.IntRange(min=1),
    help="Experiments with each signal, and as many without.",
)
@click.option(
    "--cl",
    "confidence_level",
    type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
    help="Confidence level.  [default: the channel's]",
)
@SEED
@place_options
@as_json
def injection(run: Path, json_output: bool, **options: Any) -> None:
    """Put signals into the expected background of a run, and find them again: bias, pulls and coverage.

    Of all final states by default. Writes RUN/injection.json and RUN/injection.png; experiments are kept in
    RUN/toys. Exits with 1 if a mass has no model or no limit.
    """
    from darkbelle.fitting.plots.injection import plot_injection
    from darkbelle.fitting.plots.style import save, styled
    from darkbelle.fitting.studies.injection import compute_injection
    from darkbelle.runfolder import TOYS

    make, left = maker_of(run / TOYS, options)
    found = compute_injection(run, make=make, **{**left, "masses": left["masses"] or None})
    with styled():
        save(plot_injection(found), run / "injection.png")
    if json_output:
        print_json(found.as_json())
    else:
        _show(found)
    for place, reason in found.failed.items():
        say(f"{place}: nothing was put in: {reason}")
    if found.failed:
        raise SystemExit(1)


def _show(found: RunInjection) -> None:
    level = f"{found.confidence_level:.0%}"
    print_table(
        f"SIMULATION: signals of {found.times:g} times the median expected limit on {found.poi}, "
        f"{found.toys} experiments",
        (
            "hypothesis",
            "put in",
            "found",
            "mean found",
            "pull",
            "width",
            f"{level} limit covers",
            f"{level} interval covers",
            "without signal",
        ),
        [
            (
                str(item.place),
                item.strength,
                item.found,
                f"{item.mean:.4g} ± {item.mean_error:.1g}",
                f"{item.pull_mean:+.3f}",
                f"{item.pull_width:.3f}",
                *map(
                    _share,
                    (item.limit_covers, item.interval_covers, item.interval_covers_background),
                ),
            )
            for item in found.points
        ],
    )


def _share(share: Share) -> str:
    return f"{share.value:.3f} ± {share.error:.3f}"
