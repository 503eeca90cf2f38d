"""τ pairs near the edge of the pseudomass, without the labour of making the others.

The τ of three prongs decays first. Only where its pseudomass lies in the range does its partner decay,
and the event go on.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import PION_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import pseudomass
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.pythia import fermion_pairs
from darkbelle.simulation.tau_decays import TauDecays, decay_taus
from darkbelle.simulation.tau_modes import MODES, members
from darkbelle.simulation.tau_pairs import PairModes, products_in_cm
from darkbelle.simulation.tau_spin import align_spins, pair_axes, spin_correlation
from darkbelle.vectors import Column, FourVector

__all__ = ["UndecayedPairs", "checked_range", "decays_in_range"]

TAU: Final = 15
CHARGED_HADRONS: Final = (211, 321)


class UndecayedPairs(NamedTuple):
    """τ pairs with the photons beside them, in the CM, and how the spins of each pair are correlated.

    Attributes
    ----------
    particles
        Of n events.
    frame
        Four-momentum of the pair, shape (n,), GeV.
    axes, correlation
        See `darkbelle.simulation.tau_spin`; shape (n, 3, 3).
    """

    particles: Particles
    frame: FourVector
    axes: Column
    correlation: Column

    @classmethod
    def generated(cls, mass: float, size: int, rng: np.random.Generator) -> Self:
        """Return pairs of τ of a mass in GeV, radiation by Pythia."""
        pairs = fermion_pairs(TAU, mass, size, rng)
        particles = Particles.from_collision(pairs.event_of_particle, pairs.pdg, pairs.momenta)
        minus, plus = (particles.momenta_of(np.flatnonzero(particles.pdg == sign * TAU)) for sign in (1, -1))
        frame = minus.plus(plus)
        axes, cos_theta = pair_axes(minus, plus)
        correlation = spin_correlation(cos_theta, np.sqrt(frame.mass_squared()) / (2.0 * mass))
        return cls(particles, frame, axes, correlation)

    @property
    def taus(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the τ− and of the τ+ of each pair."""
        return np.flatnonzero(self.particles.pdg == TAU), np.flatnonzero(self.particles.pdg == -TAU)

    def rows(self, index: NDArray[np.int64]) -> Self:
        """Return some of the pairs; indices must rise."""
        number = np.full(len(self.axes), -1)
        number[index] = np.arange(len(index))
        return type(self)(
            self.particles.renumbered(number),
            self.frame.rows(index),
            self.axes[index],
            self.correlation[index],
        )


class PairDecays(NamedTuple):
    """Which pairs were kept, rising, and the decays of their τ− and τ+."""

    numbers: NDArray[np.int64]
    decays: tuple[TauDecays, TauDecays]


def checked_range(limits: tuple[float, float] | None, modes: PairModes) -> tuple[float, float] | None:
    """Return a range of the pseudomass in GeV.

    Raises
    ------
    ConfigurationError
        It does not rise, or it is not one τ of each pair, and one alone, that has three prongs.
    """
    if limits is None:
        return None
    low, high = limits
    prongs = [{MODES[mode].prongs for mode in members(name)} for name in modes]
    if prongs[0] != {3} or 3 in prongs[1]:
        raise ConfigurationError(
            f"a range of the pseudomass needs modes of which the first has three prongs and the second has "
            f"not, such as [3prong, 1prong], got {tuple(modes)}"
        )
    if not 0.0 <= low < high:
        raise ConfigurationError(f"a range of the pseudomass must rise from 0 GeV or more, got {limits}")
    return low, high


def decays_in_range(
    pairs: UndecayedPairs,
    modes: tuple[NDArray[np.str_], NDArray[np.str_]],
    limits: tuple[float, float],
    mass: float,
    rng: np.random.Generator,
) -> PairDecays:
    """Decay τ pairs, and keep those with a pseudomass of three charged hadrons in a range.

    Parameters
    ----------
    pairs
        n of them.
    modes
        Of the τ− and of the τ+ of each pair, shape (n,); one of both has three prongs.
    limits
        Of the true pseudomass, GeV, for a pair without radiation; hadrons are taken for pions, as they are
        in the reconstruction.
    mass
        Of the τ, GeV.
    """
    in_minus = np.isin(modes[0], members("3prong"))
    of_minus = _decayed(pairs, 0, np.flatnonzero(in_minus), modes, limits, mass, rng)
    of_plus = _decayed(pairs, 1, np.flatnonzero(~in_minus), modes, limits, mass, rng)
    index = np.concatenate([of_minus.numbers, of_plus.numbers])
    order = np.argsort(index)
    minus, plus = (TauDecays.joined(parts) for parts in zip(of_minus.decays, of_plus.decays, strict=True))
    return PairDecays(index[order], (minus.rows(order), plus.rows(order)))


def _decayed(
    pairs: UndecayedPairs,
    first: int,
    index: NDArray[np.int64],
    modes: tuple[NDArray[np.str_], NDArray[np.str_]],
    limits: tuple[float, float],
    mass: float,
    rng: np.random.Generator,
) -> PairDecays:
    """Decay the pairs of which the τ− (first = 0) or the τ+ (1) has three prongs, that τ before the other."""
    other = 1 - first
    codes = (TAU, -TAU)
    three = decay_taus(codes[first], modes[first][index], rng, mass=mass)
    taus = pairs.particles.momenta_of(pairs.taus[first][index])
    found = _pseudomass(three, taus, pairs.frame.rows(index), pairs.axes[index])
    kept = np.flatnonzero((found > limits[0]) & (found < limits[1]))
    index, three = index[kept], three.rows(kept)
    correlation = pairs.correlation[index]
    if first == 1:
        correlation = np.transpose(correlation, (0, 2, 1))
    one = decay_taus(codes[other], modes[other][index], rng, mass=mass)
    one = align_spins(three, one, correlation, rng)
    return PairDecays(index, (three, one) if first == 0 else (one, three))


def _pseudomass(decays: TauDecays, taus: FourVector, frame: FourVector, axes: Column) -> Column:
    tau, pdg, momenta = products_in_cm(decays, taus, frame, axes)
    charged = np.isin(np.abs(pdg), CHARGED_HADRONS)
    tau, momenta = tau[charged], momenta.rows(charged)
    pions = FourVector.with_mass(*momenta[:3], PION_MASS)
    sums = (np.bincount(tau, column, len(taus.px)).astype(np.float64) for column in pions)
    return pseudomass(FourVector(*sums), FourVector.single(0.0, 0.0, 0.0, NOMINAL.sqrt_s)).mass
