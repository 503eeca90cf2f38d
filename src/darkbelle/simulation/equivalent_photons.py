r"""Equivalent photons: the flux of nearly real photons around the beams, and what two of them make.

Each beam particle of energy E emits a photon of energy :math:`xE` and virtuality :math:`Q^2=-q^2` with

.. math:: \frac{d^2n}{dx\,dQ^2} = \frac{\alpha}{\pi}\frac{1}{x Q^2}
          \left[1-x+\frac{x^2}{2} - (1-x)\frac{Q^2_{min}}{Q^2}\right],
          \qquad Q^2_{min} = \frac{m_e^2x^2}{1-x},

and the two collide as if real. References: V. M. Budnev, I. F. Ginzburg, G. V. Meledin, V. G. Serbo,
Phys. Rept. 15 (1975) 181; muon pairs: S. J. Brodsky, T. Kinoshita, H. Terazawa,
Phys. Rev. D 4 (1971) 1532.

Photons that take a measurable transverse momentum are not nearly real: events come from the exact
amplitude (`darkbelle.simulation.two_photon_pairs`), which this approximation is compared with.
"""

from __future__ import annotations

import math

import numpy as np

from darkbelle.constants import ELECTRON_MASS, FINE_STRUCTURE, HBAR_C_SQUARED, MUON_MASS
from darkbelle.kernels import libm
from darkbelle.simulation.sampling import gauss_square
from darkbelle.vectors import Column

__all__ = [
    "angular_density",
    "integrated_flux",
    "least_virtuality",
    "pair_cross_section",
    "photon_flux",
    "two_photon_cross_section",
]

NODES = 200


def least_virtuality(x: Column) -> Column:
    """Return the least Q² of a photon with the fraction x of an electron's energy, GeV²."""
    return ELECTRON_MASS**2 * x**2 / (1.0 - x)


def photon_flux(x: Column, q_squared: Column) -> Column:
    """Return d²n/(dx dQ²) in GeV⁻², zero below the least virtuality."""
    least = least_virtuality(x)
    shape = 1.0 - x + x**2 / 2.0 - (1.0 - x) * least / q_squared
    return np.where(q_squared >= least, FINE_STRUCTURE / math.pi * shape / (x * q_squared), 0.0)


def integrated_flux(x: Column, largest: Column) -> Column:
    """Return dn/dx with Q² up to ``largest`` in GeV²: the integral of `photon_flux`."""
    least = np.minimum(least_virtuality(x), largest)
    logarithm = (1.0 - x + x**2 / 2.0) * libm.log(largest / least)
    return FINE_STRUCTURE / (math.pi * x) * (logarithm - (1.0 - x) * (1.0 - least / largest))


def angular_density(cosine: Column, mass: Column) -> Column:
    r"""Return dσ(γγ → μ+μ−)/d cos θ of real photons, fb, θ in the pair's rest frame.

    .. math:: \frac{d\sigma}{d\cos\theta} = \frac{2\pi\alpha^2\beta}{W^2}\,
              \frac{1+2\beta^2(1-\beta^2)\sin^2\theta-\beta^4\cos^4\theta}{(1-\beta^2\cos^2\theta)^2}

    Parameters
    ----------
    cosine
        Shape (n,).
    mass
        W, the mass of the pair, GeV, above the threshold, shape (n,).
    """
    beta2 = 1.0 - 4.0 * MUON_MASS**2 / mass**2
    cos2 = cosine**2
    numerator = 1.0 + 2.0 * beta2 * (1.0 - beta2) * (1.0 - cos2) - beta2**2 * cos2**2
    rate = 2.0 * math.pi * FINE_STRUCTURE**2 * np.sqrt(beta2) / mass**2
    return HBAR_C_SQUARED * rate * numerator / (1.0 - beta2 * cos2) ** 2


def pair_cross_section(mass: Column, lepton_mass: float = MUON_MASS) -> Column:
    r"""Return σ(γγ → l+l−) of real photons in fb, zero below the threshold; ``mass`` is W in GeV.

    .. math:: \sigma = \frac{4\pi\alpha^2}{W^2}\left[\Big(1+a-\frac{a^2}{2}\Big)
              \ln\frac{1+\beta}{1-\beta} - (1+a)\beta\right], \qquad a = 4m^2/W^2 = 1-\beta^2.

    The integral of `angular_density` over all angles.
    """
    a = np.minimum(4.0 * lepton_mass**2 / mass**2, 1.0)
    beta = np.sqrt(1.0 - a)
    bracket = (1.0 + a - a**2 / 2.0) * 2.0 * libm.arctanh(beta) - (1.0 + a) * beta
    return HBAR_C_SQUARED * 4.0 * math.pi * FINE_STRUCTURE**2 / mass**2 * bracket


def two_photon_cross_section(
    sqrt_s: float,
    least_mass: float,
    lepton_mass: float = MUON_MASS,
    most_virtual: float = math.inf,
) -> float:
    """Return σ(ee → eell) of equivalent photons in fb, for pairs above ``least_mass`` in GeV.

    The virtualities end at W², above which a photon resolves the pair, or at ``most_virtual``, GeV².
    """
    s = sqrt_s * sqrt_s
    u, v, weights = gauss_square(NODES)
    span = math.log(s / least_mass**2)
    log_tau = -u * span  # of W²/s = x1 x2
    log_x = v * log_tau
    tau, x1 = libm.exp(log_tau), libm.exp(log_x)
    x2 = tau / x1
    largest = np.minimum(tau * s, most_virtual)
    fluxes = x1 * integrated_flux(x1, largest) * x2 * integrated_flux(x2, largest)
    return float(
        np.sum(weights * span * -log_tau * fluxes * pair_cross_section(sqrt_s * np.sqrt(tau), lepton_mass))
    )
