"""The fast engine behind the interface of all engines; see `darkbelle.fitting.fast`."""

from __future__ import annotations

from collections.abc import Sequence
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
    workers: int = 1,  # noqa: ARG001  of the interface; a workspace takes less than sending it to a process
    progress: Progress | None = None,
) -> list[Outcome]:
    """Return upper limits of workspaces, in this process; what fails is a `Failure` with its reason."""
    outcomes: list[Outcome] = []
    for workspace in workspaces:
        outcomes.append(_outcome(workspace, confidence_level))
        if progress is not None:
            progress(len(outcomes), len(workspaces))
    return outcomes


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
    )
