r"""The Lμ−Lτ gauge boson: widths, branching fractions, and what it does to the muon's magnetic moment.

The coupling is :math:`g' Z'_\alpha (\bar\mu\gamma^\alpha\mu - \bar\tau\gamma^\alpha\tau +
\bar\nu_\mu\gamma^\alpha P_L\nu_\mu - \bar\nu_\tau\gamma^\alpha P_L\nu_\tau)`. Masses and widths in GeV.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from scipy.integrate import quad

from darkbelle.constants import MUON_MASS, TAU_MASS

__all__ = [
    "MAGNETIC_MOMENT_EXCESS",
    "Model",
    "coupling_from_magnetic_moment",
    "invisible_branching_fraction",
    "magnetic_moment_shift",
    "total_width",
    "width_to_leptons",
    "width_to_neutrinos",
]

Model = Literal["vanilla", "fully_invisible"]

# a_μ(experiment) − a_μ(theory) and its error: Muon g−2, PRL 126, 141801 (2021). The theory
# of 2025 (arXiv:2505.21476) has no such excess any more; the band is kept as the publications drew it.
MAGNETIC_MOMENT_EXCESS: Final = (251e-11, 59e-11)


def width_to_leptons(mass: float, lepton_mass: float, coupling: float = 1.0) -> float:
    r"""Return the width to one pair of charged leptons, GeV; 0 below the threshold.

    .. math:: \Gamma = \frac{g'^2 M}{12\pi}\left(1 + \frac{2m^2}{M^2}\right)\sqrt{1 - \frac{4m^2}{M^2}}

    References
    ----------
    D. Curtin et al., JHEP 02 (2015) 157, arXiv:1412.0018, with unit charges.
    """
    if mass <= 2 * lepton_mass:
        return 0.0
    ratio = (lepton_mass / mass) ** 2
    return float(coupling**2 * mass / (12 * np.pi) * (1 + 2 * ratio) * np.sqrt(1 - 4 * ratio))


def width_to_neutrinos(mass: float, coupling: float = 1.0) -> float:
    r"""Return the width to muon and tau neutrinos together, :math:`2 \cdot g'^2 M/(24\pi)`, GeV."""
    return float(coupling**2 * mass / (12 * np.pi))


def invisible_branching_fraction(mass: float, model: Model) -> float:
    """Return the branching fraction of Z′ to what is not seen.

    Parameters
    ----------
    mass
        GeV.
    model
        ``vanilla``: neutrinos only, 1 below two muon masses, 1/2 and then 1/3 well above the
        thresholds. ``fully_invisible``: 1, into dark matter whose coupling is much larger.

    >>> round(invisible_branching_fraction(0.1, "vanilla"), 3)
    1.0
    """
    if model == "fully_invisible":
        return 1.0
    return width_to_neutrinos(mass) / total_width(mass)


def total_width(mass: float, coupling: float = 1.0) -> float:
    """Return the total width of the vanilla model: muons, taus and their neutrinos, GeV."""
    charged = sum(width_to_leptons(mass, lepton, coupling) for lepton in (MUON_MASS, TAU_MASS))
    return charged + width_to_neutrinos(mass, coupling)


def magnetic_moment_shift(mass: float, coupling: float = 1.0) -> float:
    r"""Return the one-loop contribution to the muon's anomalous magnetic moment.

    .. math:: \Delta a_\mu = \frac{g'^2}{8\pi^2}
              \int_0^1 \frac{2 m_\mu^2 x^2 (1-x)}{x^2 m_\mu^2 + (1-x) M^2}\,\mathrm{d}x

    References
    ----------
    S. Baek, N. G. Deshpande, X. G. He, P. Ko, Phys. Rev. D 64, 055006 (2001), in the
    normalisation of physics.md section 1.
    """
    ratio = (mass / MUON_MASS) ** 2

    def integrand(x: float) -> float:
        # at x = 0 of a massless boson numerator and denominator vanish alike
        denominator = x**2 + (1 - x) * ratio
        return 2 * x**2 * (1 - x) / denominator if denominator else 2.0

    # for a heavy boson the integrand falls within m²/M² of x = 1
    knee = max(1 - 10 / (ratio + 10), 0.5)
    integral = sum(
        quad(integrand, low, high, epsabs=0.0, epsrel=1e-10)[0] for low, high in ((0, knee), (knee, 1))
    )
    return float(coupling**2 / (8 * np.pi**2) * integral)


def coupling_from_magnetic_moment(mass: float, shift: float) -> float:
    """Return the coupling g′ that shifts the muon's anomalous magnetic moment by so much.

    A negative shift, which no such boson makes, gives 0.
    """
    return float(np.sqrt(max(shift, 0.0) / magnetic_moment_shift(mass)))
