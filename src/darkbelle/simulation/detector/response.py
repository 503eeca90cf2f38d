"""The whole response: generated events in, tracks, photons and trigger bits out."""

from __future__ import annotations

import numpy as np

from darkbelle.beams import NOMINAL, Beams
from darkbelle.errors import SimulationError
from darkbelle.simulation.detector.calorimeter import measure_clusters
from darkbelle.simulation.detector.face import impact
from darkbelle.simulation.detector.identification import identify
from darkbelle.simulation.detector.parameters import NOMINAL_DETECTOR, DetectorParameters
from darkbelle.simulation.detector.particles import Charged
from darkbelle.simulation.detector.passage import passage
from darkbelle.simulation.detector.records import DetectedEvents, Tracks, TrueTracks, offsets_of
from darkbelle.simulation.detector.track_fit import follow
from darkbelle.simulation.detector.tracking import find_tracks, measure_tracks
from darkbelle.simulation.detector.trigger import (
    bhabha_veto,
    cdcklm_trigger,
    fff_trigger,
    ffo_trigger,
    full_tracks,
    hie_trigger,
    stt_trigger,
)
from darkbelle.simulation.events import GeneratedEvents

__all__ = ["detect"]


def detect(
    events: GeneratedEvents,
    rng: np.random.Generator,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> DetectedEvents:
    """Return what the detector sees of events.

    Parameters
    ----------
    events
        In the lab.
    rng
        All random numbers are drawn from it in one order: the same state gives the same answer.
    detector
        The numbers of the model.
    beams
        The trigger takes energies in their rest frame.

    Raises
    ------
    SimulationError
        The events are not in the lab.
    """
    if events.frame != "lab":
        raise SimulationError(
            f"the detector needs events in the lab, got the {events.frame} frame; call place_in_lab first"
        )
    seen = passage(events, detector, rng)
    courses = follow(seen.charged, detector)
    impacts = impact(seen.charged, detector)
    is_found = find_tracks(seen.charged, courses, detector.tracking, rng)
    rows = np.flatnonzero(is_found)
    found, courses = seen.charged.take(rows), courses.take(rows)
    measured = measure_tracks(courses, detector, rng)
    likelihoods = identify(found, impacts.hits[is_found], courses.wires, detector, rng)
    photons, cluster_energy = measure_clusters(events, seen, is_found, impacts, detector, rng)
    full = full_tracks(found, courses, detector, rng)
    offsets = offsets_of(found.event, len(events))
    tracks = Tracks(
        offsets,
        measured.px,
        measured.py,
        measured.pz,
        np.sign(measured.helix.omega).astype(np.int8),
        measured.helix,
        measured.covariance,
        likelihoods,
        cluster_energy=cluster_energy,
        cdc_hits=courses.wires.astype(np.int32),
        full=full,
        truth=_truth(found),
    )
    vetoed = bhabha_veto(photons, seen.charged, is_found, impacts, detector.trigger, beams)
    triggers = {
        "ffo": ffo_trigger(offsets, measured.helix.phi0, full, detector.trigger) & ~vetoed,
        "fff": fff_trigger(offsets, full),
        "stt": stt_trigger(tracks, detector.trigger, rng) & ~vetoed,
        "hie": hie_trigger(photons, tracks, impacts.theta[is_found], detector.trigger, rng) & ~vetoed,
        "cdcklm1": cdcklm_trigger(offsets, found, full, detector, rng),
    }
    return DetectedEvents(tracks, photons, triggers, events)


def _truth(found: Charged) -> TrueTracks:
    before = 1 + found.radiated / found.momentum
    return TrueTracks(
        found.particle,
        found.pdg,
        found.mother_pdg,
        found.primary_pdg,
        found.px * before,
        found.py * before,
        found.pz * before,
        found.secondary,
    )
