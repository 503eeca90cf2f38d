"""Lists of photons, and of π0 → γγ."""

from __future__ import annotations

from typing import Final

import numpy as np

from darkbelle.simulation.detector import DetectedEvents
from darkbelle.simulation.detector.records import Codes
from darkbelle.simulation.reconstruction.combination import Daughter, combine
from darkbelle.simulation.reconstruction.particle_list import ParticleList
from darkbelle.simulation.reconstruction.track_errors import MISIDENTIFIED
from darkbelle.simulation.reconstruction.truth_tree import INTERNAL_ERROR, TruthTree

__all__ = ["PI_ZERO_WINDOW", "neutral_pions", "photon_list"]

PI_ZERO_WINDOW: Final = (0.115, 0.150)  # GeV: some three resolutions, and the tail of leaked energy
PHOTON, NEUTRAL_PION = 22, 111


def photon_list(detected: DetectedEvents, energy: float) -> ParticleList:
    """Return the photons above an energy in GeV, as from the interaction point."""
    photons, pdg = detected.photons, detected.generated.pdg
    rows = np.flatnonzero(photons.energy > energy)
    matched = photons.particle[rows]
    is_photon = np.append(pdg, np.int32(0))[matched] == PHOTON
    errors: Codes = np.where(is_photon, 0, np.where(matched >= 0, MISIDENTIFIED, INTERNAL_ERROR)).astype(
        np.int32
    )
    return ParticleList(
        pdg=PHOTON,
        self_conjugate=True,
        event=photons.event[rows],
        sign=np.ones(len(rows), dtype=np.int8),
        momenta=photons.momenta.rows(rows),
        tracks=np.zeros((len(rows), 0), dtype=np.int64),
        photons=rows[:, None],
        daughters=(),
        matched=matched,
        mc_errors=errors,
        chain=matched[:, None],
    )


def neutral_pions(
    detected: DetectedEvents,
    truth: TruthTree,
    *,
    photon_energy: float,
    mass: tuple[float, float] = PI_ZERO_WINDOW,
) -> ParticleList:
    """Return all pairs of photons in a window of mass.

    Parameters
    ----------
    photon_energy
        Least energy of both photons, GeV.
    mass
        Window, GeV.
    """
    photons = Daughter(photon_list(detected, photon_energy), 0)
    return combine(NEUTRAL_PION, (photons, photons), truth, self_conjugate=True, mass=mass)
