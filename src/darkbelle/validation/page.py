"""The validation page: tables in Markdown, and the figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from darkbelle.validation.figure import Figure
from darkbelle.validation.results import Sizes, Validation
from darkbelle.validation.speed import Speed

__all__ = ["write_page"]

INTRODUCTION = """\
# What the simulation gives, beside what is known

Made by `darkbelle samples validate --out FOLDER{options}`, which remakes this page; do not edit it by hand.

A verdict follows from numbers: a figure *agrees* if it lies within the known range, widened by the tolerance
beside it and three of its own errors. *Set to it, no evidence* stands where the model takes the known figure
as its input, so that agreement shows no more than that nothing went wrong on the way. Marks of the known
figures: **pub**, read in a publication; **std**, a standard figure; **est**, remembered or estimated;
**formula**, computed in another way; **generator**, by another program. Widths are half of what holds the
central 68 %.
"""
SPEEDS = """\
## Speed

Events a CPU second on one core; load average of the machine {before:.1f} before and {after:.1f} after.
*Detector* has the beams in it; *to ntuple* is all, with writing.
"""


def write_page(
    found: Validation,
    folder: Path,
    plots: Sequence[Path],
    *,
    seed: int,
    sizes: Sizes,
    origin: Mapping[str, Any],
    options: str = "",
) -> Path:
    """Write ``validation.md`` and ``validation.json`` into a folder, and return the former.

    Parameters
    ----------
    plots
        Files in the folder.
    origin
        As of `darkbelle.provenance.provenance`.
    options
        What was given to the command beside the folder.
    """
    parts = [INTRODUCTION.format(options=options), _made(seed, sizes, origin), _summary(found.figures)]
    for section in dict.fromkeys(figure.section for figure in found.figures):
        rows = [_row(figure) for figure in found.figures if figure.section == section]
        parts.append(
            _table(section, ("figure", "here", "known", "mark", "within", "verdict", "source"), rows)
        )
    parts.append(_speeds(found))
    if plots:
        names = ", ".join(f"`{path.name}`" for path in plots)
        parts.append(f"The command draws {names} beside its page.\n")
    page = folder / "validation.md"
    page.write_text("\n".join(parts), encoding="utf-8")
    content = {
        "figures": [vars(figure) | {"verdict": figure.verdict} for figure in found.figures],
        "speeds": [
            {"sample": name, "steering": steering, **speed._asdict()}
            for (name, steering), speed in found.speeds.items()
        ],
        "load": found.load,
        "origin": dict(origin) | {"seed": seed, "sizes": vars(sizes)},
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / "validation.json").write_text(text, encoding="utf-8")
    return page


def _made(seed: int, sizes: Sizes, origin: Mapping[str, Any]) -> str:
    events = ", ".join(f"{name} {size}" for name, size in vars(sizes).items())
    of_packages = ", ".join(f"{name} {number}" for name, number in origin["versions"].items())
    made = f"{origin['time'][:10]}, seed {seed}, revision {origin['revision']}"
    return f"{made}; {of_packages}. Events: {events}.\n"


def _summary(figures: Sequence[Figure]) -> str:
    kinds = [figure.verdict.split(",", maxsplit=1)[0] for figure in figures]
    counts = ", ".join(f"{kinds.count(kind)} *{kind}*" for kind in dict.fromkeys(kinds))
    return f"{len(figures)} figures: {counts}.\n"


def _row(figure: Figure) -> tuple[str, ...]:
    unit = "" if figure.unit == "1" else f" {figure.unit}"
    error = f" ± {figure.error:.2g}" if figure.error else ""
    if figure.known is None:
        known, within = "", ""
    else:
        low, high = figure.known
        known = (f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}") + unit
        within = f"{100 * figure.tolerance:g} % + 3 σ"
    here = f"{figure.value:.4g}{error}{unit}"
    return figure.name, here, known, figure.mark or "", within, figure.verdict, figure.source


def _speeds(found: Validation) -> str:
    columns = ("sample", "steering", *Speed._fields)
    rows = [
        (name, steering, *(f"{rate:,.0f}".replace(",", " ") for rate in speed))
        for (name, steering), speed in found.speeds.items()
    ]
    before, after = found.load
    return SPEEDS.format(before=before, after=after) + "\n" + _lines(columns, rows)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"## {title}\n\n{_lines(columns, rows)}"


def _lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = f"| {' | '.join(name.replace('_', ' ') for name in columns)} |\n|{'---|' * len(columns)}\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)
