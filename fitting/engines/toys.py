"""Limits from pseudo-experiments behind the interface of all engines; see `darkbelle.fitting.fast.toys`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from darkbelle.errors import FitError
from darkbelle.fitting.engines.base import Failure, Outcome, Progress, UpperLimit
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.toys import Toys, toy_limits

__all__ = ["ToyEngine"]


@dataclass(frozen=True)
class ToyEngine:
    """An engine that draws ``toys`` experiments a hypothesis and value tested.

    Workspaces are solved one after the other, each on as many threads as there are workers.
    """

    toys: int
    seed: int = 1

    def __call__(
        self,
        workspaces: Sequence[dict[str, Any]],
        confidence_level: float,
        *,
        workers: int = 1,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """Return one outcome a workspace, in order."""
        outcomes: list[Outcome] = []
        for workspace in workspaces:
            outcomes.append(self._outcome(workspace, confidence_level, workers))
            if progress is not None:
                progress(len(outcomes), len(workspaces))
        return outcomes

    def _outcome(self, workspace: dict[str, Any], confidence_level: float, workers: int) -> Outcome:
        try:
            limits = toy_limits(
                compile_workspace(workspace), confidence_level, Toys(self.toys, self.seed, workers)
            )
        except FitError as error:
            return Failure(str(error))
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
