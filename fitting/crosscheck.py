"""A random few of a run's limits computed again by another engine, with a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from darkbelle.errors import ConfigurationError
from darkbelle.fitting.asymptotics import BANDS
from darkbelle.fitting.engines import Failure, Outcome, load_engine, roostats_engine
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.limit_results import LimitPoint, Limits, read_limits
from darkbelle.fitting.signals import with_masses
from darkbelle.fitting.templates import Place, all_fit_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace
from darkbelle.provenance import provenance
from darkbelle.runfolder import CROSSCHECK, SCHEMA, load_result, write_json

__all__ = ["Comparison", "Crosscheck", "crosscheck"]

TOLERANCE = 1e-3  # relative; both engines claim 1e-4
ROOSTATS = "roostats"
ROOSTATS_TOLERANCE = 1e-2  # its fits are made by Minuit with its own tolerance
QUANTITIES = ("observed", *(f"expected {band:+d}σ" if band else "median" for band in BANDS))

Verdict = Literal["agrees", "disagrees", "unsolved"]


@dataclass(frozen=True)
class Comparison:
    """One mass hypothesis by two engines.

    Parameters
    ----------
    mass
        GeV.
    ours, theirs
        Observed limit, and expected ones at −2, −1, 0, 1, 2 standard deviations; none if unsolved.
    difference, worst
        The largest relative difference among these, and which it is.
    verdict
        Whether it is within the tolerance.
    reason
        Why the other engine has no limit.
    final_state
        Of the signal, in channels that have several.
    """

    mass: float
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    difference: float | None
    worst: str
    verdict: Verdict
    reason: str = ""
    final_state: str | None = None

    @property
    def place(self) -> Place:
        """Which hypothesis it is of."""
        return Place(self.mass, self.final_state)


@dataclass(frozen=True)
class Crosscheck:
    """Limits of a run, by ``engine``, beside those of a ``reference``."""

    engine: str
    reference: str
    tolerance: float
    seed: int
    comparisons: tuple[Comparison, ...]

    @property
    def passed(self) -> bool:
        """Whether all limits compared agree; a point without a second limit counts as disagreement."""
        return all(item.verdict == "agrees" for item in self.comparisons)

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``crosscheck.json``."""
        comparisons = [
            {**asdict(item), "ours": list(item.ours), "theirs": list(item.theirs)}
            for item in self.comparisons
        ]
        return {"schema": SCHEMA, "passed": self.passed, **asdict(self), "comparisons": comparisons}


def crosscheck(  # noqa: PLR0913  all by keyword
    run_dir: str | Path,
    *,
    points: int = 5,
    seed: int = 1,
    reference: str | None = None,
    tolerance: float | None = None,
    root_python: Path | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Crosscheck:
    """Compute some limits of a run again, compare, and write ``RUN/crosscheck.json``.

    The workspaces are built anew from the run, so limits that are older than its histograms show, too.

    Parameters
    ----------
    run_dir
        A run folder with limits.
    points, seed
        How many masses, at most, and the seed of their choice. Limits that the run's engine had left to
        the reference are not among them.
    reference
        Another engine than that of the limits, or ``roostats``; by default pyhf, or fast for limits by pyhf.
    tolerance
        Relative, on each limit; 1e-3 by default, and 1e-2 for RooStats.
    root_python
        An interpreter that has ROOT, for RooStats; by default this one.
    workers
        Processes.
    progress
        Called with the number of masses done and to do.

    Raises
    ------
    RunError
        The run has no limits.
    ConfigurationError
        The reference is the engine that made the limits, they are from pseudo-experiments, or there is
        nothing to compare.
    """
    limits = read_limits(run_dir)
    other = reference or ("fast" if limits.engine == "pyhf" else "pyhf")
    if other == limits.engine:
        raise ConfigurationError(f"the limits were made by engine {other!r}; choose another as reference")
    if any(item.diagnostics.get("toy_errors") for item in limits.points):
        raise ConfigurationError(
            "these limits are from pseudo-experiments, and no other engine makes any; check asymptotic ones"
        )
    solve = roostats_engine(root_python) if other == ROOSTATS else load_engine(other)
    chosen = _choice(limits, points, seed)
    between = [point.mass for point in chosen if point.interpolated_between]
    every = {
        inputs.final_state: with_masses(inputs, between)
        for inputs in all_fit_inputs(load_result(run_dir), limits.data, limits.seed)
    }
    workspaces = [
        build_workspace(every[point.final_state], mass_templates(every[point.final_state], point.mass))
        for point in chosen
    ]
    outcomes = solve(workspaces, limits.confidence_level, workers=workers, progress=progress)
    largest = tolerance or (ROOSTATS_TOLERANCE if other == ROOSTATS else TOLERANCE)
    compared = tuple(_compare(*pair, largest) for pair in zip(chosen, outcomes, strict=True))
    found = Crosscheck(limits.engine, other, largest, seed, compared)
    write_json(
        Path(run_dir) / CROSSCHECK,
        {**found.as_json(), "provenance": provenance(run=Path(run_dir).name)},
    )
    return found


def _choice(limits: Limits, points: int, seed: int) -> list[LimitPoint]:
    own: Sequence[LimitPoint] = [item for item in limits.points if not item.diagnostics.get("rescued_from")]
    if not own:
        raise ConfigurationError("no limit of the run is by its own engine, so there is nothing to compare")
    chosen = np.random.default_rng(seed).choice(len(own), min(points, len(own)), replace=False)
    return [own[index] for index in sorted(chosen)]


def _compare(point: LimitPoint, outcome: Outcome, tolerance: float) -> Comparison:
    ours = (point.observed, *point.expected)
    if isinstance(outcome, Failure):
        return Comparison(point.mass, ours, (), None, "", "unsolved", outcome.reason, point.final_state)
    if outcome.rescued_from:
        why = outcome.rescued_from
        return Comparison(point.mass, ours, (), None, "", "unsolved", why, point.final_state)
    theirs = (outcome.observed, *outcome.expected)
    differences = [abs(one / two - 1) for one, two in zip(ours, theirs, strict=True)]
    largest = max(differences)
    verdict: Verdict = "agrees" if largest <= tolerance else "disagrees"
    worst = QUANTITIES[differences.index(largest)]
    return Comparison(point.mass, ours, theirs, largest, worst, verdict, "", point.final_state)
