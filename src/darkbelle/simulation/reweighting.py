r"""Weights that turn a sample into what another hypothesis would have given.

Each function takes truth columns and returns one weight an event. A weight is a ratio of densities, so it
is right only where the sample has events: `effective_size` says what a reweighted sample is worth, and
`DensityRatio` refuses what its sample does not cover.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError, SimulationError
from darkbelle.kernels import libm
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.lepton_alpha import SIGNS, Chirality
from darkbelle.simulation.tau_modes import MODES, mode_numbers
from darkbelle.vectors import Column

__all__ = [
    "DensityRatio",
    "branching_fraction_weights",
    "chirality_weights",
    "effective_size",
    "form_factor_weights",
    "lifetime_weights",
    "mass_window_weights",
    "proper_lengths",
    "tau_mode_columns",
    "true_masses",
]

MASS_WINDOW = 0.06  # GeV²: x of τ → lα, measured to 0.1 or so, spreads by 0.011
LEAST_COVERED = 0.98  # of the wanted density, where the sample has events
FEWEST_IN_BIN = 10


def effective_size(weights: Column) -> float:
    r"""Return :math:`(\sum w)^2/\sum w^2`, the number of events of weight 1 that are worth as much.

    >>> effective_size(np.array([1.0, 1.0, 2.0]))
    2.6666666666666665
    """
    return float(np.sum(weights) ** 2 / np.sum(weights**2))


def lifetime_weights(proper_length: Column, made: float, wanted: float) -> Column:
    r"""Return :math:`\frac{L_0}{L}\,e^{-l/L+l/L_0}`, the ratio of two exponential densities.

    For a wanted length more than twice the one the sample was made with the variance is infinite: make it
    with a length near the largest that is wanted.

    Parameters
    ----------
    proper_length
        True proper decay length l of the particle, cm, shape (n,), as of `proper_lengths`.
    made, wanted
        Mean proper lengths cτ, cm: of the sample, and of the hypothesis.

    Raises
    ------
    ConfigurationError
        A length is not positive, or the wanted one is twice the other or more.
    """
    if not 0.0 < wanted < 2.0 * made:
        raise ConfigurationError(
            f"a sample made with cτ = {made} cm can be reweighted to any length below {2.0 * made} cm, where "
            f"the weights' variance is finite, got {wanted} cm"
        )
    weights: Column = made / wanted * libm.exp(proper_length * (1.0 / made - 1.0 / wanted))
    return weights


def branching_fraction_weights(
    modes: NDArray[np.integer], made: Mapping[str, float], wanted: Mapping[str, float]
) -> Column:
    """Return the product of the ratios of branching fractions of the decays of each event.

    Parameters
    ----------
    modes
        Shape (n,) or (n, k): numbers of the τ decay modes, as of `tau_mode_columns`; −1 weighs 1.
    made, wanted
        Branching fractions of all modes, as of `darkbelle.simulation.tau_modes.branching_fractions`.

    Raises
    ------
    ConfigurationError
        A mode that is wanted was not made.
    """
    for name in MODES:
        if made[name] == 0.0 and wanted[name] > 0.0:
            raise ConfigurationError(
                f"the sample was made without the mode {name!r}, which is wanted with {wanted[name]}: no "
                "weight can bring it back"
            )
    ratios = [wanted[name] / made[name] if made[name] > 0.0 else 0.0 for name in MODES]
    factors = np.array([*ratios, 1.0])[modes]
    weights: Column = np.prod(factors.reshape(len(modes), -1), axis=1)
    return weights


def form_factor_weights(
    q_squared: Column, made: Callable[[Column], Column], wanted: Callable[[Column], Column]
) -> Column:
    """Return the squared ratio of two form factors, functions of q² in GeV², shape (n,).

    The mean of the weights is the ratio of the rates.
    """
    weights: Column = np.abs(wanted(q_squared) / made(q_squared)) ** 2
    return weights


def chirality_weights(asymmetry: Column, made: Chirality, wanted: Chirality) -> Column:
    """Return the weights that make a sample of τ → lα one with a coupling of another chirality.

    Photons of muons are a hundredth more or fewer with another chirality, which is left out.

    Parameters
    ----------
    asymmetry
        ``genLeftHandedAsymmetry`` of the steering ``tau_3x1``, shape (n,), −1 to 1.
    made, wanted
        ``"isotropic"``, ``"V-A"`` or ``"V+A"``. From V∓A to the other the weights have no finite variance
        for light leptons: make the sample isotropic.

    Raises
    ------
    ConfigurationError
        The sample was made with a chirality, and another one is wanted.
    """
    if made not in {"isotropic", wanted}:
        raise ConfigurationError(
            f"a sample made with {made} cannot be weighted to {wanted}: where the one has few events the "
            "other has many; make it isotropic"
        )
    weights: Column = 1.0 - (SIGNS[wanted] - SIGNS[made]) * asymmetry
    return weights


def mass_window_weights(
    mass: Column, made: tuple[float, float], wanted: float, half_width: float = MASS_WINDOW
) -> Column:
    r"""Return weights that take the events of a window about a mass out of a sample of many masses.

    Parameters
    ----------
    mass
        True mass of each event, GeV, shape (n,), even in its square: as τ → lα makes it.
    made
        Least and largest mass of the sample, GeV.
    wanted
        Mass of the hypothesis, GeV.
    half_width
        Of the window of squared masses about its square, GeV². The energy of the lepton in τ → lα is linear
        in the square, so the mean stays, and x spreads by :math:`h/\sqrt3 m_\tau^2`.

    Raises
    ------
    ConfigurationError
        The window reaches beyond the sample.
    """
    least, largest = (edge**2 for edge in made)
    if not (half_width > 0.0 and least <= wanted**2 - half_width and wanted**2 + half_width <= largest):
        lowest, highest = math.sqrt(least + half_width), math.sqrt(max(largest - half_width, 0.0))
        raise ConfigurationError(
            f"a window of ±{half_width} GeV² about the mass {wanted} GeV reaches beyond the sample of masses "
            f"{made[0]} to {made[1]} GeV; masses from {lowest:.3f} to {highest:.3f} GeV can be had"
        )
    inside = np.abs(mass**2 - wanted**2) < half_width
    return np.where(inside, (largest - least) / (2.0 * half_width), 0.0)


@dataclass(frozen=True)
class DensityRatio:
    """The ratio of the densities of an observable under two hypotheses, in bins.

    For what has no closed form, such as the mass of α in τ → lα: in the rest frame of the τ the lepton's
    energy is one number, and two masses have nothing in common. What is measured is smeared by the
    unknown direction of the τ, so neighbouring masses overlap; far ones do not, and are refused.

    Parameters
    ----------
    edges
        Of the bins, rising, shape (n + 1,).
    ratio
        Shape (n,), 0 where neither has events.
    covered
        Share of the wanted density that lies where the sample has events.
    """

    edges: Column
    ratio: Column
    covered: float

    @classmethod
    def of(cls, made: Column, wanted: Column, edges: Column) -> DensityRatio:
        """Return the ratio from the observable in a sample as made, and in one as wanted.

        Raises
        ------
        SimulationError
            Less than 98 % of the wanted density lies in bins where the sample has ten events or more.
        """
        counts = np.histogram(made, edges)[0]
        target = np.histogram(wanted, edges)[0] / len(wanted)
        has_events = counts >= FEWEST_IN_BIN
        covered = float(target[has_events].sum())
        if covered < LEAST_COVERED:
            raise SimulationError(
                f"the sample covers {covered:.1%} of the wanted density, expected at least "
                f"{LEAST_COVERED:.0%}: make a sample nearer to it, or take wider bins"
            )
        density = counts / len(made)
        return cls(edges, np.where(has_events, target / np.where(has_events, density, 1.0), 0.0), covered)

    def weights(self, observable: Column) -> Column:
        """Return the weight of each event, 0 outside the bins."""
        index = np.searchsorted(self.edges, observable, side="right") - 1
        inside = (index >= 0) & (index < len(self.ratio))
        weights: Column = np.where(inside, self.ratio[np.clip(index, 0, len(self.ratio) - 1)], 0.0)
        return weights


def proper_lengths(events: GeneratedEvents, pdg: int) -> Column:
    """Return the true proper decay length of the first ancestor of a code in each event, cm, shape (n,).

    NaN where there is none. Where a particle, or its mother, decays to what decays in turn, it is taken to
    do so when the first of these does: right where one of them is a resonance.

    Parameters
    ----------
    events
        In either frame: times count from the collision in both.
    pdg
        PDG code, of either charge.
    """
    ancestors = events.ancestors
    event = np.repeat(np.arange(len(events)), np.diff(ancestors.offsets))
    mother = ancestors.row(event, ancestors.mother)
    decay_time = _decay_times(events, mother)
    born_time = np.append(decay_time, 0.0)[mother]
    momenta = events.ancestor_momenta()
    mass = np.sqrt(np.maximum(momenta.mass_squared(), 0.0))
    chosen = np.flatnonzero(np.abs(ancestors.pdg) == abs(pdg))[::-1]  # the first of an event comes last
    lengths = np.full(len(events), np.nan)
    flight = decay_time[chosen] - born_time[chosen]
    lengths[event[chosen]] = flight * mass[chosen] / momenta.energy[chosen]
    return lengths


def true_masses(events: GeneratedEvents, pdg: int) -> Column:
    """Return the mass of the first ancestor of a code in each event, GeV, NaN without one, shape (n,)."""
    ancestors = events.ancestors
    event = np.repeat(np.arange(len(events)), np.diff(ancestors.offsets))
    chosen = np.flatnonzero(np.abs(ancestors.pdg) == abs(pdg))[::-1]  # the first of an event comes last
    masses = np.full(len(events), np.nan)
    squared = events.ancestor_momenta().mass_squared()[chosen]
    masses[event[chosen]] = np.sqrt(np.maximum(squared, 0.0))
    return masses


def _decay_times(events: GeneratedEvents, mother: NDArray[np.int64]) -> Column:
    """Return when each ancestor decays, cm, from the births of what comes of it; shape (n_ancestors,)."""
    times = np.full(len(mother), np.nan)
    row = events.mother_row
    times[row[row >= 0]] = events.t[row >= 0]
    while (open_ := np.isnan(times)).any():
        waiting = np.bincount(mother[open_ & (mother >= 0)], minlength=len(mother)) > 0
        ready = open_ & ~waiting
        told = np.flatnonzero((mother >= 0) & np.append(ready, False)[mother])
        np.fmin.at(times, mother[told], times[told])
    return times


def tau_mode_columns(events: GeneratedEvents) -> dict[str, NDArray[Any]]:
    """Return the number of the decay mode of the first τ− and the first τ+ of each event, as truth columns.

    Numbers count `darkbelle.simulation.tau_modes.MODES` from 0; −1 for no τ or another decay. The columns,
    ``genTauMinusMode`` and ``genTauPlusMode``, have the shape (n,).
    """
    ancestors = events.ancestors
    size = len(ancestors.pdg)
    event = np.repeat(np.arange(len(events)), np.diff(ancestors.offsets))
    mothers = np.concatenate([events.mother_row, ancestors.row(event, ancestors.mother)])
    codes = np.concatenate([events.pdg, ancestors.pdg])
    order = np.argsort(mothers, kind="stable")
    order = order[mothers[order] >= 0]
    mothers, codes = mothers[order], codes[order]
    counts = np.bincount(mothers, minlength=size)
    within = np.arange(len(mothers)) - np.repeat(np.cumsum(counts) - counts, counts)
    products = np.zeros((size, int(counts.max(initial=1))), dtype=np.int64)
    products[mothers, within] = codes
    columns = {}
    for name, pdg in (("genTauMinusMode", 15), ("genTauPlusMode", -15)):
        taus = np.flatnonzero(ancestors.pdg == pdg)[::-1]
        modes = np.full(len(events), -1, dtype=np.int32)
        modes[event[taus]] = mode_numbers(products[taus])
        columns[name] = modes
    return columns
