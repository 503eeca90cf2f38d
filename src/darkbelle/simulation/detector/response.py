"""The whole response: generated events in, tracks, photons and trigger bits out."""

from __future__ import annotations

import numpy as np

from darkbelle.beams import NOMINAL, Beams
from darkbelle.errors import SimulationError
from darkbelle.simulation.detector.calorimeter import impact, measure_photons
from darkbelle.simulation.detector.identification import identify
from darkbelle.simulation.detector.parameters import NOMINAL_DETECTOR, DetectorParameters
from darkbelle.simulation.detector.particles import Charged, charge_of
from darkbelle.simulation.detector.passage import passage
from darkbelle.simulation.detector.records import DetectedEvents, Tracks, TrueTracks, offsets_of
from darkbelle.simulation.detector.tracking import find_tracks, measure_tracks
from darkbelle.simulation.detector.trigger import bhabha_veto, cdcklm_trigger, ffo_trigger, full_tracks
from darkbelle.simulation.detector.wires import layers_crossed
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
    impacts = impact(seen.charged, detector)
    is_found = find_tracks(seen.charged, detector, rng)
    found = seen.charged.take(is_found)
    measured = measure_tracks(found, detector, rng)
    likelihoods = identify(found, impacts.hits[is_found], detector, rng)
    photons = measure_photons(events, seen, is_found, impacts, detector, rng)
    full = full_tracks(found, measured, detector, rng)
    offsets = offsets_of(found.event, len(events))
    chamber = detector.drift_chamber
    tracks = Tracks(
        offsets,
        measured.px,
        measured.py,
        measured.pz,
        charge_of(found.pdg),
        measured.helix,
        measured.covariance,
        likelihoods,
        cluster_energy=np.full(len(found), np.nan),
        cdc_hits=layers_crossed(found.birth_radius, measured.outermost, chamber).astype(np.int32),
        full=full,
        truth=_truth(found),
    )
    open_pair = ffo_trigger(offsets, measured.helix.phi0, full, detector.trigger)
    vetoed = bhabha_veto(photons, seen.charged, is_found, impacts, detector.trigger, beams)
    triggers = {
        "ffo": open_pair & ~vetoed,
        "cdcklm1": cdcklm_trigger(offsets, found, full, detector, rng),
    }
    return DetectedEvents(tracks, photons, triggers, events)


def _truth(found: Charged) -> TrueTracks:
    return TrueTracks(
        found.particle,
        found.pdg,
        found.mother_pdg,
        found.primary_pdg,
        found.px,
        found.py,
        found.pz,
        found.secondary,
    )
