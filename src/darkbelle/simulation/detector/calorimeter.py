"""Clusters in the calorimeter, and which of them are photons."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.kernels import libm
from darkbelle.kernels.compilation import kernel
from darkbelle.simulation.detector.face import Impact, in_calorimeter, photon_impact, points_on_face
from darkbelle.simulation.detector.parameters import BeamBackground, Calorimeter, DetectorParameters
from darkbelle.simulation.detector.particles import Charged
from darkbelle.simulation.detector.passage import Passage
from darkbelle.simulation.detector.records import Flags, Indices, Photons, offsets_of
from darkbelle.simulation.detector.showers import Deposits, deposits
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.vectors import Column, FourVector

__all__ = ["energy_resolution", "measure_clusters"]


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


class OnFace(NamedTuple):
    """Clusters of events on the face: offsets, points of shape (n, 3) in cm, energies in GeV."""

    offsets: Indices
    points: Column
    energy: Column


def energy_resolution(energy: Column, calorimeter: Calorimeter) -> Column:
    r"""Return :math:`\sigma_E/E = a/\sqrt{E} \oplus b` for energies in GeV."""
    return np.hypot(calorimeter.stochastic / np.sqrt(energy), calorimeter.constant)


def measure_clusters(
    events: GeneratedEvents,
    seen: Passage,
    found: Flags,
    impacts: Impact,
    detector: DetectorParameters,
    rng: np.random.Generator,
) -> tuple[Photons, Column]:
    """Return the photons that are reconstructed, and the energies of the tracks' clusters in GeV.

    Photons are clusters that belong to no track: those from the collision, bremsstrahlung, split-offs of
    hadronic showers, charged particles without a track, and beam background. Clusters near a track's
    are taken for part of it, neighbours are merged. Tracks without a cluster have NaN.

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
    deposited = deposits(seen.charged, calorimeter, rng)
    clusters = _ordered(
        _from_photons(events, seen.photons, calorimeter, rng),
        _bremsstrahlung(seen.charged, calorimeter),
        _of_charged(seen.charged, ~found & impacts.hits, impacts, deposited.energy),
        _split_offs(seen.charged, impacts, deposited, calorimeter, rng),
        _background(size, detector.beam_background, calorimeter, rng),
    )
    tracks = found & impacts.hits
    of_tracks = _of_charged(seen.charged, tracks, impacts, deposited.energy)
    energy = clusters.energy.copy()
    kept = np.ones(energy.size, dtype=np.bool_)
    distances = calorimeter.track_distance, calorimeter.merging_distance
    _merge(
        _on_face(clusters._replace(energy=energy), size, calorimeter),
        _on_face(of_tracks, size, calorimeter),
        distances,
        kept,
    )
    photons = _measured(clusters._replace(energy=energy).take(kept), size, calorimeter, rng)
    of_found = np.full(int(found.sum()), np.nan)
    measured = _measured_energy(of_tracks.energy, calorimeter, rng)
    of_found[tracks[found]] = np.where(measured > calorimeter.noise_threshold, measured, np.nan)
    return photons, of_found


def _from_photons(
    events: GeneratedEvents, photons: Indices, calorimeter: Calorimeter, rng: np.random.Generator
) -> Clusters:
    theta, phi = photon_impact(
        FourVector(*(column[photons] for column in events.momenta)),
        (events.x[photons], events.y[photons], events.z[photons]),
        calorimeter,
    )
    # PDG 2024, section 34.4: no shower within the depth of the crystals
    lost = calorimeter.dead_share + libm.exp(-7 / 9 * calorimeter.depth)
    kept = in_calorimeter(theta, calorimeter) & (rng.random(photons.size) >= lost)
    which = photons[kept]
    event = np.searchsorted(events.offsets, which, side="right") - 1
    return Clusters(event, events.energy[which], theta[kept], phi[kept], which)


