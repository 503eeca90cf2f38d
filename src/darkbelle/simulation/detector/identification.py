"""Which kind of particle a track is taken for."""

from __future__ import annotations

import numpy as np

from darkbelle.simulation.detector.parameters import (
    DetectorParameters,
    ElectronIdentification,
    MuonIdentification,
)
from darkbelle.simulation.detector.particles import ELECTRON, MUON, PION, Charged
from darkbelle.simulation.detector.records import Flags
from darkbelle.vectors import Column

__all__ = [
    "electron_probability",
    "identify",
    "in_barrel_klm",
    "muon_probability",
    "reaches_klm",
]


def identify(
    found: Charged, at_calorimeter: Flags, detector: DetectorParameters, rng: np.random.Generator
) -> Column:
    """Draw what tracks are taken for, and likelihoods that say so, shape (n_tracks, 6); they sum to one.

    Each track has one winner, whose ratio is above 1/2: so a cut at 1/2 has exactly the efficiencies
    and misidentifications of the parameters. Cuts elsewhere follow an estimated shape.

    Parameters
    ----------
    found
        The particles behind the tracks.
    at_calorimeter
        Which of them reach the calorimeter.
    """
    drawn = rng.random((5, len(found)))
    pions = detector.electron_identification
    muon = drawn[0] < muon_probability(found, detector.muon_identification)
    electron = ~muon & (
        drawn[1] < electron_probability(found, at_calorimeter, detector.electron_identification)
    )
    is_pion = np.abs(found.pdg) == PION
    pion = ~muon & ~electron & (drawn[2] < np.where(is_pion, pions.pion_efficiency, pions.pion_fake))
    rest = 0.5 * drawn[3] ** detector.muon_identification.sharpness
    # what the winner leaves is shared by two others; a kaon or a proton wins what nobody else does
    more, less = rest * drawn[4], rest * (1 - drawn[4])
    none = np.zeros(len(found))
    muons = np.where(muon, 1 - rest, more)
    electrons = np.where(electron, 1 - rest, np.where(muon, more, less))
    pion_like = np.where(pion, 1 - rest, np.where(muon | electron, less, 0.0))
    kaons = np.clip(1 - muons - electrons - pion_like, 0.0, 1.0)
    return np.stack([electrons, muons, pion_like, kaons, none, none], axis=1)


def muon_probability(charged: Charged, muons: MuonIdentification) -> Column:
    """Return the probability to be taken for a muon.

    A π or K that decays in flight sends its muon into the KLM, where it passes like any muon; those
    that do not decay pass by punch-through or sail-through.
    """
    momentum = charged.momentum
    penetrates = reaches_klm(charged.theta, charged.muon_momentum, charged.muon_angle_sine, muons)
    in_reach = reaches_klm(charged.theta, momentum, charged.transverse / momentum, muons)
    efficiency = muons.efficiency - (muons.efficiency - muons.threshold_efficiency) * _beyond(
        charged.muon_momentum, muons.efficiency_scale, muons
    )
    fake = muons.hadron_fake + (muons.threshold_hadron_fake - muons.hadron_fake) * _beyond(
        momentum, muons.hadron_fake_scale, muons
    )
    fake = np.where(np.abs(charged.pdg) == ELECTRON, muons.electron_fake, fake)
    return np.where(penetrates, efficiency, np.where(in_reach, fake, muons.outside))


def _beyond(momentum: Column, scale: float, muons: MuonIdentification) -> Column:
    return np.exp(-np.maximum(momentum - muons.barrel_momentum, 0.0) / scale)


def reaches_klm(theta: Column, momentum: Column, sine: Column, muons: MuonIdentification) -> Flags:
    """Return which tracks point to the KLM and have the momentum to reach it, if muons."""
    degrees = np.rad2deg(theta)
    barrel = in_barrel_klm(theta, muons) & (momentum * sine > muons.barrel_momentum)
    forward = (degrees > muons.forward[0]) & (degrees < muons.forward[1])
    backward = (degrees > muons.backward[0]) & (degrees < muons.backward[1])
    return barrel | ((forward | backward) & (momentum > muons.endcap_momentum))


def in_barrel_klm(theta: Column, muons: MuonIdentification) -> Flags:
    """Return which tracks point to the barrel of the KLM."""
    degrees = np.rad2deg(theta)
    return (degrees > muons.barrel[0]) & (degrees < muons.barrel[1])


def electron_probability(
    charged: Charged, at_calorimeter: Flags, electrons: ElectronIdentification
) -> Column:
    """Return the probability to be taken for an electron, of tracks that are not taken for a muon."""
    codes = np.abs(charged.pdg)
    slow = charged.momentum < electrons.change
    hadron = np.where(slow, electrons.slow_hadron_fake, electrons.hadron_fake)
    true = np.where(at_calorimeter, electrons.efficiency, electrons.outside)
    return np.select([codes == ELECTRON, codes == MUON], [true, electrons.muon_fake], hadron)
