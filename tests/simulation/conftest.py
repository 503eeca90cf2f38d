"""Events made by hand, and a detector that sees all of them as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from darkbelle.simulation.detector import DetectedEvents, Photons, Tracks, TrueTracks
from darkbelle.simulation.detector.helix import curvature_radius, perigee
from darkbelle.simulation.detector.records import KINDS, Helix, offsets_of
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.particles import Particles
from darkbelle.vectors import FourVector

# code, momentum, and the row of the mother, which stands before it; None for one from the collision
Row = tuple[int, tuple[float, float, float], int | None]
ByHand = Callable[..., DetectedEvents]

MASSES = {11: 0.000511, 13: 0.1056583755, 211: 0.13957039, 321: 0.493677, 2212: 0.93827, 22: 0.0}
FIELD = 1.5


@pytest.fixture
def by_hand() -> ByHand:
    """Return a function from lists of particles, a list an event, to events that were seen perfectly.

    Momenta of particles that others stem from do not matter. All come from the origin, or from
    ``vertices``, a point in cm for each row of each event.
    """
    return _seen


def _seen(
    *events: Sequence[Row], vertices: Sequence[Sequence[Sequence[float]]] | None = None
) -> DetectedEvents:
    return perfect(_generated(events, vertices))


def _generated(
    events: Sequence[Sequence[Row]], vertices: Sequence[Sequence[Sequence[float]]] | None
) -> GeneratedEvents:
    rows = [(number, *row) for number, event in enumerate(events) for row in event]
    starts = np.cumsum([0, *(len(event) for event in events)])
    px, py, pz = np.array([row[2] for row in rows], dtype=float).reshape(-1, 3).T
    codes = np.array([row[1] for row in rows], dtype=np.int32)
    masses = np.array([MASSES.get(abs(int(code)), 1.0) for code in codes])
    mothers = np.array([-1 if row[3] is None else starts[row[0]] + row[3] for row in rows], dtype=np.int64)
    decayed = np.isin(np.arange(len(rows)), mothers)
    points = np.zeros((len(rows), 4))
    if vertices is not None:
        points[:, :3] = np.concatenate([np.asarray(of_event) for of_event in vertices])
    event = np.array([row[0] for row in rows], dtype=np.int64)
    particles = Particles(event, codes, FourVector.with_mass(px, py, pz, masses), points, mothers, decayed)
    return particles.into_events(len(events), "lab")


def perfect(events: GeneratedEvents) -> DetectedEvents:
    """Return events of which every charged particle is a track and every photon a cluster, exactly."""
    charged = np.flatnonzero(np.isin(np.abs(events.pdg), [11, 13, 211, 321, 2212]))
    codes, event = events.pdg[charged], events.event_of_particle[charged]
    charge = np.where(np.isin(np.abs(codes), [11, 13]), -np.sign(codes), np.sign(codes)).astype(np.int8)
    px, py, pz = (column[charged] for column in (events.px, events.py, events.pz))
    transverse = np.hypot(px, py)
    radius = curvature_radius(transverse, FIELD)
    at = perigee(
        tuple(column[charged] for column in (events.x, events.y, events.z)),  # type: ignore[arg-type]  # three
        charge.astype(np.float64),
        radius,
        np.arctan2(py, px),
        pz / transverse,
    )
    size = len(charged)
    likelihoods = np.full((size, len(KINDS)), 0.01)
    kind_of = {11: 0, 13: 1, 211: 2, 321: 3, 2212: 4}
    likelihoods[np.arange(size), [kind_of[abs(int(code))] for code in codes]] = 0.95
    truth = TrueTracks(
        charged, codes, events.mother_pdg[charged], codes, px, py, pz, np.zeros(size, dtype=np.bool_)
    )
    helix = Helix(at.d0, at.phi, charge / radius, at.z0, pz / transverse)
    tracks = Tracks(
        offsets_of(event, len(events)),
        transverse * np.cos(at.phi),
        transverse * np.sin(at.phi),
        pz,
        charge,
        helix,
        np.tile(np.diag([1e-6, 1e-8, 1e-12, 1e-6, 1e-8]), (size, 1, 1)),
        likelihoods,
        cluster_energy=np.full(size, 0.2),
        cdc_hits=np.full(size, 56, dtype=np.int32),
        full=np.ones(size, dtype=np.bool_),
        truth=truth,
    )
    gammas = np.flatnonzero(events.pdg == 22)
    along = np.hypot(events.px[gammas], events.py[gammas])
    photons = Photons(
        offsets_of(events.event_of_particle[gammas], len(events)),
        events.energy[gammas],
        np.arctan2(along, events.pz[gammas]),
        np.arctan2(events.py[gammas], events.px[gammas]),
        gammas,
    )
    return DetectedEvents(tracks, photons, {"ffo": np.ones(len(events), dtype=np.bool_)}, events)
