"""How the fast engine's time and memory grow with bins, parameters and hypotheses, as a table and a plot.

::

    python -m benchmarks.scaling --out scaling.png

Each point is a process of its own, since the peak of memory never falls again. Memory is what the process
takes beyond one that has solved a single small workspace.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from benchmarks.test_limits import BINS, SYSTEMATICS, mass_point

from darkbelle.fitting.engines.base import UpperLimit
from darkbelle.fitting.engines.fast_engine import upper_limits
from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, save, styled

FEW = 20  # hypotheses where they are not what grows


class Size(NamedTuple):
    """What is solved; with gammas a model has 1 + systematics + bins parameters."""

    bins: int
    systematics: int
    hypotheses: int


class Cost(NamedTuple):
    """Processor time a hypothesis, and memory."""

    milliseconds: float
    megabytes: float


SERIES = {
    "bins": [Size(bins, SYSTEMATICS, FEW) for bins in (15, 30, 60, 120, 240, 480, 960)],
    "systematics": [Size(BINS, systematics, FEW) for systematics in (3, 6, 12, 24, 48, 96)],
    "hypotheses": [Size(BINS, SYSTEMATICS, hypotheses) for hypotheses in (10, 30, 100, 300, 1000)],
}


def cost_of(size: Size) -> Cost:
    """Solve in this process, and return what it took."""
    upper_limits([mass_point(0.5, staterror=True, bins=15, systematics=3)], 0.95)  # compiles the kernels
    before = _peak()
    places = np.linspace(0.2, 0.8, size.hypotheses)
    scan = [mass_point(x, staterror=True, bins=size.bins, systematics=size.systematics) for x in places]
    started = time.process_time()
    outcomes = upper_limits(scan, 0.95)
    spent = time.process_time() - started
    assert all(isinstance(outcome, UpperLimit) for outcome in outcomes)
    return Cost(1e3 * spent / size.hypotheses, _peak() - before)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_a_process(size: Size) -> Cost:
    command = [sys.executable, "-m", "benchmarks.scaling", "--one", json.dumps(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(*json.loads(done.stdout))


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default="scaling.png", show_default=True)
@click.option("--one", help="A size as JSON: its cost is printed, and nothing drawn.")
def main(out: Path, one: str | None) -> None:
    """Measure, print and draw."""
    if one:
        click.echo(json.dumps(cost_of(Size(*json.loads(one)))))
        return
    with styled():
        figure, panels = new_figure(2, 3, size=(12, 6.8), sharex="col", sharey="row")
        for column, (what, sizes) in enumerate(SERIES.items()):
            values = [getattr(size, what) for size in sizes]
            costs = []
            for size in sizes:
                costs.append(_in_a_process(size))
                click.echo(f"{size} {costs[-1].milliseconds:8.2f} ms each {costs[-1].megabytes:7.1f} MB")
            for axes, name in zip(panels[:, column], Cost._fields, strict=True):
                found = [max(getattr(cost, name), 0.1) for cost in costs]
                axes.plot(values, found, "o-", color=OKABE_ITO["blue"])
                axes.set_xscale("log")
                axes.set_yscale("log")
            panels[1, column].set_xlabel(what)
        panels[0, 0].set_ylabel("ms a hypothesis")
        panels[1, 0].set_ylabel("memory [MB]")
        save(figure, out)
    click.echo(out)


if __name__ == "__main__":
    main()
