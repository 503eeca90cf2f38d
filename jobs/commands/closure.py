"""``darkbelle closure``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import RUN


@click.command(cls=ExampleCommand, example="darkbelle closure runs/first")
@RUN
@as_json
def closure(run: Path, json_output: bool) -> None:
    """Predict each simulated mass from its neighbours, as limits --mass-step does, and compare.

    Writes RUN/closure.json and RUN/closure.png.
    """
    from darkbelle.fitting.closure import METHODS, compute_closure
    from darkbelle.fitting.plots.closure import plot_closure
    from darkbelle.fitting.plots.style import save, styled

    found = compute_closure(run)
    with styled():
        save(plot_closure(found), run / "closure.png")
    if json_output:
        print_json(found.as_json())
        return
    print_table(
        "Signals predicted from the neighbouring masses, relative to the simulated ones",
        (
            "hypothesis",
            "from",
            "gap/σ",
            "by",
            "limit",
            "efficiency",
            "± statistics",
            "resolution",
            "distance",
            "of statistics",
        ),
        [
            (
                str(item.place),
                f"{item.low:g}, {item.high:g}",
                item.gap,
                item.method,
                *(
                    "none" if value is None else f"{100 * value:+.1f} %"
                    for value in (item.limit, item.efficiency, item.statistics, item.resolution)
                ),
                *(
                    "none" if value is None else f"{value:.3f}"
                    for value in (item.distance, item.distance_of_statistics)
                ),
            )
            for item in found.predictions
        ],
    )
    for item in found.predictions:
        if item.reason:
            say(f"{item.place}, {item.method}: {item.reason}")
    for method in METHODS:
        say(f"{method}: limits differ by up to {100 * found.largest(method):.2g} %")
    say("gaps are twice as wide as those of a scan, whose errors are smaller, about four times if smooth")
