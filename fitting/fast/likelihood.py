r"""The likelihood of a model, with local parameters at their best.

With :math:`n` observed events in a bin and :math:`\nu = A + \gamma B` expected ones, of which :math:`B` carry
the local parameter :math:`\gamma`, what is minimised is

.. math:: -\ln L = \sum_\mathrm{bins} \left(\nu - n + n \ln\frac{n}{\nu}\right) + \text{constraints},

which is 0 when data and auxiliary data are met exactly. For a normal constraint :math:`\gamma = a \pm d`
the best value solves :math:`\nu^2 + \nu(\delta^2 - m) - n\delta^2 = 0` with :math:`m = A + aB` and
:math:`\delta = dB`; for a Poisson constraint with factor :math:`\tau` it solves
:math:`B(B+\tau)\gamma^2 + ((B+\tau)A - (n+a)B)\gamma - aA = 0`. Both are the light-weight form of
R. Barlow, C. Beeston, Comput. Phys. Commun. 77 (1993) 219, as in HistFactory (CERN-OPEN-2012-016,
section 5).

As in pyhf, an empty bin (n = 0) contributes :math:`\nu` whatever its sign. Minima at negative
:math:`\nu` are refused where limits are made.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from darkbelle.fitting.fast.interpolation import factor, shift
from darkbelle.fitting.fast.model import NORMAL, POISSON, Flags, Tables
from darkbelle.kernels.compilation import kernel
from darkbelle.vectors import Column

__all__ = [
    "Events",
    "Problem",
    "base_events",
    "expected_events",
    "local_optimum",
    "multiply_bin_factors",
    "poisson_deviance",
    "profiled_value",
    "split_events",
]


class Problem(NamedTuple):
    """What a fit is given: data, auxiliary data, and bounds and constancy of each parameter."""

    observed: Column
    auxiliary: Column
    lower: Column
    upper: Column
    fixed: Flags


class Events(NamedTuple):
    """Expected events by bin: without local parameter (A), to be multiplied by it (B), and all (ν)."""

    plain: Column
    carrying: Column
    total: Column


@kernel
def poisson_deviance(observed: float, expected: float) -> float:
    """Return ν − n + n ln(n/ν), without losing digits where ν is near n."""
    if observed == 0:
        return expected
    if not expected > 0:
        return np.inf
    ratio = (expected - observed) / observed
    return observed * (ratio - math.log1p(ratio))


@kernel
def base_events(tables: Tables, parameters: Column, block: int, base: Column) -> None:
    """Write the nominal events of a block plus its shifts."""
    entry, size = tables.entry[block], base.size
    base[:] = tables.nominal[entry : entry + size]
    for row in range(tables.shift_ends[block], tables.shift_ends[block + 1]):
        up, down, _, _, _, _ = shift(tables.shift_code[row], parameters[tables.shift_parameter[row]])
        begin = tables.shift_entry[row]
        for i in range(size):
            base[i] += up * tables.shift_up[begin + i] + down * tables.shift_down[begin + i]


@kernel
def multiply_bin_factors(tables: Tables, parameters: Column, block: int, skip: int, values: Column) -> None:
    """Multiply by the bin factors of a block that are not local, except the one in row ``skip``."""
    for row in range(tables.gamma_ends[block], tables.gamma_ends[block + 1]):
        if row != skip:
            first = tables.gamma_parameter[row]
            for i in range(values.size):
                values[i] *= parameters[first + i]


@kernel
def split_events(tables: Tables, parameters: Column, plain: Column, carrying: Column) -> None:
    """Write the expected events without a local parameter, A, and those that carry it, B."""
    plain[:] = 0.0
    carrying[:] = 0.0
    for block in range(tables.entry.size):
        first, last = tables.first_bin[block], tables.last_bin[block]
        base = np.empty(last - first)
        base_events(tables, parameters, block, base)
        multiply_bin_factors(tables, parameters, block, -1, base)
        product = 1.0
        for row in range(tables.factor_ends[block], tables.factor_ends[block + 1]):
            alpha = parameters[tables.factor_parameter[row]]
            product *= factor(tables.factor_code[row], tables.factor_table[row], alpha)[0]
        sums = carrying if tables.carries[block] else plain
        for i in range(base.size):
            sums[first + i] += product * base[i]


@kernel
def local_optimum(
    constraint: int,
    centre: tuple[float, float],
    plain: float,
    carrying: float,
    observed: float,
    current: float,
) -> float:
    """Return the best local parameter of a bin, bounds aside; see the module for the equations.

    ``centre`` is the parameter's auxiliary value and its width, or Poisson factor.
    """
    auxiliary, width = centre
    if constraint == NORMAL:
        pull = carrying * width * width
        if observed == 0:
            return auxiliary - pull
        absolute = carrying * pull
        half = (plain + auxiliary * carrying - absolute) / 2
        root = math.sqrt(half * half + observed * absolute)
        # of two equal forms the one that adds numbers of one sign
        expected = half + root if half > 0 else observed * absolute / (root - half)
        return auxiliary - pull * (1 - observed / expected) if expected > 0 else auxiliary
    if constraint == POISSON:
        if carrying == 0 or observed == 0:
            return auxiliary / (carrying + width)
        square = carrying * (carrying + width)
        linear = (carrying + width) * plain - (observed + auxiliary) * carrying
        root = math.sqrt(max(linear * linear + 4 * square * auxiliary * plain, 0.0))
        return 2 * auxiliary * plain / (linear + root) if linear > 0 else (root - linear) / (2 * square)
    return (observed - plain) / carrying if carrying != 0 else current


@kernel
def profiled_value(tables: Tables, problem: Problem, parameters: Column, events: Events) -> float:
    """Return −ln L for the dense parameters given, and write local ones and events."""
    split_events(tables, parameters, events.plain, events.carrying)
    value = 0.0
    for b in range(problem.observed.size):
        plain, carrying, observed = events.plain[b], events.carrying[b], problem.observed[b]
        local = tables.local_parameter[b]
        if local >= 0 and not problem.fixed[local]:
            centre = (problem.auxiliary[local], tables.width[local])
            best = local_optimum(
                tables.constraint[local], centre, plain, carrying, observed, parameters[local]
            )
            parameters[local] = min(max(best, problem.lower[local]), problem.upper[local])
        events.total[b] = plain + (carrying * parameters[local] if local >= 0 else carrying)
        value += poisson_deviance(observed, events.total[b])
    for p in range(parameters.size):
        if tables.constraint[p] == NORMAL:
            value += ((parameters[p] - problem.auxiliary[p]) / tables.width[p]) ** 2 / 2
        elif tables.constraint[p] == POISSON:
            value += poisson_deviance(problem.auxiliary[p], tables.width[p] * parameters[p])
    return value if not math.isnan(value) else np.inf


@kernel
def expected_events(tables: Tables, parameters: Column) -> Column:
    """Return the expected events of all bins for any parameters."""
    plain = np.empty(tables.local_parameter.size)
    carrying = np.empty(plain.size)
    split_events(tables, parameters, plain, carrying)
    for b in range(plain.size):
        local = tables.local_parameter[b]
        plain[b] += carrying[b] * (parameters[local] if local >= 0 else 1.0)
    return plain
