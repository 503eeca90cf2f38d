r"""The decay τ → lα of a τ at rest into a lepton and an invisible boson.

The coupling :math:`\partial_\mu\alpha\,\bar l\gamma^\mu(g_V+g_A\gamma_5)\tau` is, between spinors on their
mass shells, a scalar of strength :math:`a=g_V(m_\tau-m_l)` and a pseudoscalar of strength
:math:`b=-g_A(m_\tau+m_l)`, so that for a τ− with spin s and a lepton along n

.. math:: d\Gamma\propto 1 + \frac{2ab\,p}{a^2(E+m_l)+b^2(E-m_l)}\;\vec s\cdot\vec n ,

up to the sign of the chirality: with :math:`V-A` light leptons are left-handed and fly against the spin of
the τ−, and along that of the τ+. Vector alone is isotropic, as is axial-vector alone. The lepton radiates
as in `darkbelle.simulation.lepton_alpha_radiation`; without a preferred chirality the coupling is vector.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np

from darkbelle.constants import ELECTRON_MASS, MUON_MASS, TAU_MASS
from darkbelle.simulation.amplitudes.alpha_emission import emission_squares
from darkbelle.simulation.directions import unit
from darkbelle.simulation.events import DARK_ALPHA
from darkbelle.simulation.lepton_alpha_radiation import TwoBodyDecay, radiative_decays
from darkbelle.simulation.light_hadrons import isotropic
from darkbelle.simulation.tau_decays import MOST_PRODUCTS, TauDecays
from darkbelle.vectors import Column, FourVector

__all__ = [
    "CHIRALITIES",
    "LEPTONS",
    "SIGNS",
    "Chirality",
    "analysing_power",
    "left_handed_polarimeter",
    "lepton_alpha_decays",
    "lepton_energy",
]

Chirality = Literal["isotropic", "V-A", "V+A"]
CHIRALITIES: Final[tuple[Chirality, ...]] = get_args(Chirality)
LEPTONS: Final = {"e": (11, ELECTRON_MASS), "mu": (13, MUON_MASS)}
SIGNS: Final = {"isotropic": 0.0, "V-A": -1.0, "V+A": 1.0}  # of the lepton along the spin of a τ−
PHOTON: Final = 22


def lepton_energy(lepton: str, alpha_mass: Column | float) -> Column | float:
    """Return the energy of the lepton in the rest frame of the τ, without a photon, GeV.

    >>> round(lepton_energy("e", 0.0) / (TAU_MASS / 2.0), 6)
    1.0
    """
    mass = LEPTONS[lepton][1]
    return (TAU_MASS**2 + mass**2 - alpha_mass**2) / (2.0 * TAU_MASS)


def analysing_power(lepton: str, alpha_mass: Column | float) -> Column | float:
    """Return the factor of s·n for V∓A without its sign; 1 for a lepton without mass."""
    mass = LEPTONS[lepton][1]
    energy = lepton_energy(lepton, alpha_mass)
    a, b = TAU_MASS - mass, TAU_MASS + mass
    momentum = np.sqrt(energy**2 - mass**2)
    power: Column | float = 2.0 * a * b * momentum / (a**2 * (energy + mass) + b**2 * (energy - mass))
    return power


def lepton_alpha_decays(
    pdg: int, lepton: str, alpha_mass: Column, chirality: Chirality, rng: np.random.Generator
) -> TauDecays:
    """Return decays of unpolarised τ at rest, some with a photon, with the polarimeter vector of each.

    The products are the lepton, α and, if there is one, the photon.

    Parameters
    ----------
    pdg
        15 for τ−, −15 for τ+.
    lepton
        ``"e"`` or ``"mu"``.
    alpha_mass
        Of each, GeV, below m_τ − m_l, shape (n,).
    chirality
        ``"isotropic"``, ``"V-A"`` or ``"V+A"``.
    """
    code, mass = LEPTONS[lepton]
    size = alpha_mass.size
    energy = lepton_energy(lepton, alpha_mass)
    momentum = np.sqrt(energy**2 - mass**2)
    direction = np.array(isotropic(np.ones(size), rng))
    columns = np.zeros((4, size, MOST_PRODUCTS))
    columns[:3, :, 0], columns[:3, :, 1] = momentum * direction, -momentum * direction
    columns[3, :, 0], columns[3, :, 1] = energy, TAU_MASS - energy
    products = np.zeros((size, MOST_PRODUCTS), dtype=np.int32)
    products[:, 0], products[:, 1] = (code if pdg > 0 else -code), DARK_ALPHA
    couplings = TAU_MASS - mass, -SIGNS[chirality] * (TAU_MASS + mass)
    radiative = radiative_decays(TwoBodyDecay(mass, alpha_mass, couplings), rng)
    for slot, momenta in enumerate((radiative.lepton, radiative.alpha, radiative.photon)):
        columns[:, radiative.which, slot] = momenta
    products[radiative.which, 2] = PHOTON
    decays = TauDecays(products, FourVector(*columns), np.zeros((size, 3)))
    return decays._replace(
        polarimeter=-SIGNS[chirality] * left_handed_polarimeter(decays, lepton, alpha_mass)
    )


def left_handed_polarimeter(decays: TauDecays, lepton: str, alpha_mass: Column) -> Column:
    """Return the polarimeter vectors that decays would have with V−A, shape (n, 3); with V+A the opposite.

    Parameters
    ----------
    decays
        Of `lepton_alpha_decays`, or such that were turned, with any chirality.
    """
    mass = LEPTONS[lepton][1]
    of_lepton, of_photon = (FourVector(*(column[:, slot] for column in decays.momenta)) for slot in (0, 2))
    flight = np.stack(of_lepton[:3], axis=1)
    power = np.asarray(analysing_power(lepton, alpha_mass))
    polarimeter = -power[:, None] * unit(flight)
    radiates = np.flatnonzero(decays.pdg[:, 2] == PHOTON)
    couplings = TAU_MASS - mass, TAU_MASS + mass
    squares = emission_squares(of_lepton.rows(radiates), of_photon.rows(radiates), mass, couplings)
    polarimeter[radiates] = squares.polarimeter
    charge = np.sign(decays.pdg[:, :1])  # of the τ's code
    return charge * polarimeter
