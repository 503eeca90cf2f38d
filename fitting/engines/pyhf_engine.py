"""The reference engine: pyhf's likelihood, asymptotic CLs.

For one workspace: one fit with a free and one with a vanishing signal; the latter's expectation is
the Asimov data, whose own best fit is known, it is that point. Then one fit a cross section tried on
the Asimov data and, for the observed limit, one on the data. Each fit starts from the nearest made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pyhf

from darkbelle.errors import FitError
from darkbelle.fitting.asymptotics import solve_limits
from darkbelle.fitting.engines.base import Failure, Outcome, Progress, UpperLimit
from darkbelle.fitting.engines.pyhf_likelihood import Likelihood, Minimum, minimise
from darkbelle.vectors import Column

__all__ = ["upper_limit", "upper_limits"]

_REFUSALS = (  # what pyhf raises for a workspace that it cannot make a model of
    pyhf.exceptions.InvalidMeasurement,
    pyhf.exceptions.InvalidModel,
    pyhf.exceptions.InvalidModifier,
    pyhf.exceptions.InvalidNameReuse,
    pyhf.exceptions.InvalidPdfData,
    pyhf.exceptions.InvalidSpecification,
    pyhf.exceptions.UnspecifiedPOI,
)


def upper_limits(
    workspaces: Sequence[dict[str, Any]],
    confidence_level: float,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Return upper limits of workspaces, one process a worker if there are several.

    Starting a worker costs the import of pyhf, a few seconds, which a dozen workspaces do not repay.
    """
    solve = partial(_outcome, confidence_level=confidence_level)
    report = progress or (lambda _done, _total: None)
    outcomes: dict[int, Outcome] = {}
    if workers == 1:
        for index, workspace in enumerate(workspaces):
            outcomes[index] = solve(workspace)
            report(len(outcomes), len(workspaces))
    else:
        # spawned and not forked: the parent may have threads, of Dask or of BLAS
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures = {pool.submit(solve, workspace): index for index, workspace in enumerate(workspaces)}
            for future in as_completed(futures):
                outcomes[futures[future]] = future.result()
                report(len(outcomes), len(workspaces))
    return [outcomes[index] for index in range(len(workspaces))]


def _outcome(workspace: dict[str, Any], confidence_level: float) -> Outcome:
    try:
        return upper_limit(workspace, confidence_level)
    except (FitError, np.linalg.LinAlgError, *_REFUSALS) as error:
        return Failure(str(error))


def upper_limit(workspace: dict[str, Any], confidence_level: float) -> UpperLimit:
    """Return the upper limits on the parameter of interest of one workspace.

    Parameters
    ----------
    workspace
        Valid for pyhf's schema, with a parameter of interest bounded from below by 0.
    confidence_level
        Such as 0.90.

    Raises
    ------
    FitError
        A fit did not converge, no limit is found, or the test statistic is not defined for the bounds of
        the parameter of interest.
    """
    likelihood, data = Likelihood.of_workspace(workspace)
    if likelihood.lower[likelihood.poi] != 0 or likelihood.fixed[likelihood.poi]:
        raise FitError(
            f"the parameter of interest has the lower bound {likelihood.lower[likelihood.poi]:g} and is "
            f"{'fixed' if likelihood.fixed[likelihood.poi] else 'free'}; the test statistic wants it free "
            "from 0 on, set its bounds so"
        )
    start = np.array(likelihood.model.config.suggested_init(), dtype=np.float64)
    background = minimise(likelihood, data, start, 0.0)
    best = minimise(likelihood, data, background.parameters)
    if best.value > background.value:
        best = background
    asimov = np.asarray(likelihood.model.expected_data(background.parameters))
    asimov_best = Minimum(background.parameters, likelihood.value(background.parameters, asimov))
    on_data = _profile(likelihood, data, (best, background))
    on_asimov = _profile(likelihood, asimov, (asimov_best,))
    best_fit = float(best.parameters[likelihood.poi])
    if best_fit >= likelihood.upper[likelihood.poi]:
        raise FitError(
            f"the best fit of the parameter of interest is at its upper bound, {best_fit:g}; widen its bounds"
        )
    limits = solve_limits(
        lambda mu: on_data.q(mu) if mu > best_fit else 0.0,
        on_asimov.q,
        likelihood.error_of_poi(background.parameters, asimov),
        confidence_level,
    )
    fits = [best, background, *on_data.fits.values(), *on_asimov.fits.values()]
    return UpperLimit(
        observed=limits.observed,
        expected=limits.expected,
        best_fit=best_fit,
        significance=float(np.sqrt(max(2 * (background.value - best.value), 0.0))),
        evaluations=len(fits),
        bounds_hit=_bounds_hit(likelihood, fits),
        rescued=sum(fit.rescued for fit in fits),
        largest_edm=max(fit.distance for fit in fits),
    )


class _Profile:
    """The profiled likelihood ratio of one set of data, remembering its fits."""

    def __init__(self, minimise_at: Callable[[float, Column], Minimum], known: dict[float, Minimum]) -> None:
        self._minimise_at = minimise_at
        self._starts = dict(known)
        self._lowest = min(item.value for item in known.values())
        self.fits: dict[float, Minimum] = {}

    def q(self, mu: float) -> float:
        """Return twice the rise of −ln L from its minimum to a fixed parameter of interest."""
        nearest = min(self._starts, key=lambda known: abs(known - mu))
        fit = self._minimise_at(mu, self._starts[nearest].parameters)
        self._starts[mu] = self.fits[mu] = fit
        return max(2 * (fit.value - self._lowest), 0.0)


def _profile(likelihood: Likelihood, data: Column, known: tuple[Minimum, ...]) -> _Profile:
    def minimise_at(mu: float, start: Column) -> Minimum:
        return minimise(likelihood, data, start, mu)

    return _Profile(minimise_at, {float(item.parameters[likelihood.poi]): item for item in known})


def _bounds_hit(likelihood: Likelihood, fits: Sequence[Minimum]) -> tuple[str, ...]:
    hit = np.zeros(likelihood.lower.size, dtype=bool)
    for fit in fits:
        hit |= (fit.parameters <= likelihood.lower) | (fit.parameters >= likelihood.upper)
    hit[likelihood.poi] = False
    return tuple(
        name
        for name, on in zip(likelihood.model.config.par_names, hit & ~likelihood.fixed, strict=True)
        if on
    )
