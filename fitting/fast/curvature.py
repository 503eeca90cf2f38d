"""The Hessian of −ln L at a point, and what follows from its inverse."""

from __future__ import annotations

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.derivatives import derivatives
from darkbelle.fitting.fast.likelihood import Events, Problem, profiled_value
from darkbelle.fitting.fast.model import Indices, Model
from darkbelle.vectors import Column

__all__ = ["covariance", "gradient_and_hessian"]


def gradient_and_hessian(model: Model, problem: Problem, parameters: Column) -> tuple[Column, Column]:
    """Return the derivatives of −ln L by the dense parameters, the local ones at their best.

    Returns
    -------
    gradient, hessian
        Shapes (dense,) and (dense, dense), in the order of ``model.tables.dense``.
    """
    bins, size = problem.observed.size, model.tables.dense.size
    events = Events(np.empty(bins), np.empty(bins), np.empty(bins))
    gradient, gauss, bending = np.empty(size), np.empty((size, size)), np.empty((size, size))
    point = parameters.copy()
    profiled_value(model.tables, problem, point, events)
    derivatives(model.tables, problem, point, events, gradient, gauss, bending)
    return gradient, gauss + bending


def covariance(model: Model, problem: Problem, parameters: Column) -> tuple[Indices, Column]:
    """Return the covariance of the parameters that are dense, not fixed, and off their bounds.

    The parameter of interest always is among them: it is treated as free.

    Returns
    -------
    parameters, covariance
        Their indices, shape (k,), and the inverse of the Hessian, shape (k, k).

    Raises
    ------
    FitError
        The data do not determine them.
    """
    dense = model.tables.dense
    inside = (parameters > problem.lower) & (parameters < problem.upper) & ~problem.fixed
    inside[model.poi] = True
    kept = np.flatnonzero(inside[dense])
    _, hessian = gradient_and_hessian(model, problem, parameters)
    try:
        inverse: Column = np.asarray(np.linalg.inv(hessian[np.ix_(kept, kept)]), dtype=np.float64)
    except np.linalg.LinAlgError:
        inverse = np.full((kept.size, kept.size), np.nan)
    if not np.all(np.diag(inverse) > 0):
        raise FitError(
            "the data do not determine all parameters, the Hessian cannot be inverted; look for an empty "
            "signal template and for free normalisations that do the same"
        )
    return dense[kept], inverse
