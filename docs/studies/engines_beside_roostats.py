"""Limits by the fast engine beside those of RooStats' AsymptoticCalculator, on ten workspaces.

::

    python docs/studies/engines_beside_roostats.py PYTHON_WITH_ROOT

Prints a table in Markdown, of observed and median expected limits at 95 % confidence level and the
largest relative difference of all six.
"""

from __future__ import annotations

import sys
from pathlib import Path

from darkbelle.fitting.engines import Failure, load_engine, roostats_engine
from darkbelle.fitting.validation.references import difference
from darkbelle.fitting.validation.testset import cases

NAMES = (
    "textbook-uncorrelated",
    "textbook-correlated",
    "textbook-statistics",
    "textbook-control",
    "counting-111",
    "mixed-205",
    "mixed-233",
    "excess-603",
    "peak-900",
    "peak-904",
)


def main(python: Path) -> None:
    """Print the table."""
    workspaces = [case.workspace for name in NAMES for case in cases() if case.name == name]
    ours = load_engine("fast")(workspaces, 0.95)
    theirs = roostats_engine(python)(workspaces, 0.95)
    lines = [
        "| workspace | observed | RooStats | median | RooStats | largest difference |",
        "|---|---|---|---|---|---|",
    ]
    for name, one, other in zip(NAMES, ours, theirs, strict=True):
        if isinstance(one, Failure) or isinstance(other, Failure):
            reasons = [item.reason for item in (one, other) if isinstance(item, Failure)]
            lines.append(f"| {name} | {'; '.join(reasons)} | | | | |")
            continue
        apart = difference((one.observed, *one.expected), (other.observed, *other.expected))
        lines.append(
            f"| {name} | {one.observed:.5f} | {other.observed:.5f} | {one.expected[2]:.5f} | "
            f"{other.expected[2]:.5f} | {apart:.1e} |"
        )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
