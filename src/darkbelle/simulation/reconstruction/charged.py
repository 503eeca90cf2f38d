"""Lists of charged particles: tracks with a hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from darkbelle.constants import ELECTRON_MASS, KAON_MASS, MUON_MASS, PION_MASS, PROTON_MASS
from darkbelle.simulation.detector import DetectedEvents, Tracks
from darkbelle.simulation.detector.records import Flags, Indices, Kind
from darkbelle.simulation.reconstruction.particle_list import ParticleList
from darkbelle.simulation.reconstruction.track_errors import mc_errors
from darkbelle.vectors import FourVector

__all__ = ["HYPOTHESES", "MASSES", "TrackCuts", "charged_list", "charged_particles"]

# code of the positive particle
HYPOTHESES: Final[dict[Kind, int]] = {
    "electron": -11,
    "muon": -13,
    "pion": 211,
    "kaon": 321,
    "proton": 2212,
}
MASSES: Final[dict[Kind, float]] = {
    "electron": ELECTRON_MASS,
    "muon": MUON_MASS,
    "pion": PION_MASS,
    "kaon": KAON_MASS,
    "proton": PROTON_MASS,
}


@dataclass(frozen=True)
class TrackCuts:
    """Which tracks are taken into a list.

    Parameters
    ----------
    dr, dz
        Largest distances to the interaction point, cm.
    momentum
        Least momentum, GeV.
    identification
        Least likelihood ratio of the hypothesis.
    """

    dr: float = np.inf
    dz: float = np.inf
    momentum: float = 0.0
    identification: float = 0.0

    def accepts(self, tracks: Tracks, kind: Kind) -> Flags:
        """Return which tracks pass."""
        momentum = np.sqrt(tracks.px**2 + tracks.py**2 + tracks.pz**2)
        near = (tracks.dr < self.dr) & (np.abs(tracks.dz) < self.dz)
        return near & (momentum > self.momentum) & (tracks.identified_as(kind) >= self.identification)


def charged_list(detected: DetectedEvents, kind: Kind, cuts: TrackCuts) -> ParticleList:
    """Return the tracks that pass cuts, with the mass of a hypothesis."""
    return charged_particles(detected, kind, np.flatnonzero(cuts.accepts(detected.tracks, kind)))


def charged_particles(detected: DetectedEvents, kind: Kind, rows: Indices) -> ParticleList:
    """Return tracks, given by their rows, with the mass of a hypothesis."""
    tracks = detected.tracks
    positive = HYPOTHESES[kind]
    charge = tracks.charge[rows]
    of_positive, of_negative = (mc_errors(tracks.truth, code)[rows] for code in (positive, -positive))
    matched = tracks.truth.particle[rows]
    return ParticleList(
        pdg=positive,
        self_conjugate=False,
        event=tracks.event[rows],
        sign=charge,
        momenta=FourVector.with_mass(tracks.px[rows], tracks.py[rows], tracks.pz[rows], MASSES[kind]),
        tracks=rows[:, None],
        photons=np.zeros((len(rows), 0), dtype=np.int64),
        daughters=(),
        matched=matched,
        mc_errors=np.where(charge > 0, of_positive, of_negative),
        chain=matched[:, None],
    )
