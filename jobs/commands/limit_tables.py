"""What ``darkbelle limits`` prints: limits, what they stand on, and how the fits went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from darkbelle.jobs.commands.output import BANDS, in_unit, print_table, say

if TYPE_CHECKING:
    from darkbelle.fitting.engines import UpperLimit
    from darkbelle.fitting.limit_results import Limits
    from darkbelle.fitting.solving import WorkspaceLimits

FITTED = {
    "asimov": "SIMULATION, expected background",
    "pseudo": "SIMULATION, pseudo-data",
    "observed": "Data",
}


def show_limits(found: Limits) -> None:
    """Print limits as a table, and what one must know about them."""
    print_table(
        f"{FITTED[found.data]}: upper limits on the {found.poi.replace('_', ' ')}{in_unit(found.unit)}, "
        f"{found.confidence_level:.0%} CL, {found.luminosity_fb:g}/fb",
        ("hypothesis", "observed", *BANDS),
        [(str(point.place), point.observed, *point.expected) for point in found.points],
    )
    print_table(
        "What they stand on, after all cuts",
        ("hypothesis", "signal", "resolution", "signal efficiency", "background within ±2σ"),
        [
            (
                str(point.place),
                "{:g} to {:g} GeV".format(*between)
                if (between := point.interpolated_between)
                else "simulated",
                point.diagnostics["resolution"],
                point.diagnostics["signal_efficiency"],
                point.diagnostics["background_near_peak"],
            )
            for point in found.points
        ],
    )
    _say_what_they_need(found)


def _say_what_they_need(found: Limits) -> None:
    """Say how the fits of a run went, what must be known about them, and which have no limit."""
    fits = [point.diagnostics for point in found.points]
    _say_how_fits_went(
        [(fit["largest_edm"], fit["evaluations"], fit["needed_help"]) for fit in fits], found.engine
    )
    interpolated = sum(point.interpolated_between is not None for point in found.points)
    if interpolated:
        say(
            f"{interpolated} of {len(found.points)} limits rest on signals interpolated between simulated "
            "masses; `darkbelle closure` says how well these are known"
        )
    for point in found.points:
        for flag in point.flags:
            say(f"{point.place}: {flag}")
    for line in found.preflight:
        say(line)
    for place, reason in found.failed.items():
        say(f"{place} has no limit: {reason}")
    if found.missing_processes:
        say(f"not in these limits, for want of a dataset: {', '.join(found.missing_processes)}")


def show_limits_of_files(answers: Sequence[WorkspaceLimits], confidence_level: float) -> None:
    """Print the limits of workspaces as a table, those there are."""
    print_table(
        f"Upper limits on the parameter of interest, {confidence_level:.0%} CL",
        ("workspace", "observed", *BANDS),
        [(name, limit.observed, *limit.expected) for name, limit in _solved(answers)],
    )


def say_how_files_went(answers: Sequence[WorkspaceLimits], engine: str) -> None:
    """Say how the fits of workspaces went, what must be known about them, and which have no limit."""
    from darkbelle.fitting.engines import Failure
    from darkbelle.fitting.findings import summarise

    solved = _solved(answers)
    _say_how_fits_went([(item.largest_edm, item.evaluations, item.needed_help) for _, item in solved], engine)
    for name, limit in solved:
        for flag in limit.flags:
            say(f"{name}: {flag}")
    for line in summarise({item.name: item.findings for item in answers}):
        say(line)
    for item in answers:
        if isinstance(item.outcome, Failure):
            say(f"{item.name} has no limit: {item.outcome.reason}")


def _solved(answers: Sequence[WorkspaceLimits]) -> list[tuple[str, UpperLimit]]:
    from darkbelle.fitting.engines import Failure

    return [(item.name, item.outcome) for item in answers if not isinstance(item.outcome, Failure)]


def _say_how_fits_went(fits: list[tuple[float, int, bool]], engine: str) -> None:
    """Say of fits, by limit: their worst distance to a minimum, how many, and whether they needed help."""
    if not fits:
        return
    worst, total, helped = (
        max(edm for edm, _, _ in fits),
        sum(n for _, n, _ in fits),
        sum(h for _, _, h in fits),
    )
    say(
        f"{total} fits by engine {engine}, at most {worst:.1g} from their minima in −ln L (edm); "
        f"{helped or 'none'} of {len(fits)} limits needed help"
        + (", by a second minimiser, another engine or a choice among minima" if helped else "")
    )
