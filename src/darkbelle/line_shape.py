r"""The energy dependence of e+e− → BB̄ about the Υ(4S), without radiation.

A relativistic Breit-Wigner function whose width grows as that of a P wave with the momentum p of the
mesons, damped by a barrier of radius R,

.. math:: \sigma_k(s) \propto \frac{g_k(s)}{(s-M^2)^2 + M^2\Gamma^2(s)}, \qquad
          g_k(s) = \frac{p_k^3}{1+(Rp_k)^2}, \qquad
          \Gamma(s) = \Gamma\,\frac{g_+(s)+g_0(s)}{g_+(M^2)+g_0(M^2)},

for pairs k of charged or neutral mesons. Mass and width are the PDG's, 10.5794 ± 0.0012 GeV and
20.5 ± 2.5 MeV [std]. They rest on scans, that of BaBar, Phys. Rev. D 72 (2005) 032005, above all, fitted with
other growths of the width; the form above and its radius of 1 fm are estimated [est]. Belle and Belle II
disfavour that the ratio of neutral to charged pairs goes with the cubes of their momenta, arXiv:2511.15926
[pub, abstract]; here it nearly does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from darkbelle.constants import B_PLUS_MASS, B_ZERO_MASS
from darkbelle.vectors import Column

__all__ = ["B_MASS", "UPSILON_4S", "LineShape", "PairKind"]

PairKind = Literal["charged_b", "neutral_b"]

B_MASS: Final[dict[PairKind, float]] = {"charged_b": B_PLUS_MASS, "neutral_b": B_ZERO_MASS}


@dataclass(frozen=True)
class LineShape:
    """The resonance.

    Parameters
    ----------
    mass, width
        GeV.
    radius
        Of the barrier, 1/GeV; 0: none.
    """

    mass: float = 10.5794
    width: float = 20.5e-3
    radius: float = 5.0

    def cross_section(self, kind: PairKind, sqrt_s: Column) -> Column:
        """Return the cross section of pairs at energies √s in GeV, 0 below their masses.

        In units of no meaning, but the same for both kinds.

        >>> shape = LineShape()
        >>> float(shape.cross_section("charged_b", np.array([10.55]))[0])
        0.0
        """
        growth = sum(self._growth(B_MASS[each], sqrt_s) for each in B_MASS)
        at_mass = sum(self._growth(B_MASS[each], np.array([self.mass])) for each in B_MASS)
        width = self.width * growth / at_mass
        distance = np.square(sqrt_s) - self.mass**2
        shape: Column = self._growth(B_MASS[kind], sqrt_s) / (distance**2 + (self.mass * width) ** 2)
        return shape

    def _growth(self, mass: float, sqrt_s: Column) -> Column:
        momentum = np.sqrt(np.maximum(np.square(sqrt_s) / 4 - mass**2, 0.0))
        growth: Column = momentum * momentum * momentum / (1 + (self.radius * momentum) ** 2)
        return growth


UPSILON_4S: Final = LineShape()
