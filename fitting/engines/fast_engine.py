"""The fast engine behind the interface of all engines; see `darkbelle.fitting.fast`.

What it cannot solve is solved by pyhf's engine, slowly, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from darkbelle.errors import FitError
from darkbelle.fitting.engines.base import Failure, Outcome, Progress, UpperLimit
from darkbelle.fitting.fast.asymptotic import asymptotic_limits
from darkbelle.fitting.fast.compile import compile_workspace

__all__ = ["upper_limits"]


def upper_limits(
    workspaces: Sequence[dict[str, Any]],
    confidence_level: float,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Return upper limits of workspaces, in this process; ``workers`` are for those that pyhf must solve."""
    report = progress or (lambda _done, _total: None)
    outcomes: list[Outcome] = []
    failed: dict[int, Failure] = {}
    for index, workspace in enumerate(workspaces):
        outcome = _outcome(workspace, confidence_level)
        outcomes.append(outcome)
        if isinstance(outcome, Failure):
            failed[index] = outcome
        else:
            report(len(outcomes) - len(failed), len(workspaces))
    if failed:
        solved = len(workspaces) - len(failed)
        answers = _by_pyhf(
            [workspaces[index] for index in failed],
            confidence_level,
            min(workers, len(failed)),
            lambda done, _: report(solved + done, len(workspaces)),
        )
        for (index, failure), answer in zip(failed.items(), answers, strict=True):
            outcomes[index] = _rescued(failure, answer)
    return outcomes


def _by_pyhf(
    workspaces: list[dict[str, Any]], confidence_level: float, workers: int, progress: Progress
) -> list[Outcome]:
    from darkbelle.fitting.engines.pyhf_engine import upper_limits as solve  # noqa: PLC0415  it takes seconds

    return solve(workspaces, confidence_level, workers=workers, progress=progress)


def _rescued(failure: Failure, answer: Outcome) -> Outcome:
    if isinstance(answer, Failure):
        return Failure(f"{failure.reason}; and the pyhf engine: {answer.reason}")
    return replace(answer, rescued_from=failure.reason)


def _outcome(workspace: dict[str, Any], confidence_level: float) -> Outcome:
    try:
        limits = asymptotic_limits(compile_workspace(workspace), confidence_level)
    except FitError as error:
        return Failure(str(error))
    return UpperLimit(
        observed=limits.observed,
        expected=limits.expected,
        best_fit=limits.best_fit,
        significance=limits.significance,
        evaluations=limits.fits,
        bounds_hit=limits.bounds_hit,
        rescued=0,
        largest_edm=limits.largest_distance,
        several_minima=limits.several_minima,
    )
