"""All that was seen of an event, as one list of momenta: what event shapes are made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.beams import Beams
from darkbelle.constants import PION_MASS
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.detector import DetectedEvents
from darkbelle.simulation.detector.records import Flags, Indices
from darkbelle.vectors import Column, FourVector

__all__ = ["VisibleParticles", "visible_particles"]


class VisibleParticles(NamedTuple):
    """Tracks, taken for pions, and photons of all events, event by event, the tracks of each first.

    Attributes
    ----------
    offsets
        Shape (n_events + 1,).
    lab, cm
        Four-momenta, GeV, shape (n,).
    is_track
        Shape (n,).
    row
        Of the track or photon, shape (n,).
    """

    offsets: Indices
    lab: FourVector
    cm: FourVector
    is_track: Flags
    row: Indices

    def event_sum(self, values: Column) -> Column:
        """Return the sums of a column by event, shape (n_events,)."""
        size = len(self.offsets) - 1
        event = np.repeat(np.arange(size), np.diff(self.offsets))
        return np.bincount(event, weights=values, minlength=size).astype(np.float64)


def visible_particles(
    detected: DetectedEvents, tracks: Flags, photons: Flags, beams: Beams
) -> VisibleParticles:
    """Return the chosen tracks and photons of all events.

    Parameters
    ----------
    tracks, photons
        Which are taken, shapes (n_tracks,) and (n_photons,).
    """
    of_track, of_photon = np.flatnonzero(tracks), np.flatnonzero(photons)
    seen = detected.tracks
    charged = FourVector.with_mass(seen.px[of_track], seen.py[of_track], seen.pz[of_track], PION_MASS)
    neutral = FourVector(*(column[of_photon] for column in detected.photons.momenta))
    event = np.concatenate([seen.event[of_track], detected.photons.event[of_photon]])
    order = np.argsort(event, kind="stable")
    lab = FourVector(*(np.concatenate(pair)[order] for pair in zip(charged, neutral, strict=True)))
    counts = np.bincount(event, minlength=len(detected))
    cm = boost_to_rest_frame(lab, beams.four_vector) if len(event) else lab
    return VisibleParticles(
        np.concatenate([[0], np.cumsum(counts)]),
        lab,
        cm,
        order < len(of_track),
        np.concatenate([of_track, of_photon])[order],
    )
