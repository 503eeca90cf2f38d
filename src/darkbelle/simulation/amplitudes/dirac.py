r"""Spinors and Dirac matrices, written out for compiled loops.

Chiral representation, metric (+, −, −, −):

.. math:: \gamma^\mu = \begin{pmatrix} 0 & \sigma^\mu \\ \bar\sigma^\mu & 0 \end{pmatrix}, \qquad
          \sigma^\mu = (1, \vec\sigma), \quad \bar\sigma^\mu = (1, -\vec\sigma).

A four-vector is a tuple (t, x, y, z) with upper index, of floats for momenta and of complex numbers
for currents; a spinor is a tuple of four complex numbers, a row such as :math:`\bar u` or a column
such as :math:`v`. Tuples live in registers: no loop over particles or spins allocates memory.

References
----------
M. E. Peskin, D. V. Schroeder, An Introduction to Quantum Field Theory (1995), sections 3.2 and 3.3.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from darkbelle.kernels.compilation import kernel

__all__ = [
    "Momentum",
    "Spinor",
    "Vector",
    "add",
    "antiparticle_column",
    "antiparticle_row",
    "current",
    "dot",
    "particle_column",
    "particle_row",
    "product",
    "row_times_slash",
    "scale",
    "slash_times_column",
    "square",
]

Momentum = tuple[float, float, float, float]
Vector = tuple[complex, complex, complex, complex]
Spinor = tuple[complex, complex, complex, complex]
T = TypeVar("T", Momentum, Vector)


@kernel
def add(a: T, b: T) -> T:
    """Return the sum of two vectors, or of two spinors."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3])


@kernel
def scale(a: Vector, factor: complex) -> Vector:
    """Return a vector, or a spinor, times a number."""
    return (factor * a[0], factor * a[1], factor * a[2], factor * a[3])


@kernel
def dot(a: Vector, b: Vector) -> complex:
    """Return the product of two four-vectors, neither conjugated."""
    return a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3]


@kernel
def square(value: complex) -> float:
    """Return the squared modulus of a complex number."""
    return value.real * value.real + value.imag * value.imag


@kernel
def _root_spinor(p: Momentum, mass: float, spin: int, sign: float) -> Spinor:
    r"""Return :math:`(\sqrt{p\sigma}\,\xi, \pm\sqrt{p\bar\sigma}\,\xi)`, of Peskin-Schroeder eq. (3.50).

    The root of the matrix is :math:`\sqrt{p\sigma} = (p\sigma + m)/\sqrt{2(E+m)}`, regular for any
    direction and for zero mass. ``spin`` 0 or 1 takes ξ = (1, 0) or (0, 1).
    """
    norm = 1.0 / np.sqrt(2.0 * (p[0] + mass))
    off = complex(p[1], p[2])
    if spin == 0:
        return (
            complex(norm * (p[0] + mass - p[3]), 0.0),
            -norm * off,
            complex(sign * norm * (p[0] + mass + p[3]), 0.0),
            sign * norm * off,
        )
    return (
        -norm * off.conjugate(),
        complex(norm * (p[0] + mass + p[3]), 0.0),
        sign * norm * off.conjugate(),
        complex(sign * norm * (p[0] + mass - p[3]), 0.0),
    )


@kernel
def _barred(s: Spinor) -> Spinor:
    """Return the Dirac adjoint, a row."""
    return (s[2].conjugate(), s[3].conjugate(), s[0].conjugate(), s[1].conjugate())


@kernel
def particle_column(p: Momentum, mass: float, spin: int) -> Spinor:
    """Return u(p), an incoming particle."""
    return _root_spinor(p, mass, spin, 1.0)


@kernel
def antiparticle_column(p: Momentum, mass: float, spin: int) -> Spinor:
    """Return v(p), an outgoing antiparticle."""
    return _root_spinor(p, mass, spin, -1.0)


@kernel
def particle_row(p: Momentum, mass: float, spin: int) -> Spinor:
    """Return ū(p), an outgoing particle."""
    return _barred(_root_spinor(p, mass, spin, 1.0))


@kernel
def antiparticle_row(p: Momentum, mass: float, spin: int) -> Spinor:
    """Return v̄(p), an incoming antiparticle."""
    return _barred(_root_spinor(p, mass, spin, -1.0))


@kernel
def slash_times_column(a: Vector, s: Spinor) -> Spinor:
    """Return the spinor a̸ s."""
    minus = a[1] - 1j * a[2]
    plus = a[1] + 1j * a[2]
    return (
        (a[0] - a[3]) * s[2] - minus * s[3],
        (a[0] + a[3]) * s[3] - plus * s[2],
        (a[0] + a[3]) * s[0] + minus * s[1],
        (a[0] - a[3]) * s[1] + plus * s[0],
    )


@kernel
def row_times_slash(r: Spinor, a: Vector) -> Spinor:
    """Return the row r a̸."""
    minus = a[1] - 1j * a[2]
    plus = a[1] + 1j * a[2]
    return (
        r[2] * (a[0] + a[3]) + r[3] * plus,
        r[3] * (a[0] - a[3]) + r[2] * minus,
        r[0] * (a[0] - a[3]) - r[1] * plus,
        r[1] * (a[0] + a[3]) - r[0] * minus,
    )


@kernel
def current(r: Spinor, c: Spinor) -> Vector:
    """Return the vector r γ^μ c with upper index."""
    left_up, left_down = r[2] * c[0], r[3] * c[1]
    right_up, right_down = r[0] * c[2], r[1] * c[3]
    left_raise, left_lower = r[2] * c[1], r[3] * c[0]
    right_raise, right_lower = r[0] * c[3], r[1] * c[2]
    return (
        right_up + right_down + left_up + left_down,
        right_raise + right_lower - left_raise - left_lower,
        -1j * (right_raise - right_lower - left_raise + left_lower),
        right_up - right_down - left_up + left_down,
    )


@kernel
def product(r: Spinor, c: Spinor) -> complex:
    """Return the number r c."""
    return r[0] * c[0] + r[1] * c[1] + r[2] * c[2] + r[3] * c[3]
