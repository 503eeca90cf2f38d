"""What charged particles leave in the calorimeter: ionisation, hadronic showers and their split-offs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.simulation.detector.parameters import Calorimeter
from darkbelle.simulation.detector.particles import ELECTRON, MUON, Charged
from darkbelle.simulation.detector.records import Flags
from darkbelle.vectors import Column

__all__ = ["Deposits", "deposits"]


class Deposits(NamedTuple):
    """Energy in GeV in the cluster of each particle and in a split-off, 0 if none; both before resolution."""

    energy: Column
    split_off: Column


def deposits(charged: Charged, calorimeter: Calorimeter, rng: np.random.Generator) -> Deposits:
    """Draw what particles that reach the calorimeter leave in it.

    Electrons leave all. Others ionise, with a tail upwards; part of the hadrons interact, and leave a
    share of their energy instead, some of it in a cluster apart.
    """
    size, momentum = len(charged), charged.momentum
    codes = np.abs(charged.pdg)
    ionised = calorimeter.minimum_ionising * (1 + calorimeter.ionisation_width * rng.gumbel(size=size))
    drawn = rng.random((3, size))
    hadron = (codes != ELECTRON) & (codes != MUON)
    interacts: Flags = hadron & (drawn[0] < calorimeter.interaction_probability)
    share = rng.beta(*calorimeter.shower_share, size=size)
    # before it interacts, anywhere in the depth, a hadron ionises
    shower = drawn[1] * ionised + share * momentum
    energy = np.where(codes == ELECTRON, momentum, np.where(interacts, shower, ionised))
    splits = interacts & (drawn[2] < calorimeter.split_off_probability)
    apart = np.where(splits, rng.exponential(calorimeter.split_off_energy, size), 0.0)
    split_off = np.minimum(apart, 0.5 * energy)
    return Deposits(np.minimum(energy, momentum) - np.minimum(split_off, momentum), split_off)
