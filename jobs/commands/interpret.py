"""``darkbelle interpret``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import BANDS, as_json, print_json, print_table
from darkbelle.jobs.commands.parameters import RUN

if TYPE_CHECKING:
    from darkbelle.fitting.couplings import Model
    from darkbelle.fitting.interpretation import Interpretation
    from darkbelle.fitting.lfv import FlavourPoint

MODELS: tuple[Model, ...] = (
    "vanilla",
    "fully_invisible",
)  # as darkbelle.fitting.interpretation has them, slow to import

FLAVOUR_MODEL = "lfv_alp"


@click.command(cls=ExampleCommand, example="darkbelle interpret runs/first --model vanilla")
@RUN
@click.option(
    "--model",
    "models",
    multiple=True,
    type=click.Choice((*MODELS, FLAVOUR_MODEL)),
    help="May be repeated.  [default: all of the channel]",
)
@as_json
def interpret(run: Path, models: tuple[str, ...], json_output: bool) -> None:
    """Turn limits into limits on couplings: on g′ of a Z′, or on the scale of an axion-like particle's.

    The models vanilla and fully_invisible are those of a Z′, lfv_alp that of τ → ℓα.
    """
    from darkbelle.fitting.interpretation import interpret as interpret_run
    from darkbelle.fitting.lfv import RATIO, flavour_couplings
    from darkbelle.fitting.limit_results import read_limits

    chosen = models or ((FLAVOUR_MODEL,) if read_limits(run).poi == RATIO else MODELS)
    if FLAVOUR_MODEL in chosen:
        points = flavour_couplings(run)
        if json_output:
            print_json([asdict(point) for point in points])
        else:
            show_flavour_couplings(points)
        return
    found = [interpret_run(run, model) for model in chosen]  # type: ignore[arg-type]  # click has checked it
    if json_output:
        print_json([item.as_json() for item in found])
    else:
        for item in found:
            show_interpretation(item)


def show_flavour_couplings(points: Sequence[FlavourPoint]) -> None:
    """Print limits on branching fractions and scales as a table."""
    print_table(
        "Upper limits on B(τ → ℓα), lower limits on the scale F [GeV]",
        ("lepton", "mass [GeV]", "B, observed", "B, expected", "F, observed", "F, expected"),
        [
            (p.final_state, p.mass, p.observed, p.expected[2], p.observed_scale, p.expected_scale[2])
            for p in points
        ],
    )


def show_interpretation(found: Interpretation) -> None:
    """Print limits on the coupling as a table."""
    print_table(
        f"Upper limits on g′, {found.model.replace('_', ' ')} model, {found.confidence_level:.0%} CL",
        ("mass [GeV]", "observed", *BANDS),
        [(point.mass, point.observed, *point.expected) for point in found.points],
    )
