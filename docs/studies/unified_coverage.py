"""Coverage of the intervals of Feldman and Cousins where the background is measured in a side band.

::

    python docs/studies/unified_coverage.py FOLDER [WORKERS]

A count with an unknown background, and a side band with TAU times as much of it: on/off, in a few events,
where the profile construction promises nothing. Prints a table in Markdown. Experiments are kept in FOLDER.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from darkbelle.fitting import coverage_study
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.toys import store_maker

BACKGROUND, TAU = 3.0, 2.0
STRENGTHS = (0.5, 3.0, 8.0)
LEVEL = 0.90
EXPERIMENTS, INNER = 200, 1000


def on_off(signal: float, background: float, tau: float) -> dict[str, Any]:
    """Return the workspace whose data are what is expected."""
    size = {"name": "background", "type": "normfactor", "data": None}
    strength = {"name": "mu", "type": "normfactor", "data": None}
    count = [
        {"name": "s", "data": [1.0], "modifiers": [strength]},
        {"name": "b", "data": [background], "modifiers": [size]},
    ]
    band = [{"name": "b", "data": [tau * background], "modifiers": [size]}]
    parameters = [{"name": name, "bounds": [[0.0, 100.0]]} for name in ("mu", "background")]
    return {
        "version": "1.0.0",
        "channels": [{"name": "count", "samples": count}, {"name": "band", "samples": band}],
        "observations": [
            {"name": "count", "data": [signal + background]},
            {"name": "band", "data": [tau * background]},
        ],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": parameters}}],
    }


def main(folder: Path, workers: int) -> None:
    """Print the table."""
    lines = []
    make = store_maker(folder, LocalExecutor(workers), batch=50_000)
    for signal in STRENGTHS:
        # nuisance parameters of the experiments are those at the best fit to data made at the same truth
        study = coverage_study(
            on_off(signal, BACKGROUND, TAU),
            (signal,),
            LEVEL,
            toys=20_000,
            nested=EXPERIMENTS,
            inner=INNER,
            make=make,
        )
        (point,) = study.points
        if not lines:
            lines = [f"| signal | {' | '.join(point.coverage)} |", "|---" * (len(point.coverage) + 1) + "|"]
        shares = (f"{share.value:.3f} ± {share.error:.3f}" for share in point.coverage.values())
        lines.append(f"| {signal:g} | {' | '.join(shares)} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
