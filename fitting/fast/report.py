"""What a fit says of its parameters: values, errors, pulls, correlations, and impacts on the result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkbelle.fitting.fast.curvature import covariance
from darkbelle.fitting.fast.minimise import Minimum, problem_of
from darkbelle.fitting.fast.model import FREE, NORMAL, Model
from darkbelle.fitting.fast.multistart import lowest_minimum
from darkbelle.vectors import Column

__all__ = ["FitReport", "FittedParameter", "Impact", "fit_report", "impacts"]


@dataclass(frozen=True)
class FittedParameter:
    """A parameter after the fit.

    Parameters
    ----------
    name
        As pyhf spells it.
    value, error
        The error is from the inverse Hessian.
    pull, constraint
        (value − auxiliary value) and the error, both in units of the constraint's width; NaN for
        parameters without one.
    """

    name: str
    value: float
    error: float
    pull: float
    constraint: float


@dataclass(frozen=True)
class FitReport:
    """A free fit.

    Parameters
    ----------
    parameters
        All that are neither fixed, nor on a bound, nor local (see `compile_workspace`).
    correlation
        Of these, shape (n, n).
    minimum
        The fit itself.
    """

    parameters: tuple[FittedParameter, ...]
    correlation: Column
    minimum: Minimum


@dataclass(frozen=True)
class Impact:
    """By how much the parameter of interest moves when a parameter is held one error up or down.

    Parameters
    ----------
    name
        Of the parameter.
    up, down
        By its error after the fit.
    up_before, down_before
        By the width of its constraint, about the same best value; NaN for parameters without one.
    """

    name: str
    up: float
    down: float
    up_before: float
    down_before: float


def fit_report(model: Model) -> FitReport:
    """Fit a model to its data, and return what came out.

    Raises
    ------
    FitError
        The fit fails, or the data do not determine the parameters.
    """
    problem = problem_of(model)
    minimum, _ = lowest_minimum(model, problem, [model.start])
    indices, matrix = covariance(model, problem, minimum.parameters)
    errors = np.sqrt(np.diag(matrix))
    kind = model.tables.constraint[indices]
    width, centre = model.tables.width[indices], model.auxiliary[indices]
    # a Poisson constraint of rate τ measures γ to 1/√τ
    scale = np.where(kind == NORMAL, width, 1 / np.sqrt(width))
    centre = np.where(kind == NORMAL, centre, centre / width)
    values = minimum.parameters[indices]
    pulls = np.where(kind == FREE, np.nan, (values - centre) / scale)
    constraints = np.where(kind == FREE, np.nan, errors / scale)
    return FitReport(
        tuple(
            FittedParameter(model.names[p], float(value), float(error), float(pull), float(constraint))
            for p, value, error, pull, constraint in zip(
                indices, values, errors, pulls, constraints, strict=True
            )
        ),
        matrix / np.outer(errors, errors),
        minimum,
    )


def impacts(model: Model, report: FitReport) -> tuple[Impact, ...]:
    """Return the impacts of the parameters of a report on the parameter of interest, largest first.

    Each is four fits. The parameter of interest stays within its bounds, and so do the others.

    Raises
    ------
    FitError
        One of the fits fails.
    """
    found = []
    for item in report.parameters:
        p = model.index(item.name)
        if p == model.poi:
            continue
        width = item.error / item.constraint  # of the constraint, NaN without one
        steps = (item.error, -item.error, width, -width)
        found.append(Impact(item.name, *(_moved(model, report.minimum, p, step) for step in steps)))
    return tuple(sorted(found, key=lambda item: -max(abs(item.up), abs(item.down))))


def _moved(model: Model, best: Minimum, p: int, step: float) -> float:
    """Return by how much the parameter of interest moves with parameter p held a step from its best value."""
    if np.isnan(step):
        return float("nan")
    problem = problem_of(model)
    fixed, start = problem.fixed.copy(), best.parameters.copy()
    fixed[p] = True
    start[p] = np.clip(start[p] + step, problem.lower[p], problem.upper[p])
    fit, _ = lowest_minimum(model, problem._replace(fixed=fixed), [start])
    return float(fit.parameters[model.poi] - best.parameters[model.poi])
