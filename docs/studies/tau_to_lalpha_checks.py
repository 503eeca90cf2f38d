"""Signals found again, pulls and coverage of the fits of τ → ℓα.

::

    darkbelle demo --channel tau_to_lalpha --out lalpha
    python docs/studies/tau_to_lalpha_checks.py lalpha/run

For each lepton at five masses: the expectation with a signal of twice the expected limit is fitted; and 600
experiments are drawn with it, and 600 without.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from darkbelle.fitting.engines import Failure
from darkbelle.fitting.limit_results import read_limits
from darkbelle.fitting.solving import limits as limits_of
from darkbelle.fitting.studies.coverage import coverage_study
from darkbelle.fitting.templates import FitInputs, all_fit_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace
from darkbelle.runfolder import load_result

MASSES = (0.0, 0.5, 1.0, 1.2, 1.6)
TOYS = 600
LIMIT, INTERVAL = "asymptotic limit", "likelihood-ratio interval"


def row(inputs: FitInputs, mass: float, injected: float) -> str:
    """Return a line of the table for one lepton and mass in GeV."""
    templates = mass_templates(inputs, mass)
    background = sum(item.values for item in templates.backgrounds.values())
    observed = background + injected * templates.signal.values
    (answer,) = limits_of([build_workspace(inputs, replace(templates, observed=observed))])
    found = "none" if isinstance(answer.outcome, Failure) else f"{answer.outcome.best_fit:.5f}"
    study = coverage_study(build_workspace(inputs, templates), [0.0, injected], toys=TOYS)
    none, some = study.points
    cells = (
        inputs.final_state,
        f"{mass:g}",
        f"{injected:.5f}",
        found,
        f"{some.mu + some.bias:.5f} ± {some.bias_error:.5f}",
        f"{some.pull_mean:+.2f}",
        f"{some.pull_width:.2f}",
        f"{some.coverage[LIMIT].value:.3f}",
        f"{some.coverage[INTERVAL].value:.3f}",
        f"{none.coverage[INTERVAL].value:.3f}",
    )
    return " | ".join(map(str, cells))


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
def main(run: Path) -> None:
    """Print the table for a RUN with limits."""
    limits = {point.place: point.expected[2] for point in read_limits(run).points}
    for inputs in all_fit_inputs(load_result(run), "asimov"):
        for place, median in limits.items():
            if place.final_state == inputs.final_state and place.mass in MASSES:
                click.echo(row(inputs, place.mass, 2 * median))


if __name__ == "__main__":
    main()
