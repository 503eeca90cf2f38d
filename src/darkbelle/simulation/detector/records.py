"""What the detector saw: tracks and photons as columns, event by event, with links to the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from darkbelle.vectors import Column, FourVector

__all__ = ["DetectedEvents", "Photons", "Tracks", "TrueTracks", "offsets_of"]

Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class TrueTracks:
    """The particle behind each track, shape (n_tracks,).

    It is the one that left most of the hits: the muon of π → μν where the pion decayed too early to
    be the track.

    Parameters
    ----------
    particle
        Index of the generated particle it is or stems from.
    pdg, mother_pdg
        Of the particle that left the hits, and of its mother: 0 if from the collision.
    primary_pdg
        Of the generated particle.
    px, py, pz
        True momentum at its birth, GeV, lab.
    secondary
        Born in the detector: from a decay in flight or a converted photon.
    """

    particle: Indices
    pdg: Codes
    mother_pdg: Codes
    primary_pdg: Codes
    px: Column
    py: Column
    pz: Column
    secondary: Flags


@dataclass(frozen=True)
class Tracks:
    """Reconstructed tracks, at their point of closest approach to the z axis.

    Columns have shape (n_tracks,).

    Parameters
    ----------
    offsets
        Shape (n_events + 1,): tracks ``offsets[i]`` up to ``offsets[i + 1]`` are event i's.
    px, py, pz
        GeV, lab.
    charge
        ±1.
    dr, dz
        Transverse distance (not negative) and longitudinal position relative to the interaction
        point, cm.
    muon_id, electron_id, pion_id
        Of likelihood-ratio type: in [0, 1], their sum at most 1.
    full
        Seen by the first-level trigger as a full track.
    truth
        The particles behind the tracks.
    """

    offsets: Indices
    px: Column
    py: Column
    pz: Column
    charge: NDArray[np.int8]
    dr: Column
    dz: Column
    muon_id: Column
    electron_id: Column
    pion_id: Column
    full: Flags
    truth: TrueTracks

    def __len__(self) -> int:
        return len(self.px)

    @property
    def multiplicity(self) -> Indices:
        """Number of tracks of each event, shape (n_events,)."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Photons:
    """Clusters without a track, above the calorimeter's threshold.

    Columns have shape (n_photons,).

    Parameters
    ----------
    offsets
        Shape (n_events + 1,): photons ``offsets[i]`` up to ``offsets[i + 1]`` are event i's.
    energy
        GeV.
    theta, phi
        Direction from the interaction point, rad, lab.
    particle
        Index of the generated particle with the most energy in it, -1 for beam background.
    """

    offsets: Indices
    energy: Column
    theta: Column
    phi: Column
    particle: Indices

    def __len__(self) -> int:
        return len(self.energy)

    @property
    def event(self) -> Indices:
        """Index of the event that each photon belongs to, shape (n_photons,)."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    @property
    def momenta(self) -> FourVector:
        """Four-momenta, GeV, lab, shape (n_photons,)."""
        transverse = self.energy * np.sin(self.theta)
        return FourVector(
            transverse * np.cos(self.phi),
            transverse * np.sin(self.phi),
            self.energy * np.cos(self.theta),
            self.energy,
        )


@dataclass(frozen=True)
class DetectedEvents:
    """The reconstructed events: one entry for each generated event, seen or not.

    ``trigger_ffo`` and ``trigger_cdcklm`` have shape (n_events,).
    """

    tracks: Tracks
    photons: Photons
    trigger_ffo: Flags
    trigger_cdcklm: Flags

    def __len__(self) -> int:
        return len(self.trigger_ffo)


def offsets_of(events: Indices, size: int) -> Indices:
    """Return offsets for objects in event order, shape (size + 1,), from the event of each object."""
    return np.concatenate([[0], np.cumsum(np.bincount(events, minlength=size))]).astype(np.int64)
