"""Limits from pseudo-experiments behind the interface of all engines; see `fitting.studies.toy_limits`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from darkbelle.errors import FitError
from darkbelle.fitting.engines.base import Failure, Outcome, Progress, UpperLimit
from darkbelle.fitting.studies.recipes import Make, in_process
from darkbelle.fitting.studies.toy_limits import ToyLimits, toy_limits

__all__ = ["ToyEngine"]


@dataclass(frozen=True)
class ToyEngine:
    """An engine that has ``toys`` experiments made for each hypothesis and value tested.

    Without ``make`` they are made here, on as many threads as there are workers.
    """

    toys: int
    seed: int = 1
    make: Make | None = None

    def __call__(
        self,
        workspaces: Sequence[dict[str, Any]],
        confidence_level: float,
        *,
        workers: int = 1,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """Return one outcome a workspace, in order."""
        solved = toy_limits(
            workspaces,
            confidence_level,
            toys=self.toys,
            seed=self.seed,
            make=self.make or in_process(workers),
            progress=progress,
        )
        return [_outcome(item) for item in solved]


def _outcome(limits: ToyLimits | FitError) -> Outcome:
    if isinstance(limits, FitError):
        return Failure(str(limits))
    by_formula = limits.asymptotic
    return UpperLimit(
        observed=limits.observed,
        expected=limits.expected,
        best_fit=by_formula.best_fit,
        significance=by_formula.significance,
        evaluations=by_formula.fits,
        bounds_hit=by_formula.bounds_hit,
        rescued=0,
        largest_edm=by_formula.largest_distance,
        several_minima=by_formula.several_minima,
        toy_errors=limits.errors,
        failed_toys=limits.failed,
    )
