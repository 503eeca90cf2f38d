"""What the detector saw: tracks and photons as columns, event by event, with links to the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.kernels import libm
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.vectors import Column, FourVector

__all__ = ["KINDS", "DetectedEvents", "Helix", "Kind", "Photons", "Tracks", "TrueTracks", "offsets_of"]

Kind = Literal["electron", "muon", "pion", "kaon", "proton", "deuteron"]
KINDS: Final[tuple[Kind, ...]] = ("electron", "muon", "pion", "kaon", "proton", "deuteron")

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


class Helix(NamedTuple):
    """Parameters of tracks at their point of closest approach to the z axis, as in basf2; shape (n_tracks,).

    Attributes
    ----------
    d0, z0
        Signed transverse distance and longitudinal position, cm.
    phi0
        Azimuth of the momentum, rad.
    omega
        Curvature, 1/cm, of the sign of the charge.
    tan_lambda
        Tangent of the dip angle, pz/pT.
    """

    d0: Column
    phi0: Column
    omega: Column
    z0: Column
    tan_lambda: Column


@dataclass(frozen=True)
class Tracks:
    """Reconstructed tracks, at their point of closest approach to the z axis.

    Columns have shape (n_tracks,).

    Parameters
    ----------
    offsets
        Shape (n_events + 1,): tracks ``offsets[i]`` up to ``offsets[i + 1]`` are event i's.
    px, py, pz
        GeV, lab, at the perigee.
    charge
        ±1.
    helix
        What was measured.
    covariance
        Shape (n_tracks, 5, 5), in the order of `Helix`.
    likelihoods
        Shape (n_tracks, 6): of e, μ, π, K, p and d, each divided by the sum of the six.
    cluster_energy
        Of the track's cluster in the calorimeter, GeV; NaN if it has none.
    cdc_hits
        Hits in the drift chamber.
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
    helix: Helix
    covariance: Column
    likelihoods: Column
    cluster_energy: Column
    cdc_hits: Codes
    full: Flags
    truth: TrueTracks

    @property
    def event(self) -> Indices:
        """Index of the event that each track belongs to, shape (n_tracks,)."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.multiplicity)

    @property
    def dr(self) -> Column:
        """Transverse distance to the interaction point, cm, not negative."""
        return np.abs(self.helix.d0)

    @property
    def dz(self) -> Column:
        """Longitudinal position relative to the interaction point, cm."""
        return self.helix.z0

    def identified_as(self, kind: Kind) -> Column:
        """Return the likelihood ratio of one kind to all six, in [0, 1]: basf2's electronID and so on."""
        return self.likelihoods[:, KINDS.index(kind)]

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
        transverse = self.energy * libm.sin(self.theta)
        return FourVector(
            transverse * libm.cos(self.phi),
            transverse * libm.sin(self.phi),
            self.energy * libm.cos(self.theta),
            self.energy,
        )


@dataclass(frozen=True)
class DetectedEvents:
    """The reconstructed events: one entry for each generated event, seen or not.

    Parameters
    ----------
    tracks, photons
        What was reconstructed.
    triggers
        First-level triggers by their name in basf2, which of them fired, shape (n_events,).
    generated
        The events in the lab, for the truth behind it.
    """

    tracks: Tracks
    photons: Photons
    triggers: Mapping[str, Flags]
    generated: GeneratedEvents

    def __len__(self) -> int:
        return len(self.generated)


def offsets_of(events: Indices, size: int) -> Indices:
    """Return offsets for objects in event order, shape (size + 1,), from the event of each object."""
    return np.concatenate([[0], np.cumsum(np.bincount(events, minlength=size))]).astype(np.int64)
