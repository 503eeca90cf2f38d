r"""Coverage of limits and intervals, and bias of the fit, by experiments at known signal strengths.

A method covers if it leaves the true value in as often as its confidence level says. Four are looked at:

* ``asymptotic limit``: :math:`\mathrm{CL_s}` by formulas; by construction it covers more often than its
  level says;
* ``likelihood-ratio interval``: values with :math:`t_\mu` below the quantile of :math:`\chi^2_1`
  (S. S. Wilks, Ann. Math. Statist. 9 (1938) 60);
* ``toy limit`` and ``unified interval``, if inner experiments are asked for: :math:`\mathrm{CL_s}` from
  toys and the interval of Feldman and Cousins, made anew for each experiment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from darkbelle.errors import FitError
from darkbelle.fitting.asymptotics import check_confidence_level, confidence_s
from darkbelle.fitting.fast.asymptotic import Analysis, analyse
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.model import Flags
from darkbelle.fitting.studies.ensembles import Ensemble
from darkbelle.fitting.studies.nested import NestedEnsemble
from darkbelle.fitting.studies.recipes import Columns, Make, Recipe, in_process, sound

__all__ = ["CoveragePoint", "CoverageStudy", "Share", "coverage_study", "strength_ensemble"]


@dataclass(frozen=True)
class Share:
    """A share of experiments, and its binomial error."""

    value: float
    error: float

    @classmethod
    def of(cls, passed: Flags) -> Share:
        """Return the share of true entries."""
        # one of n+2 keeps the error above 0 where all or none pass
        share, guarded = float(np.mean(passed)), (float(np.sum(passed)) + 1) / (passed.size + 2)
        return cls(share, math.sqrt(guarded * (1 - guarded) / passed.size))


@dataclass(frozen=True)
class CoveragePoint:
    """What experiments at one signal strength say.

    Parameters
    ----------
    mu
        The true value of the parameter of interest.
    coverage
        By method.
    bias, bias_error
        Mean of the best fit minus the truth.
    pull_mean, pull_width
        Of (best fit − truth)/error; NaN without any.
    at_bound
        Share of best fits at the lower bound, 0; many of them make bias and pulls what they are.
    undetermined
        Share of experiments whose error is not determined, left out of the pulls.
    failed
        Experiments that could not be fitted, left out of all.
    """

    mu: float
    coverage: dict[str, Share]
    bias: float
    bias_error: float
    pull_mean: float
    pull_width: float
    at_bound: float
    undetermined: float
    failed: int


@dataclass(frozen=True)
class CoverageStudy:
    """Coverage at several signal strengths; ``inner`` experiments for each of ``nested``, if any."""

    confidence_level: float
    toys: int
    nested: int
    inner: int
    seed: int
    points: tuple[CoveragePoint, ...]
    truth: str = "nuisance parameters at their best for the data and each signal strength"

    def as_json(self) -> dict[str, Any]:
        """Return the study for JSON, which has no NaN."""
        content = asdict(self)
        for point in content["points"]:
            for name in ("pull_mean", "pull_width"):
                point[name] = None if math.isnan(point[name]) else point[name]
        return content


def coverage_study(  # noqa: PLR0913  all by keyword
    workspace: Mapping[str, Any],
    strengths: Sequence[float],
    confidence_level: float = 0.95,
    *,
    toys: int = 2000,
    nested: int = 0,
    inner: int = 1000,
    seed: int = 1,
    make: Make | None = None,
) -> CoverageStudy:
    """Return how often limits and intervals contain the truth, and the bias of the fit.

    Parameters
    ----------
    workspace
        As pyhf's schema 1.0.0 wants it, with one measurement.
    strengths
        True values of the parameter of interest, from 0 on.
    confidence_level
        Of all limits and intervals.
    toys, seed
        Experiments at each strength, and their seed.
    nested, inner
        For methods that rest on toys: experiments at each strength, and inner ones for each of these.
    make
        Makes the experiments; here and on one thread by default.

    Raises
    ------
    FitError
        A strength is negative, the fits to the data fail, or more than 1 % of those to experiments do.
    """
    check_confidence_level(confidence_level)
    if min(strengths) < 0:
        raise FitError(f"signal strengths must not be negative, got {min(strengths):g}")
    model = compile_workspace(workspace)
    analysis = analyse(model)
    recipes: list[Recipe] = []
    for mu in strengths:
        ensemble = strength_ensemble(workspace, analysis, mu, toys, seed)
        recipes.append(ensemble)
        if nested:
            recipes.append(NestedEnsemble(nested, seed, workspace, ensemble.truth, mu, inner))
    made = iter((make or in_process())(recipes))
    points = [_point(mu, confidence_level, next(made), next(made) if nested else None) for mu in strengths]
    return CoverageStudy(confidence_level, toys, nested, inner if nested else 0, seed, tuple(points))


def strength_ensemble(
    workspace: Mapping[str, Any], analysis: Analysis, mu: float, toys: int, seed: int
) -> Ensemble:
    """Return the experiments of a study at one strength, of which its plots are drawn, too."""
    fit = analysis.on_data.fit(mu) if mu > 0 else analysis.background
    truth = tuple(fit.parameters.tolist())
    return Ensemble(toys, seed, workspace, truth, (mu,), errors=True, asimov=True)


def _point(mu: float, confidence_level: float, columns: Columns, nested: Columns | None) -> CoveragePoint:
    columns, failed = sound(columns)
    best, rises, asimov = columns["best"], columns["rise_0"], columns["asimov_0"]
    alpha = 1 - confidence_level
    q = np.where(best < mu, rises, 0.0)
    levels = np.array([confidence_s(*pair) for pair in zip(q, asimov, strict=True)])
    coverage = {
        "asymptotic limit": Share.of(levels >= alpha),
        "likelihood-ratio interval": Share.of(rises <= ndtri(1 - alpha / 2) ** 2),
    }
    if nested is not None:
        inner, lost = sound(nested)
        failed += lost
        coverage["toy limit"] = Share.of(inner["cls"] >= alpha)
        coverage["unified interval"] = Share.of(inner["unified"] > alpha)
    known = np.isfinite(columns["error"])
    pulls = (best[known] - mu) / columns["error"][known]
    return CoveragePoint(
        mu=mu,
        coverage=coverage,
        bias=float(np.mean(best - mu)),
        bias_error=float(np.std(best) / math.sqrt(best.size)),
        pull_mean=float(np.mean(pulls)) if pulls.size else math.nan,
        pull_width=float(np.std(pulls)) if pulls.size else math.nan,
        at_bound=float(np.mean(best == 0)),
        undetermined=float(1 - np.mean(known)),
        failed=failed,
    )
