"""Which kind of particle a track is taken for."""

from __future__ import annotations

from typing import NamedTuple

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
    "Identification",
    "electron_probability",
    "identify",
    "in_barrel_klm",
    "muon_probability",
    "reaches_klm",
]


class Identification(NamedTuple):
    """Likelihood ratios in [0, 1], shape (n_tracks,); their sum is at most 1."""

    muon_id: Column
    electron_id: Column
    pion_id: Column


def identify(
    found: Charged, at_calorimeter: Flags, detector: DetectorParameters, rng: np.random.Generator
) -> Identification:
    """Draw what tracks are taken for, and likelihood ratios that say so.

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
    # what the winner leaves is shared by the other two; the winner may be a kaon or a proton
    more, less = rest * drawn[4], rest * (1 - drawn[4])
    return Identification(
        muon_id=np.where(muon, 1 - rest, more),
        electron_id=np.where(electron, 1 - rest, np.where(muon, more, less)),
        pion_id=np.where(pion, 1 - rest, np.where(muon | electron, less, 0.0)),
    )


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
