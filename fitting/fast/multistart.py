"""The lowest of several minima.

A likelihood has several where a systematic changes a sample the same way up and down, by much, or with a
kink: then fits are started from other sides of these parameters too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import product

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.likelihood import Problem
from darkbelle.fitting.fast.minimise import Minimum, minimise
from darkbelle.fitting.fast.model import Model
from darkbelle.vectors import Column

__all__ = ["first_minimum", "lowest_minimum"]

_SAME = 1e-6  # in −ln L, below which two minima are one
_LARGEST = 6  # parameters of which all combinations of sides are tried
_FAR = 0.5  # from the auxiliary value, at least, in units of a nuisance parameter


def lowest_minimum(
    model: Model,
    problem: Problem,
    starts: Sequence[Column],
    fixed_poi: float | None = None,
    *,
    all_sides: bool = False,
) -> tuple[Minimum, bool]:
    """Return the lowest of several minima, and whether there are several.

    One fit is made from the first start that leads to a minimum, one from the model's start, and one
    from the minimum with its `Model.nonlinear` parameters mirrored. If they differ, or there are kinks,
    or it is asked for, more are made from all sides of these parameters.

    Raises
    ------
    FitError
        No start leads to a minimum; the message is that of the last.
    """
    first = first_minimum(model, problem, starts, fixed_poi)

    def minima(others: Sequence[Column]) -> list[Minimum]:
        found = []
        for start in others:
            with suppress(FitError):
                kept = np.where(problem.fixed, first.parameters, start)
                found.append(minimise(model, problem, kept, fixed_poi))
        return found

    others = [_mirrored(model, first.parameters)] if model.nonlinear.size else []
    found = sorted([first, *minima([model.start, *others])], key=_value)
    if all_sides or model.tables.kinked.size or _differ(found):
        found = sorted([*found, *minima(_other_sides(model, found[0].parameters))], key=_value)
    return found[0], _differ(found)


def _value(minimum: Minimum) -> float:
    return minimum.value


def _differ(ordered: Sequence[Minimum]) -> bool:
    return ordered[-1].value - ordered[0].value > _SAME


def first_minimum(
    model: Model, problem: Problem, starts: Sequence[Column], fixed_poi: float | None = None
) -> Minimum:
    """Return the minimum found from the first of several starts that leads to one.

    Raises
    ------
    FitError
        None does; the message is that of the last.
    """
    for start in starts[:-1]:
        with suppress(FitError):
            return minimise(model, problem, start, fixed_poi)
    return minimise(model, problem, starts[-1], fixed_poi)


def _mirrored(model: Model, parameters: Column) -> Column:
    """Return a point with its `Model.nonlinear` parameters on their other sides."""
    start = parameters.copy()
    start[model.nonlinear] *= -1
    return start


def _other_sides(model: Model, parameters: Column) -> list[Column]:
    """Return points about a minimum with `Model.nonlinear` parameters on all combinations of sides.

    Where there are more than 6 of them, each is moved alone.
    """
    nonlinear = model.nonlinear
    if not nonlinear.size:
        return []
    distance = np.maximum(np.abs(parameters[nonlinear]), _FAR)
    if nonlinear.size <= _LARGEST:
        points = [np.array(signs) * distance for signs in product((1.0, -1.0), repeat=nonlinear.size)]
    else:
        points = [
            np.where(np.arange(nonlinear.size) == moved, sign * distance, parameters[nonlinear])
            for moved in range(nonlinear.size)
            for sign in (1.0, -1.0)
        ]
    starts = []
    for point in points:
        starts.append(parameters.copy())
        starts[-1][nonlinear] = point
    return starts
