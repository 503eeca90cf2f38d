"""Decays of a pair of τ leptons: which modes, spins correlated, products placed in the event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import TAU_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.tau_decays import LARGEST_MASS, LEAST_MASS, TauDecays, decay_taus
from darkbelle.simulation.tau_modes import chosen_modes, members
from darkbelle.simulation.tau_spin import align_spins, rotated
from darkbelle.vectors import Column, FourVector

__all__ = ["PairModes", "checked_tau_mass", "correlated_decays", "products_in_cm", "with_tau_decays"]

PROPER_LENGTH = 87.03e-4  # cτ in cm, PDG 2024


class PairModes(NamedTuple):
    """The modes, or groups of modes, of the two τ of a pair; two different ones go to either charge."""

    first: str
    second: str

    @classmethod
    def of(cls, given: str | Sequence[str]) -> Self:
        """Return the modes that an option gives: ``"all"``, or two names.

        Raises
        ------
        ConfigurationError
            There is no such mode, not two are given, or the two groups differ and overlap.
        """
        if given == "all":
            return cls("all", "all")
        if isinstance(given, str) or len(given) != 2:
            raise ConfigurationError(
                f"modes of a τ pair: got {given!r}, expected 'all' or two names, one for each τ, such as "
                "[3prong, 1prong] or [mu, pi]"
            )
        first, second = given
        try:
            shared = set(members(first)) & set(members(second))
        except ConfigurationError as error:
            raise ConfigurationError(f"modes of a τ pair: got {given!r}; {error}") from error
        if first != second and shared:
            raise ConfigurationError(
                f"modes of a τ pair: {first!r} and {second!r} share {', '.join(sorted(shared))}; expected "
                "the same twice, or two without a common mode, so that no event counts twice"
            )
        return cls(first, second)

    @property
    def label(self) -> str:
        """What names of samples end with, ``""`` if all modes are allowed."""
        return "" if self == ("all", "all") else f"_{self.first}_{self.second}"

    def branching_fraction(self, fractions: Mapping[str, float]) -> float:
        """Return the product of both branching fractions, both assignments to the charges added."""
        first, second = (sum(fractions[mode] for mode in members(name)) for name in self)
        # all modes together may make more than 1 by rounding
        return min(1.0, first * second * (1 if self.first == self.second else 2))

    def drawn(
        self, size: int, fractions: Mapping[str, float], rng: np.random.Generator
    ) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
        """Return the modes of the τ− and of the τ+ of each event."""
        swapped = rng.random(size) < 0.5
        minus = np.where(swapped, self.second, self.first)
        plus = np.where(swapped, self.first, self.second)
        return chosen_modes(minus, fractions, rng), chosen_modes(plus, fractions, rng)


def checked_tau_mass(mass: float) -> float:
    """Return a mass of the τ in GeV.

    Raises
    ------
    ConfigurationError
        It is out of TAUOLA's range.
    """
    if not LEAST_MASS <= mass <= LARGEST_MASS:
        raise ConfigurationError(
            f"mass of the τ must lie in {LEAST_MASS} to {LARGEST_MASS} GeV, where TAUOLA is reliable, got "
            f"{mass}"
        )
    return mass


def correlated_decays(
    modes: tuple[NDArray[np.str_], NDArray[np.str_]],
    correlation: Column,
    rng: np.random.Generator,
    mass: float = TAU_MASS,
) -> tuple[TauDecays, TauDecays]:
    """Return decays of τ− and τ+ whose spins are correlated as :math:`1+R_{ij}s^-_is^+_j`.

    Parameters
    ----------
    modes
        Of the τ− and of the τ+ of each pair, shape (n,) each.
    correlation
        R, shape (n, 3, 3), first index for the τ−.
    """
    minus = decay_taus(15, modes[0], rng, mass=mass)
    return minus, align_spins(minus, decay_taus(-15, modes[1], rng, mass=mass), correlation, rng)


def with_tau_decays(
    particles: Particles,
    taus: tuple[NDArray[np.int64], NDArray[np.int64]],
    decays: tuple[TauDecays, TauDecays],
    frame: FourVector,
    axes: Column,
    rng: np.random.Generator,
) -> Particles:
    """Return the particles with the products of τ pairs, in the CM frame, from where the τ decay.

    Parameters
    ----------
    taus
        Rows of the τ− and of the τ+ of each pair.
    decays
        Their decays at rest, in components along ``axes``.
    frame
        Four-momentum of the frame, CM, from which each τ's rest frame is reached by one boost, shape (n,).
    axes
        Rows are the unit vectors, in that frame as it is reached from the CM by one boost, that spins refer
        to; shape (n, 3, 3).
    """
    for rows, of_charge in zip(taus, decays, strict=True):
        tau, pdg, momenta = products_in_cm(of_charge, particles.momenta_of(rows), frame, axes)
        points = particles.decay_points(rows, rng.exponential(PROPER_LENGTH, len(rows)))
        particles = particles.with_daughters(rows[tau], pdg, momenta, points[tau])
    return particles


def products_in_cm(
    decays: TauDecays, taus: FourVector, frame: FourVector, axes: Column
) -> tuple[NDArray[np.int64], NDArray[np.int32], FourVector]:
    """Return the products of τ decays as rows: which τ each is from, its code, its momentum in the CM.

    Parameters
    ----------
    decays
        At rest, n of them.
    taus
        Four-momenta of the τ, CM, shape (n,).
    frame, axes
        See `with_tau_decays`.
    """
    tau, slot = np.nonzero(decays.pdg)
    turned = rotated(decays.momenta, np.transpose(axes, (0, 2, 1)))
    at_rest = FourVector(*(column[tau, slot] for column in turned))
    in_frame = boost_from_rest_frame(at_rest, boost_to_rest_frame(taus, frame).rows(tau))
    return tau, decays.pdg[tau, slot], boost_from_rest_frame(in_frame, frame.rows(tau))