def _bremsstrahlung(charged: Charged, calorimeter: Calorimeter) -> Clusters:
    """Photons of electrons go straight on."""
    radiating = charged.take(charged.radiated > calorimeter.least_radiated)
    momenta = FourVector(radiating.px, radiating.py, radiating.pz, radiating.momentum)
    theta, phi = photon_impact(momenta, (radiating.x, radiating.y, radiating.z), calorimeter)
    kept = in_calorimeter(theta, calorimeter)
    return Clusters(
        radiating.event[kept], radiating.radiated[kept], theta[kept], phi[kept], radiating.particle[kept]
    )


def _of_charged(charged: Charged, which: Flags, impacts: Impact, energy: Column) -> Clusters:
    return Clusters(
        charged.event[which], energy[which], impacts.theta[which], impacts.phi[which], charged.particle[which]
    )


def _split_offs(
    charged: Charged,
    impacts: Impact,
    deposited: Deposits,
    calorimeter: Calorimeter,
    rng: np.random.Generator,
) -> Clusters:
    which = impacts.hits & (deposited.split_off > 0)
    clusters = _of_charged(charged, which, impacts, deposited.split_off)
    away = rng.normal(0, calorimeter.split_off_distance / calorimeter.radius, (2, clusters.energy.size))
    moved = clusters._replace(
        theta=clusters.theta + away[0], phi=clusters.phi + away[1] / libm.sin(clusters.theta)
    )
    return moved.take(in_calorimeter(moved.theta, calorimeter))


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


def _on_face(clusters: Clusters, size: int, calorimeter: Calorimeter) -> OnFace:
    points = points_on_face(clusters.theta, clusters.phi, calorimeter)
    return OnFace(offsets_of(clusters.event, size), points, clusters.energy)


def _measured(clusters: Clusters, size: int, calorimeter: Calorimeter, rng: np.random.Generator) -> Photons:
    energy = _measured_energy(clusters.energy, calorimeter, rng)
    errors = rng.normal(size=(2, energy.size))
    angle = calorimeter.position / np.sqrt(clusters.energy) / calorimeter.radius
    theta = np.clip(clusters.theta + angle * errors[0], 0.0, np.pi)
    phi = clusters.phi + angle / libm.sin(clusters.theta) * errors[1]
    kept = energy > calorimeter.noise_threshold
    phi = np.remainder(phi + np.pi, 2 * np.pi) - np.pi
    return Photons(
        offsets_of(clusters.event[kept], size), energy[kept], theta[kept], phi[kept], clusters.particle[kept]
    )


def _measured_energy(energy: Column, calorimeter: Calorimeter, rng: np.random.Generator) -> Column:
    leaks = rng.random(energy.size) < calorimeter.tail_probability
    lost = np.where(leaks, rng.exponential(calorimeter.tail_loss, energy.size), 0.0)
    spread = energy_resolution(np.maximum(energy, 1e-3), calorimeter) * rng.normal(size=energy.size)
    return energy * np.maximum(1 + spread - lost, 0.0)


@kernel
def _merge(clusters: OnFace, tracks: OnFace, distances: tuple[float, float], kept: Flags) -> None:
    """Add clusters near tracks to theirs, and the weaker of two neighbours to the stronger."""
    for event in range(clusters.offsets.size - 1):
        for i in range(clusters.offsets[event], clusters.offsets[event + 1]):
            for track in range(tracks.offsets[event], tracks.offsets[event + 1]):
                if kept[i] and _distance(clusters.points[i], tracks.points[track]) < distances[0]:
                    kept[i] = False
                    tracks.energy[track] += clusters.energy[i]
            for j in range(clusters.offsets[event], i):
                if kept[i] and kept[j] and _distance(clusters.points[i], clusters.points[j]) < distances[1]:
                    stronger, weaker = (i, j) if clusters.energy[i] > clusters.energy[j] else (j, i)
                    clusters.energy[stronger] += clusters.energy[weaker]
                    kept[weaker] = False


@kernel
def _distance(first: Column, second: Column) -> float:
    x, y, z = first[0] - second[0], first[1] - second[1], first[2] - second[2]
    distance: float = np.sqrt(x * x + y * y + z * z)
    return distance
