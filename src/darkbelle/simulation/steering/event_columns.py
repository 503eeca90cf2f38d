"""What columns of a row tell of the whole event: photons, triggers, beams, shapes, what is missing."""

from __future__ import annotations

from typing import Final

import numpy as np

from darkbelle.beams import Beams
from darkbelle.kernels import Thrust, boost_to_rest_frame, event_shapes, libm, recoil, thrust
from darkbelle.simulation.detector import DetectedEvents, DetectorParameters
from darkbelle.simulation.detector.records import Flags, Indices
from darkbelle.simulation.reconstruction import TrackCuts, VisibleParticles, visible_particles
from darkbelle.simulation.steering.columns import Columns
from darkbelle.vectors import FourVector

__all__ = ["event_columns", "shape_columns", "visible_of"]

# like the default lists of basf2's buildEventShape and buildEventKinematics
NEAR: Final = TrackCuts(dr=0.5, dz=3.0)


def event_columns(
    detected: DetectedEvents, event: Indices, detector: DetectorParameters, beams: Beams
) -> Columns:
    """Return ``nTracks``, photon sums and counts, ``L1FTDL(…)`` of every trigger, and the nominal beams.

    Parameters
    ----------
    event
        Index of the event of each row.
    detector
        Says which photons are hard.
    """
    photons, size = detected.photons, len(detected)
    hard = photons.energy > detector.calorimeter.hard_threshold
    energy_sum = np.bincount(photons.event, weights=photons.energy, minlength=size)
    hard_count = np.bincount(photons.event[hard], minlength=size).astype(np.int32)
    constants = {
        "Ecms": beams.sqrt_s,
        "beamE": beams.energy,
        "beamPx": beams.px,
        "beamPy": beams.py,
        "beamPz": beams.pz,
    }
    return {
        "nTracks": detected.tracks.multiplicity[event].astype(np.int32),
        "totalEnergyOfParticlesInList(gamma:all)": energy_sum[event],
        "nParticlesInList(gamma:hard)": hard_count[event],
        **{f"L1FTDL({name})": fired[event].astype(np.float64) for name, fired in detected.triggers.items()},
        **{name: np.full(event.size, value) for name, value in constants.items()},
    }


def visible_of(detected: DetectedEvents, events: Flags, beams: Beams) -> VisibleParticles:
    """Return tracks near the interaction point and all photons of the chosen events; none of others.

    Parameters
    ----------
    events
        Shape (n_events,).
    """
    tracks = NEAR.accepts(detected.tracks, "pion") & events[detected.tracks.event]
    return visible_particles(detected, tracks, events[detected.photons.event], beams)


def shape_columns(
    visible: VisibleParticles, event: Indices, beams: Beams, axis: Thrust | None = None
) -> Columns:
    """Return shapes of whole events, and what is missing in them, by basf2's names.

    ``thrust thrustAxisCosTheta foxWolframR2 sphericity aplanarity`` in the CM, the cosine to the lab's z
    axis turned with the boost; ``visibleEnergyOfEventCMS totalPhotonsEnergyOfEvent
    missingMomentumOfEvent missingMomentumOfEvent_theta missingMomentumOfEventCMS
    missingMomentumOfEventCMS_theta missingEnergyOfEventCMS`` in GeV and rad, and
    ``missingMass2OfEvent`` in GeV². Tracks count as pions.

    Parameters
    ----------
    event
        Index of the event of each row.
    axis
        Thrust of all events, if it is known already.
    """
    axis = thrust(visible.cm, visible.offsets) if axis is None else axis
    shapes = event_shapes(visible.cm, visible.offsets)
    seen = FourVector(*(visible.event_sum(column)[event] for column in visible.lab))
    photons = visible.event_sum(np.where(visible.is_track, 0.0, visible.lab.energy))[event]
    missing = recoil(seen, beams.four_vector)
    missing_lab = beams.four_vector.minus(seen)
    missing_cm = boost_to_rest_frame(missing_lab, beams.four_vector) if event.size else missing_lab
    transverse = np.hypot(missing_cm.px, missing_cm.py)
    return {
        "thrust": axis.value[event],
        "thrustAxisCosTheta": axis.z[event],
        "foxWolframR2": shapes.fox_wolfram_r2[event],
        "sphericity": shapes.sphericity[event],
        "aplanarity": shapes.aplanarity[event],
        "visibleEnergyOfEventCMS": beams.sqrt_s - missing_cm.energy,
        "totalPhotonsEnergyOfEvent": photons,
        "missingMomentumOfEvent": missing.momentum,
        "missingMomentumOfEvent_theta": missing.theta,
        "missingMomentumOfEventCMS": np.hypot(transverse, missing_cm.pz),
        "missingMomentumOfEventCMS_theta": libm.arctan2(transverse, missing_cm.pz),
        "missingEnergyOfEventCMS": missing_cm.energy,
        "missingMass2OfEvent": missing.mass_squared,
    }
