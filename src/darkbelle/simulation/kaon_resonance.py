r"""K*(892)0 from B → K* S with a scalar S, and its decay to Kπ.

The mass follows the relativistic Breit-Wigner of a P wave,

.. math:: \frac{dN}{dm} \propto \frac{m\,\Gamma(m)}{(m_0^2-m^2)^2+m_0^2\Gamma(m)^2}\,p^3(m), \qquad
          \Gamma(m) = \Gamma_0\left(\frac{q}{q_0}\right)^3\frac{m_0}{m}\,\frac{1+(q_0R)^2}{1+(qR)^2},

with :math:`q` the momentum of the kaon in the frame of the K*, and :math:`p` that of the K* in the frame of
the B: it too is in a P wave. How the form factor varies over the resonance is left out. As neither B
nor S has spin, the K* has helicity 0, and the angle of the kaon in its frame to its flight
follows :math:`\cos^2`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from darkbelle.constants import B_ZERO_MASS, KAON_MASS, PION_MASS
from darkbelle.kernels import libm
from darkbelle.simulation.light_hadrons import breakup_momentum
from darkbelle.vectors import Column

__all__ = ["MASS", "WIDTH", "kstar_masses", "longitudinal_cosine"]

# PDG 2024
MASS: Final = 0.89555
WIDTH: Final = 0.0473
BARRIER: Final = 3.0  # R, 1/GeV, estimated; PDG's fits have 2 to 5

NODES: Final = 4096


def kstar_masses(scalar_mass: float, size: int, rng: np.random.Generator) -> Column:
    """Draw masses of the K*0 in B0 → K*0 S, GeV, shape (size,), by the inverse of their distribution."""
    edges = np.linspace(KAON_MASS + PION_MASS, B_ZERO_MASS - scalar_mass, NODES + 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    rising = np.concatenate([[0.0], np.cumsum(_density(middle, scalar_mass))])
    drawn: Column = np.interp(rng.random(size) * rising[-1], rising, edges)
    return drawn


def longitudinal_cosine(size: int, rng: np.random.Generator) -> Column:
    """Draw cosines that follow their own square, shape (size,)."""
    return libm.cbrt(rng.uniform(-1.0, 1.0, size))


def _density(mass: Column, scalar_mass: float) -> Column:
    q = breakup_momentum(mass, KAON_MASS, PION_MASS)
    q_pole = breakup_momentum(np.array([MASS]), KAON_MASS, PION_MASS)
    barrier = (1.0 + (q_pole * BARRIER) ** 2) / (1.0 + (q * BARRIER) ** 2)
    width = WIDTH * (q / q_pole) ** 2 * (q / q_pole) * MASS / mass * barrier
    flight = breakup_momentum(np.full_like(mass, B_ZERO_MASS), mass, scalar_mass)
    density: Column = mass * width * flight**2 * flight / ((MASS**2 - mass**2) ** 2 + (MASS * width) ** 2)
    return density
