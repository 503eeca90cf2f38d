r"""How a nuisance parameter :math:`\alpha` becomes a factor or a shift, with two derivatives.

References
----------
K. Cranmer, G. Lewis, L. Moneta, A. Shibata, W. Verkerke, *HistFactory*, CERN-OPEN-2012-016, section
4.1; codes as numbered by pyhf (J. Open Source Softw. 6 (2021) 2823).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from darkbelle.kernels.compilation import kernel
from darkbelle.vectors import Column

__all__ = [
    "EXPONENTIAL",
    "LINEAR",
    "PIECEWISE",
    "POLYNOMIAL",
    "factor",
    "factor_coefficients",
    "shift",
]

LINEAR = 0  # a factor that is its parameter
POLYNOMIAL = 4  # codes 4 and 4p: a polynomial of sixth degree within one standard deviation
EXPONENTIAL = 1  # code 1 of factors
PIECEWISE = 0  # code 0 of shifts

# value, slope and curvature at +1 and −1 → coefficients of α, …, α⁶; pyhf's code4 with α₀ = 1
_POLYNOMIAL: Final = np.array(
    [
        [15 / 16, -15 / 16, -7 / 16, -7 / 16, 1 / 16, -1 / 16],
        [3 / 2, 3 / 2, -9 / 16, 9 / 16, 1 / 16, 1 / 16],
        [-5 / 8, 5 / 8, 5 / 8, 5 / 8, -1 / 8, 1 / 8],
        [-3 / 2, -3 / 2, 7 / 8, -7 / 8, -1 / 8, -1 / 8],
        [3 / 16, -3 / 16, -3 / 16, -3 / 16, 1 / 16, -1 / 16],
        [1 / 2, 1 / 2, -5 / 16, 5 / 16, 1 / 16, 1 / 16],
    ]
)


def factor_coefficients(high: float, low: float) -> Column:
    """Return ln high, ln low and the six coefficients of the polynomial between, shape (8,)."""
    log_high, log_low = math.log(high), math.log(low)
    at_edges = np.array(
        [high - 1, low - 1, log_high * high, -log_low * low, log_high**2 * high, log_low**2 * low]
    )
    return np.concatenate([[log_high, log_low], _POLYNOMIAL @ at_edges])


@kernel
def factor(code: int, table: Column, alpha: float) -> tuple[float, float, float]:
    """Return a factor and its first two derivatives."""
    if code == LINEAR:
        return alpha, 1.0, 0.0
    if code == POLYNOMIAL and -1 < alpha < 1:
        value, slope, curvature = 0.0, 0.0, 0.0
        for power in range(6, -1, -1):  # Horner's scheme for a polynomial and its derivatives
            curvature = curvature * alpha + 2 * slope
            slope = slope * alpha + value
            value = value * alpha + (table[1 + power] if power else 1.0)
        return value, slope, curvature
    rate = table[0] if alpha >= 0 else -table[1]
    value = math.exp(rate * alpha)
    return value, rate * value, rate * rate * value


@kernel
def shift(code: int, alpha: float) -> tuple[float, float, float, float, float, float]:
    """Return the coefficients of up and down in a shift, in its slope, and in its curvature."""
    if code == PIECEWISE or not -1 < alpha < 1:
        if alpha > 0:
            return alpha, 0.0, 1.0, 0.0, 0.0, 0.0
        return 0.0, alpha, 0.0, 1.0, 0.0, 0.0
    square = alpha * alpha
    even = square * (15 + square * (-10 + 3 * square)) / 16
    even_slope = alpha * (30 + square * (-40 + 18 * square)) / 16
    even_curvature = (30 + square * (-120 + 90 * square)) / 16
    return (
        alpha / 2 + even,
        alpha / 2 - even,
        0.5 + even_slope,
        0.5 - even_slope,
        even_curvature,
        -even_curvature,
    )
