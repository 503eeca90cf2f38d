r"""The exact gradient and Hessian of −ln L, with local parameters giving way.

Second derivatives of a block's events need no loop over pairs of parameters and bins: those of two
factors are a number times the block's events, so one weighted sum of events serves all pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.fitting.fast.interpolation import factor, shift
from darkbelle.fitting.fast.likelihood import Events, Problem, base_events, multiply_bin_factors
from darkbelle.fitting.fast.model import FREE, NORMAL, POISSON, Indices, Tables
from darkbelle.kernels.compilation import kernel
from darkbelle.vectors import Column

__all__ = ["derivatives"]


class _Factors(NamedTuple):
    """Factors of a block: places of their parameters, values, derivatives, product of all others."""

    places: Indices
    values: Column
    slopes: Column
    curvatures: Column
    rest: Column


class _Block(NamedTuple):
    """A block at one point: nominal plus shifts, bin factors, product of factors, weights of bins.

    A bin's weight is the derivative of −ln L by an event in it: (1 − n/ν), times the local parameter.
    """

    number: int
    first: int
    base: Column
    multiplier: Column
    product: float
    weight: Column


@kernel
def derivatives(
    tables: Tables,
    problem: Problem,
    parameters: Column,
    events: Events,
    gradient: Column,
    gauss: Column,
    bending: Column,
) -> None:
    """Write the derivatives of `profiled_value`, shapes (dense,) and twice (dense, dense).

    The Hessian is ``gauss + bending``: the first is Gauss and Newton's, never negative; the second
    holds all that comes from second derivatives of events, and may be. Parameters and events must be
    as `profiled_value` left them.
    """
    size, bins = tables.dense.size, problem.observed.size
    gradient[:] = 0.0
    gauss[:] = 0.0
    bending[:] = 0.0
    residual = np.ones(bins)
    for b in range(bins):
        if problem.observed[b] > 0:
            residual[b] = 1 - problem.observed[b] / events.total[b]
    slopes, rates = np.zeros((size, bins)), np.zeros((size, bins))
    for number in range(tables.entry.size):
        _add_block(tables, parameters, number, residual, rates if tables.carries[number] else slopes, bending)
    weight, give = np.zeros(bins), np.zeros(bins)
    coupling = np.zeros(bins)
    for b in range(bins):
        local, observed, total = tables.local_parameter[b], problem.observed[b], events.total[b]
        if observed > 0:
            weight[b] = observed / (total * total)
        coupling[b] = weight[b] * events.carrying[b]
        stiffness = _stiffness(tables, problem, parameters, local)
        if stiffness >= 0 and stiffness + coupling[b] * events.carrying[b] > 0:
            give[b] = 1 / (stiffness + coupling[b] * events.carrying[b])
        gamma = parameters[local] if local >= 0 else 1.0
        for p in range(size):
            slopes[p, b] += gamma * rates[p, b]
    gradient[:] = np.dot(slopes, residual)
    eased = weight - coupling * coupling * give
    gauss[:] = np.dot(slopes * eased, slopes.T)
    if give.any():
        mixed = slopes * coupling + rates * residual
        bending += np.dot(slopes * (weight - eased), slopes.T) - np.dot(mixed * give, mixed.T)
    _add_constraints(tables, problem, parameters, gradient, gauss)


@kernel
def _stiffness(tables: Tables, problem: Problem, parameters: Column, local: int) -> float:
    """Return the second derivative of a local parameter's constraint, or −1 if it cannot give way."""
    if local < 0 or problem.fixed[local]:
        return -1.0
    if not problem.lower[local] < parameters[local] < problem.upper[local]:
        return -1.0
    return _constraint_curvature(
        tables.constraint[local], tables.width[local], problem.auxiliary[local], parameters[local]
    )


@kernel
def _constraint_curvature(kind: int, width: float, auxiliary: float, parameter: float) -> float:
    if kind == NORMAL:
        return 1 / (width * width)
    if kind == POISSON and auxiliary > 0:
        return auxiliary / (parameter * parameter)
    return 0.0


@kernel
def _add_constraints(
    tables: Tables, problem: Problem, parameters: Column, gradient: Column, gauss: Column
) -> None:
    for place in range(tables.dense.size):
        p = tables.dense[place]
        kind, width, auxiliary = tables.constraint[p], tables.width[p], problem.auxiliary[p]
        if kind == NORMAL:
            gradient[place] += (parameters[p] - auxiliary) / (width * width)
        elif kind == POISSON:
            gradient[place] += width - (auxiliary / parameters[p] if auxiliary > 0 else 0.0)
        if kind != FREE:
            gauss[place, place] += _constraint_curvature(kind, width, auxiliary, parameters[p])


@kernel
def _others(values: Column, result: Column) -> None:
    """Write for each value the product of all others, right for zeros too."""
    before, after = 1.0, 1.0
    for k in range(values.size):
        result[k] = before
        before *= values[k]
    for k in range(values.size - 1, -1, -1):
        result[k] *= after
        after *= values[k]


