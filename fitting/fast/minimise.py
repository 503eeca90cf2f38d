r"""Minima of −ln L by Newton's method, kept downhill by Levenberg's damping, with bounds as an active set.

A step solves :math:`(H + \lambda D)s = -g` among the parameters that are neither fixed nor held at a bound
by the gradient, is cut at the bounds, and is taken if −ln L falls; else :math:`\lambda` grows. Where
:math:`H` is not positive definite, Gauss and Newton's matrix stands in. At the minimum :math:`H` must be
positive definite and the estimated distance :math:`g^T H^{-1} g/2` small, else the fit counts as failed
(J. Nocedal, S. Wright, *Numerical Optimization*, 2006, chapters 10 and 16).

Interpolation codes 0 and 1 have a kink at 0. Their parameters are kept on the side they are on, as by a
bound; one that is pressed against it tries the other side, and is at its minimum if pressed there too.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.derivatives import derivatives
from darkbelle.fitting.fast.likelihood import Events, Problem, expected_events, profiled_value
from darkbelle.fitting.fast.model import NORMAL, POISSON, Indices, Model, Tables
from darkbelle.kernels.compilation import kernel
from darkbelle.vectors import Column

__all__ = [
    "DISTANCE",
    "Minimum",
    "asimov",
    "minimise",
    "newton",
    "problem_of",
]

DISTANCE = 1e-9  # in −ln L, at which a minimum is accepted; one more step is then taken
_ITERATIONS = 200
_ARMIJO = 1e-4
_RIDGE = 1e-11  # relative to the diagonal, where data hold no information on a combination
_FIRST_DAMPING = 1e-3
_LARGEST_DAMPING = 1e14
_ON_KINK = 1e-300  # stands for zero on one side of a kink
_ROUNDING = 1e-13  # relative, below which −ln L cannot tell two points apart


class Minimum(NamedTuple):
    """A minimum of −ln L.

    Parameters
    ----------
    parameters
        All of them, in the model's order.
    value
        −ln L relative to a perfect description of data and auxiliary data.
    slope
        Its derivative by the parameter of interest, all others following; 0 in a free fit.
    distance
        Estimated, in −ln L, before the last step.
    fewest
        Expected events in the bin that has the fewest.
    iterations
        Newton steps tried.
    """

    parameters: Column
    value: float
    slope: float
    distance: float
    fewest: float
    iterations: int


@kernel
def _decompose(matrix: Column) -> bool:
    """Replace a matrix by its lower Cholesky factor; return whether it is positive definite."""
    size = matrix.shape[0]
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i > j:
                matrix[i, j] = total / matrix[j, j]
            elif total > 0:
                matrix[i, i] = math.sqrt(total)
            else:
                return False
    return True


@kernel
def _solve(factor: Column, vector: Column) -> Column:
    """Solve with a lower Cholesky factor."""
    size = vector.size
    solution = vector.copy()
    for i in range(size):
        for k in range(i):
            solution[i] -= factor[i, k] * solution[k]
        solution[i] /= factor[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            solution[i] -= factor[k, i] * solution[k]
        solution[i] /= factor[i, i]
    return solution


@kernel
def _free(tables: Tables, problem: Problem, parameters: Column, gradient: Column) -> Indices:
    """Return the places of dense parameters that are neither fixed nor held at a bound."""
    places = np.empty(gradient.size, dtype=np.int64)
    count = 0
    for place in range(gradient.size):
        p = tables.dense[place]
        at_lower = parameters[p] <= problem.lower[p] and gradient[place] > 0
        at_upper = parameters[p] >= problem.upper[p] and gradient[place] < 0
        if not (problem.fixed[p] or at_lower or at_upper):
            places[count] = place
            count += 1
    return places[:count]


@kernel
def _step(gradient: Column, hessian: Column, free: Indices, damping: float) -> tuple[bool, Column]:
    """Return whether the damped Hessian is positive definite, and its step in the free parameters."""
    matrix, slope = np.empty((free.size, free.size)), np.empty(free.size)
    for i in range(free.size):
        slope[i] = -gradient[free[i]]
        for j in range(free.size):
            matrix[i, j] = hessian[free[i], free[j]]
        scale = abs(matrix[i, i])
        matrix[i, i] += (damping + _RIDGE) * scale if scale > 0 else 1.0
    if not _decompose(matrix):
        return False, slope
    return True, _solve(matrix, slope)


@kernel
def _moved(tables: Tables, problem: Problem, parameters: Column, free: Indices, step: Column) -> Column:
    moved = parameters.copy()
    for i in range(free.size):
        p = tables.dense[free[i]]
        moved[p] = min(max(parameters[p] + step[i], problem.lower[p]), problem.upper[p])
    return moved


@kernel
def _stay_on_side(tables: Tables, problem: Problem, inside: Problem, parameters: Column) -> None:
    """Bound kinked parameters to the side of zero that they are on; exact zero counts as above."""
    for p in tables.kinked:
        if problem.fixed[p]:
            continue
        if abs(parameters[p]) < _ON_KINK:
            parameters[p] = -_ON_KINK if parameters[p] < 0 else _ON_KINK
        inside.lower[p] = _ON_KINK if parameters[p] > 0 else problem.lower[p]
        inside.upper[p] = -_ON_KINK if parameters[p] < 0 else problem.upper[p]


@kernel
def _turn_around(
    tables: Tables, problem: Problem, inside: Problem, parameters: Column, gradient: Column
) -> bool:
    """Put parameters that are pressed against their kink on its other side; return whether any is.

    There they are free if that side falls away from the kink, and are pressed against it again if it is
    their minimum.
    """
    turned = False
    for p in tables.kinked:
        slope = gradient[tables.position[p]] * parameters[p]
        if not problem.fixed[p] and abs(parameters[p]) == _ON_KINK and slope > 0:
            parameters[p] = -parameters[p]
            turned = True
    _stay_on_side(tables, problem, inside, parameters)
    return turned


@kernel
def _along(gradient: Column, free: Indices, step: Column) -> float:
    total = 0.0
    for i in range(free.size):
        total += gradient[free[i]] * step[i]
    return total


@kernel
def newton(
    tables: Tables, problem: Problem, start: Column, poi: int
) -> tuple[Column, float, float, float, float, int]:
    """Return the fields of `Minimum`, for other kernels; `minimise` is for everybody else.

    Without a minimum the distance is infinite.
    """
    bins, size = problem.observed.size, tables.dense.size
    events = Events(np.empty(bins), np.empty(bins), np.empty(bins))
    gradient, gauss, bending = np.empty(size), np.empty((size, size)), np.empty((size, size))
    inside = Problem(
        problem.observed, problem.auxiliary, problem.lower.copy(), problem.upper.copy(), problem.fixed
    )
    parameters = start.copy()
    _stay_on_side(tables, problem, inside, parameters)
    value = profiled_value(tables, problem, parameters, events)
    damping, tried = 0.0, 0
    while tried < _ITERATIONS and value < np.inf:
        derivatives(tables, problem, parameters, events, gradient, gauss, bending)
        if _turn_around(tables, problem, inside, parameters, gradient):
            derivatives(tables, problem, parameters, events, gradient, gauss, bending)
        hessian = gauss + bending
        free = _free(tables, inside, parameters, gradient)
        accepted = False
        while not accepted and tried < _ITERATIONS and damping < _LARGEST_DAMPING:
            tried += 1
            exact, step = _step(gradient, hessian, free, damping)
            definite = exact
            if not exact:
                definite, step = _step(gradient, gauss, free, damping)
            if definite:
                trial = _moved(tables, inside, parameters, free, step)
                trial_value = profiled_value(tables, problem, trial, events)
                distance = -_along(gradient, free, step) / 2
                if exact and damping == 0 and distance < DISTANCE:
                    slope = gradient[tables.position[poi]] + _along(hessian[tables.position[poi]], free, step)
                    if trial_value > value:  # by rounding
                        trial, trial_value = parameters, value
                    return trial, trial_value, slope, distance, events.total.min(), tried
                moved = (trial - parameters)[tables.dense[free]]
                fall = _along(gradient, free, moved)
                accepted = trial_value <= value + _ARMIJO * fall + _ROUNDING * value
            if accepted:
                parameters, value = trial, trial_value
                damping = damping / 10 if damping > _FIRST_DAMPING else 0.0
            else:
                damping = max(10 * damping, _FIRST_DAMPING)
        if not accepted:
            break
    return parameters, value, 0.0, np.inf, 0.0, tried


def problem_of(model: Model, *, fixed_poi: bool = False) -> Problem:
    """Return the fit of a model to its data, with the parameter of interest free or fixed."""
    fixed = model.fixed
    if fixed_poi:
        fixed = fixed.copy()
        fixed[model.poi] = True
    return Problem(model.observed, model.auxiliary, model.lower, model.upper, fixed)


def asimov(model: Model, parameters: Column, problem: Problem) -> Problem:
    """Return a fit with the data that parameters expect, auxiliary data included."""
    tables = model.tables
    auxiliary = np.where(tables.constraint == NORMAL, parameters, problem.auxiliary)
    auxiliary = np.where(tables.constraint == POISSON, parameters * tables.width, auxiliary)
    return problem._replace(observed=expected_events(tables, parameters), auxiliary=auxiliary)


def minimise(model: Model, problem: Problem, start: Column, fixed_poi: float | None = None) -> Minimum:
    """Return the minimum of −ln L.

    Parameters
    ----------
    model, problem
        What to fit, and to what.
    start
        Values of all parameters; those that are not fixed are moved into their bounds.
    fixed_poi
        Where to hold the parameter of interest, which ``problem`` must then declare fixed.

    Raises
    ------
    FitError
        No minimum was found, or it lies where a bin expects a negative number of events.
    """
    begin = np.where(problem.fixed, start, np.minimum(np.maximum(start, problem.lower), problem.upper))
    if fixed_poi is not None:
        begin[model.poi] = fixed_poi
    minimum = Minimum(*newton(model.tables, problem, begin, model.poi))
    at = "free" if fixed_poi is None else f"fixed to {fixed_poi:g}"
    if not minimum.distance < DISTANCE:
        raise FitError(
            f"a fit with {model.poi_name!r} {at} did not converge in {minimum.iterations} steps, −ln L is "
            f"{minimum.value:g}; look for bins of very low background and for systematic shifts of about "
            "100 %, or use --engine pyhf"
        )
    if minimum.fewest < 0:
        events = expected_events(model.tables, minimum.parameters)
        where = int(np.argmin(events))
        raise FitError(
            f"a fit with {model.poi_name!r} {at} ends where {model.bins[where]} expects {events[where]:.3g} "
            "events; its systematic shifts are too large to be extrapolated, merge it with its neighbour"
        )
    return minimum
