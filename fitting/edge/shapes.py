r"""Edge functions: what the pseudomass of τ → 3π ν follows around the mass of the τ.

All are one family in :math:`z=M-P_1` and :math:`u=z/P_2`,

.. math:: F(M) = 1 + (a_0 + a_1 z)\,A(u) + b_1 z + b_2 z^2,

with A a step from −π/2 to π/2 of unit slope at 0, so that integrals and derivatives are closed forms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from scipy.special import erf

from darkbelle.errors import ConfigurationError
from darkbelle.vectors import Column

__all__ = ["FAMILY", "SHAPES", "EdgeShape", "Step", "edge_shape"]

FAMILY: Final = ("edge", "width", "step", "tilt", "slope", "curvature")  # P1, P2, −a0, a1, b1, b2

Kind = Literal["arctan", "erf"]


class Step(NamedTuple):
    r"""A step function A(u) with its derivative, :math:`\int_0^u A` and :math:`\int_0^u u'A`."""

    value: Column
    derivative: Column
    integral: Column
    moment: Column


def arctan_step(u: Column) -> Step:
    """Return the arctangent: tails of a Breit-Wigner resolution."""
    value, square = np.arctan(u), u * u
    return Step(
        value,
        1.0 / (1.0 + square),
        u * value - 0.5 * np.log1p(square),
        0.5 * ((1.0 + square) * value - u),
    )


def erf_step(u: Column) -> Step:
    """Return the error function scaled to the arctangent's limits and slope: a Gaussian resolution."""
    of_error, bell = erf(u / np.sqrt(np.pi)), np.exp(-u * u / np.pi)
    return Step(
        0.5 * np.pi * of_error,
        bell,
        0.5 * np.pi * (u * of_error + bell - 1.0),
        0.5 * np.pi * (0.5 * u * u * of_error + 0.5 * u * bell - 0.25 * np.pi * of_error),
    )


STEPS: Final[dict[Kind, Callable[[Column], Step]]] = {"arctan": arctan_step, "erf": erf_step}


@dataclass(frozen=True)
class EdgeShape:
    """An edge function: which step, and which members of `FAMILY` are free; the others are zero.

    Parameters
    ----------
    name
        As `SHAPES` has it.
    kind
        The step.
    parameters
        Free ones, in the order of `FAMILY`; ``edge`` and ``width`` in GeV first.
    source
        Who used it.
    """

    name: str
    kind: Kind
    parameters: tuple[str, ...]
    source: str

    @property
    def members(self) -> tuple[int, ...]:
        """Positions of the free parameters in `FAMILY`."""
        return tuple(FAMILY.index(name) for name in self.parameters)

    def full(self, free: Column) -> Column:
        """Return all six parameters from the free ones."""
        values = np.zeros(len(FAMILY))
        values[list(self.members)] = free
        return values

    def density(self, mass: Column, free: Column) -> Column:
        """Return F at masses in GeV, shape (n,), not normalised."""
        edge, width, step, tilt, slope, curvature = self.full(free)
        z = mass - edge
        at = STEPS[self.kind](z / width)
        density: Column = 1.0 + (tilt * z - step) * at.value + slope * z + curvature * z * z
        return density

    def integral(self, mass: Column, free: Column) -> Column:
        """Return the integral of F from the edge to masses in GeV, shape (n,)."""
        edge, width, step, tilt, slope, curvature = self.full(free)
        z = mass - edge
        at = STEPS[self.kind](z / width)
        integral: Column = (
            z
            - step * width * at.integral
            + tilt * width**2 * at.moment
            + slope * z**2 / 2
            + curvature * z**3 / 3
        )
        return integral

    def integral_gradient(self, mass: Column, free: Column) -> Column:
        """Return the derivatives of `integral` by the free parameters, shape (len(parameters), n)."""
        edge, width, step, tilt, _, _ = self.full(free)
        z = mass - edge
        u = z / width
        at = STEPS[self.kind](u)
        by_all = np.stack(
            [
                -self.density(mass, free),
                -step * (at.integral - u * at.value) + tilt * width * (2 * at.moment - u * u * at.value),
                -width * at.integral,
                width**2 * at.moment,
                z**2 / 2,
                z**3 / 3,
            ]
        )
        return by_all[list(self.members)]


SHAPES: Final = {
    shape.name: shape
    for shape in (
        EdgeShape(
            "arctan",
            "arctan",
            ("edge", "width", "step", "slope", "curvature"),
            "Belle II, arXiv:2305.19116: 1 − P3 arctan((M − P1)/P2) + P4 (M − P1) + P5 (M − P1)²",
        ),
        EdgeShape(
            "tilted_arctan",
            "arctan",
            ("edge", "width", "step", "tilt", "slope"),
            "Belle, Phys. Rev. Lett. 99 (2007) 011801, BaBar, Phys. Rev. D 80 (2009) 092005, and Belle II, "
            "arXiv:2008.04665, with other names of its parameters",
        ),
        EdgeShape("all", "arctan", FAMILY, "both of these in one"),
        EdgeShape(
            "erf",
            "erf",
            ("edge", "width", "step", "slope", "curvature"),
            "the first one with a Gaussian resolution",
        ),
    )
}


def edge_shape(name: str) -> EdgeShape:
    """Return the edge function of a name.

    Raises
    ------
    ConfigurationError
        There is none.
    """
    if name not in SHAPES:
        raise ConfigurationError(f"there is no edge function {name!r}, there are: {', '.join(SHAPES)}")
    return SHAPES[name]
