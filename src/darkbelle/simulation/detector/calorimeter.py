"""Clusters in the calorimeter, and which of them are photons."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.kernels.compilation import kernel
from darkbelle.simulation.detector.helix import arc_to_radius, arc_to_z, reach
from darkbelle.simulation.detector.parameters import BeamBackground, Calorimeter, DetectorParameters
from darkbelle.simulation.detector.particles import ELECTRON, Charged
from darkbelle.simulation.detector.passage import Passage
from darkbelle.simulation.detector.records import Flags, Indices, Photons, offsets_of
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.vectors import Column

__all__ = ["Impact", "energy_resolution", "impact", "in_calorimeter", "measure_photons"]


class Impact(NamedTuple):
    """Where particles hit the face of the calorimeter: direction from the origin in rad, or not at all."""

    theta: Column
    phi: Column
    hits: Flags


class Clusters(NamedTuple):
    """Energy deposits before resolution, in the order of events: GeV, rad."""

    event: Indices
    energy: Column
    theta: Column
    phi: Column
    particle: Indices

    def take(self, which: Flags | Indices) -> Clusters:
        """Return the clusters of a mask, or at indices."""
        event, energy, theta, phi, particle = self
        return Clusters(event[which], energy[which], theta[which], phi[which], particle[which])


def in_calorimeter(theta: Column, calorimeter: Calorimeter) -> Flags:
    """Return which directions point to crystals, not to the gaps between barrel and end caps."""
    degrees = np.rad2deg(theta)
    inside = np.zeros(theta.shape, dtype=np.bool_)
    for low, high in (calorimeter.forward, calorimeter.barrel, calorimeter.backward):
        inside |= (degrees > low) & (degrees < high)
    return inside


def impact(charged: Charged, detector: DetectorParameters) -> Impact:
    """Return where charged particles hit the calorimeter; those that curl up before do not."""
    face = detector.calorimeter
    curvature = charged.curvature(detector.drift_chamber.magnetic_field)
    arc = np.minimum(
        arc_to_radius(curvature, face.radius),
        arc_to_z(charged.cotangent, charged.z, face.forward_z, face.backward_z),
    )
    # a curler that needs more than half a circle to the end plane does not get there in time
    arrives = arc < np.pi * curvature
    arc = np.where(arrives, arc, 0.0)
    theta = np.arctan2(reach(curvature, arc), charged.z + arc * charged.cotangent)
    phi = charged.phi - charged.charge * arc / (2 * curvature)
    return Impact(theta, phi, arrives & in_calorimeter(theta, face))


def energy_resolution(energy: Column, calorimeter: Calorimeter) -> Column:
    r"""Return :math:`\sigma_E/E = a/\sqrt{E} \oplus b` for energies in GeV."""
    return np.hypot(calorimeter.stochastic / np.sqrt(energy), calorimeter.constant)


def measure_photons(
    events: GeneratedEvents,
    seen: Passage,
    found: Flags,
    impacts: Impact,
    detector: DetectorParameters,
    rng: np.random.Generator,
) -> Photons:
    """Return the photons that are reconstructed: clusters that belong to no track.

    They are photons from the collision, charged particles without a track, and beam background.
    Clusters near a track's are taken for part of it, neighbours are merged. Hadronic showers do not
    spread here: no split-offs.

    Parameters
    ----------
    events
        In the lab.
    seen
        What reaches the detectors.
    found, impacts
        Of the charged particles: which are tracks, and where they hit.
    """
    calorimeter, size = detector.calorimeter, len(events)
    clusters = _ordered(
        _from_photons(events, seen.photons, calorimeter, rng),
        _without_track(seen.charged, found, impacts, calorimeter),
        _background(size, detector.beam_background, calorimeter, rng),
    )
    tracks = found & impacts.hits
    energy = clusters.energy.copy()
    kept = np.ones(energy.size, dtype=np.bool_)
    _merge(
        offsets_of(clusters.event, size),
        _points(clusters.theta, clusters.phi, calorimeter),
        offsets_of(seen.charged.event[tracks], size),
        _points(impacts.theta[tracks], impacts.phi[tracks], calorimeter),
        (calorimeter.track_distance, calorimeter.merging_distance),
        energy,
        kept,
    )
    return _measured(clusters._replace(energy=energy).take(kept), size, calorimeter, rng)


def _from_photons(
    events: GeneratedEvents, photons: Indices, calorimeter: Calorimeter, rng: np.random.Generator
) -> Clusters:
    px, py, pz = events.px[photons], events.py[photons], events.pz[photons]
    theta = np.arctan2(np.hypot(px, py), pz)
    # PDG 2024, section 34.4: no shower within the depth of the crystals
    lost = calorimeter.dead_share + np.exp(-7 / 9 * calorimeter.depth)
    kept = in_calorimeter(theta, calorimeter) & (rng.random(photons.size) >= lost)
    which = photons[kept]
    event = np.searchsorted(events.offsets, which, side="right") - 1
    return Clusters(event, events.energy[which], theta[kept], np.arctan2(py, px)[kept], which)


def _without_track(charged: Charged, found: Flags, impacts: Impact, calorimeter: Calorimeter) -> Clusters:
    """Electrons leave their energy, others that of a minimum ionising particle."""
    lost = ~found & impacts.hits
    momentum = charged.momentum[lost]
    electron = np.abs(charged.pdg[lost]) == ELECTRON
    energy = np.where(electron, momentum, np.minimum(momentum, calorimeter.minimum_ionising))
    return Clusters(
        charged.event[lost], energy, impacts.theta[lost], impacts.phi[lost], charged.particle[lost]
    )


def _background(
    size: int, background: BeamBackground, calorimeter: Calorimeter, rng: np.random.Generator
) -> Clusters:
    """Beam background crowds at small angles: even in θ, not in its cosine."""
    event = np.repeat(np.arange(size), rng.poisson(background.multiplicity, size))
    energy = calorimeter.noise_threshold + rng.exponential(background.energy_scale, event.size)
    low, high = np.deg2rad([calorimeter.forward[0], calorimeter.backward[1]])
    theta = rng.uniform(low, high, event.size)
    phi = rng.uniform(-np.pi, np.pi, event.size)
    kept = in_calorimeter(theta, calorimeter)
    return Clusters(event[kept], energy[kept], theta[kept], phi[kept], np.full(kept.sum(), -1))


def _ordered(*parts: Clusters) -> Clusters:
    joined = Clusters(
        np.concatenate([part.event for part in parts]),
        np.concatenate([part.energy for part in parts]),
        np.concatenate([part.theta for part in parts]),
        np.concatenate([part.phi for part in parts]),
        np.concatenate([part.particle for part in parts]),
    )
    return joined.take(np.argsort(joined.event, kind="stable"))


def _points(theta: Column, phi: Column, calorimeter: Calorimeter) -> Column:
    """Return points on the face of the calorimeter, shape (n, 3), cm."""
    sine, cosine = np.sin(theta), np.cos(theta)
    plane = np.where(cosine > 0, calorimeter.forward_z, calorimeter.backward_z)
    with np.errstate(divide="ignore"):
        distance = np.minimum(calorimeter.radius / sine, plane / cosine)
    return np.column_stack([sine * np.cos(phi), sine * np.sin(phi), cosine]) * distance[:, None]


def _measured(clusters: Clusters, size: int, calorimeter: Calorimeter, rng: np.random.Generator) -> Photons:
    n = clusters.energy.size
    errors = rng.normal(size=(3, n))
    leaks = rng.random(n) < calorimeter.tail_probability
    lost = np.where(leaks, rng.exponential(calorimeter.tail_loss, n), 0.0)
    spread = energy_resolution(clusters.energy, calorimeter) * errors[0]
    energy = clusters.energy * np.maximum(1 + spread - lost, 0.0)
    angle = calorimeter.position / np.sqrt(clusters.energy) / calorimeter.radius
    theta = np.clip(clusters.theta + angle * errors[1], 0.0, np.pi)
    phi = clusters.phi + angle / np.sin(clusters.theta) * errors[2]
    kept = energy > calorimeter.noise_threshold
    phi = np.remainder(phi + np.pi, 2 * np.pi) - np.pi
    return Photons(
        offsets_of(clusters.event[kept], size), energy[kept], theta[kept], phi[kept], clusters.particle[kept]
    )


@kernel
def _merge(
    offsets: Indices,
    points: Column,
    track_offsets: Indices,
    track_points: Column,
    distances: tuple[float, float],
    energy: Column,
    kept: Flags,
) -> None:
    """Drop clusters near tracks, and add the weaker of two neighbours to the stronger."""
    for event in range(offsets.size - 1):
        for i in range(offsets[event], offsets[event + 1]):
            for track in range(track_offsets[event], track_offsets[event + 1]):
                if np.sqrt(np.sum((points[i] - track_points[track]) ** 2)) < distances[0]:
                    kept[i] = False
            for j in range(offsets[event], i):
                if kept[i] and kept[j] and np.sqrt(np.sum((points[i] - points[j]) ** 2)) < distances[1]:
                    stronger, weaker = (i, j) if energy[i] > energy[j] else (j, i)
                    energy[stronger] += energy[weaker]
                    kept[weaker] = False