@kernel
def _factors(tables: Tables, parameters: Column, number: int) -> _Factors:
    begin, end = tables.factor_ends[number], tables.factor_ends[number + 1]
    count = end - begin
    values, slopes, curvatures, rest = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    places = np.empty(count, dtype=np.int64)
    for k in range(count):
        row = begin + k
        parameter = tables.factor_parameter[row]
        places[k] = tables.position[parameter]
        values[k], slopes[k], curvatures[k] = factor(
            tables.factor_code[row], tables.factor_table[row], parameters[parameter]
        )
    _others(values, rest)
    return _Factors(places, values, slopes, curvatures, rest)


@kernel
def _add_block(
    tables: Tables, parameters: Column, number: int, residual: Column, slopes: Column, bending: Column
) -> None:
    """Add the slopes of a block's events, and their weighted curvatures."""
    first, last = tables.first_bin[number], tables.last_bin[number]
    base, multiplier = np.empty(last - first), np.ones(last - first)
    base_events(tables, parameters, number, base)
    multiply_bin_factors(tables, parameters, number, -1, multiplier)
    weight = residual[first:last].copy()
    if tables.carries[number]:
        for i in range(weight.size):
            weight[i] *= parameters[tables.local_parameter[first + i]]
    factors = _factors(tables, parameters, number)
    product = 1.0
    for value in factors.values:
        product *= value
    block = _Block(number, first, base, multiplier, product, weight)
    _add_factors(block, factors, slopes, bending)
    _add_shifts(tables, parameters, block, factors, slopes, bending)
    _add_bin_factors(tables, parameters, block, factors, slopes, bending)


@kernel
def _add_factors(block: _Block, factors: _Factors, slopes: Column, bending: Column) -> None:
    events = block.multiplier * block.base
    total = 0.0
    for i in range(events.size):
        total += block.weight[i] * events[i]
    changed, pairs = factors.values.copy(), np.empty(factors.values.size)
    for k in range(changed.size):
        p = factors.places[k]
        steepness = factors.slopes[k] * factors.rest[k]
        for i in range(events.size):
            slopes[p, block.first + i] += steepness * events[i]
        bending[p, p] += factors.curvatures[k] * factors.rest[k] * total
        changed[k] = 1.0
        _others(changed, pairs)
        changed[k] = factors.values[k]
        for j in range(k):
            _add_pair(bending, p, factors.places[j], factors.slopes[j] * factors.slopes[k] * pairs[j] * total)


@kernel
def _add_pair(matrix: Column, p: int, q: int, value: float) -> None:
    """Add a mixed derivative; for one parameter in two roles it counts twice, as it should."""
    matrix[p, q] += value
    matrix[q, p] += value


@kernel
def _add_shifts(
    tables: Tables, parameters: Column, block: _Block, factors: _Factors, slopes: Column, bending: Column
) -> None:
    for row in range(tables.shift_ends[block.number], tables.shift_ends[block.number + 1]):
        parameter = tables.shift_parameter[row]
        p = tables.position[parameter]
        _, _, up, down, up_bend, down_bend = shift(tables.shift_code[row], parameters[parameter])
        begin = tables.shift_entry[row]
        total, bend = 0.0, 0.0
        for i in range(block.base.size):
            high, low = tables.shift_up[begin + i], tables.shift_down[begin + i]
            change = block.multiplier[i] * (up * high + down * low)
            slopes[p, block.first + i] += block.product * change
            total += block.weight[i] * change
            bend += block.weight[i] * block.multiplier[i] * (up_bend * high + down_bend * low)
        bending[p, p] += block.product * bend
        for k in range(factors.places.size):
            _add_pair(bending, p, factors.places[k], factors.slopes[k] * factors.rest[k] * total)


@kernel
def _add_bin_factors(
    tables: Tables, parameters: Column, block: _Block, factors: _Factors, slopes: Column, bending: Column
) -> None:
    size = block.base.size
    begin, end = tables.gamma_ends[block.number], tables.gamma_ends[block.number + 1]
    for row in range(begin, end):
        remaining = np.ones(size)
        multiply_bin_factors(tables, parameters, block.number, row, remaining)
        for i in range(size):
            p = tables.position[tables.gamma_parameter[row] + i]
            events = remaining[i] * block.base[i]
            slopes[p, block.first + i] += block.product * events
            for k in range(factors.places.size):
                mixed = block.weight[i] * factors.slopes[k] * factors.rest[k] * events
                _add_pair(bending, p, factors.places[k], mixed)
        for shifted in range(tables.shift_ends[block.number], tables.shift_ends[block.number + 1]):
            parameter = tables.shift_parameter[shifted]
            _, _, up, down, _, _ = shift(tables.shift_code[shifted], parameters[parameter])
            entry = tables.shift_entry[shifted]
            for i in range(size):
                change = up * tables.shift_up[entry + i] + down * tables.shift_down[entry + i]
                p = tables.position[tables.gamma_parameter[row] + i]
                mixed = block.weight[i] * block.product * remaining[i] * change
                _add_pair(bending, p, tables.position[parameter], mixed)
        for other in range(begin, row):
            for i in range(size):
                both = block.base[i]
                for third in range(begin, end):
                    if third not in (row, other):
                        both *= parameters[tables.gamma_parameter[third] + i]
                p = tables.position[tables.gamma_parameter[row] + i]
                q = tables.position[tables.gamma_parameter[other] + i]
                _add_pair(bending, p, q, block.weight[i] * block.product * both)
