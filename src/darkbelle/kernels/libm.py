"""Elementary functions of columns, one number after the other, as kernels have them.

numpy takes other code for them on processors with AVX-512, with AVX2 and without, and its results differ in
the last bit. Samples of one seed are to have the same bytes on all of these, so what makes events calls
the functions here: those of the C library, which numba's loops call too. Arithmetic, square roots and sums of
numpy are the same everywhere. For NaN, infinite and impossible arguments they give what numpy gives.

They are universal functions: arrays of any shape, or numbers, in float64.
"""

from __future__ import annotations

import math

from darkbelle.kernels.compilation import elementary

__all__ = [
    "arccos",
    "arcsin",
    "arcsinh",
    "arctan2",
    "arctanh",
    "cbrt",
    "cos",
    "exp",
    "expm1",
    "log",
    "power",
    "sin",
    "tan",
    "tanh",
]


@elementary
def exp(x: float) -> float:
    """Return e to the power of x."""
    return math.exp(x)


@elementary
def expm1(x: float) -> float:
    """Return e to the power of x, less 1."""
    return math.expm1(x)


@elementary
def log(x: float) -> float:
    """Return the natural logarithm."""
    return math.log(x)


@elementary
def power(x: float, y: float) -> float:
    """Return x to the power of y."""
    return math.pow(x, y)


@elementary
def cbrt(x: float) -> float:
    """Return the cube root, of the sign of x."""
    return math.copysign(math.pow(abs(x), 1.0 / 3.0), x)


@elementary
def sin(x: float) -> float:
    """Return the sine of an angle in rad."""
    return math.sin(x)


@elementary
def cos(x: float) -> float:
    """Return the cosine of an angle in rad."""
    return math.cos(x)


@elementary
def tan(x: float) -> float:
    """Return the tangent of an angle in rad."""
    return math.tan(x)


@elementary
def arcsin(x: float) -> float:
    """Return the angle of a sine, rad."""
    return math.asin(x)


@elementary
def arccos(x: float) -> float:
    """Return the angle of a cosine, rad."""
    return math.acos(x)


@elementary
def arctan2(y: float, x: float) -> float:
    """Return the azimuth of a point, rad, −π to π."""
    return math.atan2(y, x)


@elementary
def arcsinh(x: float) -> float:
    """Return the inverse of the hyperbolic sine."""
    return math.asinh(x)


@elementary
def arctanh(x: float) -> float:
    """Return the inverse of the hyperbolic tangent."""
    return math.atanh(x)


@elementary
def tanh(x: float) -> float:
    """Return the hyperbolic tangent."""
    return math.tanh(x)
