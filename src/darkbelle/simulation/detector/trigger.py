"""The first-level triggers."""

from __future__ import annotations

import numpy as np

from darkbelle.beams import Beams
from darkbelle.kernels import boost_to_rest_frame, libm
from darkbelle.kernels.compilation import kernel
from darkbelle.simulation.detector.face import Impact
from darkbelle.simulation.detector.identification import in_barrel_klm, reaches_klm
from darkbelle.simulation.detector.parameters import DetectorParameters, Trigger
from darkbelle.simulation.detector.particles import ELECTRON, Charged
from darkbelle.simulation.detector.records import Flags, Indices, Photons, Tracks, offsets_of
from darkbelle.simulation.detector.track_fit import Courses
from darkbelle.vectors import Column, FourVector

__all__ = [
    "bhabha_veto",
    "cdcklm_trigger",
    "fff_trigger",
    "ffo_trigger",
    "full_tracks",
    "hie_trigger",
    "stt_trigger",
]


def full_tracks(
    found: Charged, courses: Courses, detector: DetectorParameters, rng: np.random.Generator
) -> Flags:
    """Draw which tracks the trigger sees as full tracks: through all superlayers, from the inside."""
    crosses = courses.outermost >= detector.trigger.full_track_radius
    crosses &= found.birth_radius < detector.drift_chamber.superlayer_inner[0]
    return crosses & (rng.random(len(found)) < detector.trigger.track_efficiency)


def ffo_trigger(offsets: Indices, phi: Column, full: Flags, trigger: Trigger) -> Flags:
    """Return the events with two full tracks of a transverse opening above the limit.

    Parameters
    ----------
    offsets
        Of the tracks, shape (n_events + 1,).
    phi, full
        Azimuth in rad, and whether a full track; shape (n_tracks,).
    """
    fired = np.zeros(offsets.size - 1, dtype=np.bool_)
    _any_open_pair(offsets, phi, full, np.deg2rad(trigger.opening), fired)
    return fired


def fff_trigger(offsets: Indices, full: Flags) -> Flags:
    """Return the events with three full tracks or more."""
    return _per_event(offsets, full) >= 3


def stt_trigger(tracks: Tracks, trigger: Trigger, rng: np.random.Generator) -> Flags:
    """Return the events with a full track from the interaction point, of a momentum above the limit.

    The neural trigger measures its z.
    """
    momentum = np.sqrt(tracks.px**2 + tracks.py**2 + tracks.pz**2)
    single = tracks.full & (momentum > trigger.single_momentum) & (np.abs(tracks.dz) < trigger.single_z)
    single &= rng.random(len(tracks)) < trigger.single_efficiency
    return _per_event(tracks.offsets, single) > 0


def hie_trigger(
    photons: Photons, tracks: Tracks, theta: Column, trigger: Trigger, rng: np.random.Generator
) -> Flags:
    """Return the events with much energy in the calorimeter.

    Parameters
    ----------
    photons, tracks
        What has clusters.
    theta
        Of the tracks at the calorimeter, rad, shape (n_tracks,).
    trigger
        Says how much, and at which polar angles.
    """
    size = tracks.offsets.size - 1
    low, high = np.deg2rad(trigger.energy_theta)
    of_photons = np.where((photons.theta > low) & (photons.theta < high), photons.energy, 0.0)
    of_tracks = np.where((theta > low) & (theta < high), np.nan_to_num(tracks.cluster_energy), 0.0)
    total = np.bincount(photons.event, of_photons, size) + np.bincount(tracks.event, of_tracks, size)
    return total + rng.normal(0, trigger.energy_resolution, size) > trigger.total_energy


def _per_event(offsets: Indices, flags: Flags) -> Indices:
    counts = np.concatenate([[0], np.cumsum(flags)])
    return np.diff(counts[offsets])


def cdcklm_trigger(
    offsets: Indices, found: Charged, full: Flags, detector: DetectorParameters, rng: np.random.Generator
) -> Flags:
    """Return the events where a full track matches a muon in the barrel of the KLM."""
    muons = detector.muon_identification
    matched = full & in_barrel_klm(found.theta, muons)
    matched &= reaches_klm(found.theta, found.muon_momentum, found.muon_angle_sine, muons)
    matched &= rng.random(len(found)) < detector.trigger.klm_efficiency
    return _per_event(offsets, matched) > 0


def bhabha_veto(
    photons: Photons, charged: Charged, found: Flags, impacts: Impact, trigger: Trigger, beams: Beams
) -> Flags:
    """Return the events that the three-dimensional Bhabha veto rejects.

    Two clusters of electrons or photons, back to back in the CM, of high energy both.

    References
    ----------
    basf2, class TrgEclBhabha, method getBhabha01.
    """
    size = photons.offsets.size - 1
    electrons = found & impacts.hits & (np.abs(charged.pdg) == ELECTRON)
    momentum = charged.momentum[electrons]
    of_tracks = Photons(
        offsets_of(charged.event[electrons], size),
        momentum,
        impacts.theta[electrons],
        impacts.phi[electrons],
        charged.particle[electrons],
    )
    event = np.concatenate([photons.event, of_tracks.event])
    momenta = FourVector(
        *(np.concatenate(pair) for pair in zip(photons.momenta, of_tracks.momenta, strict=True))
    )
    in_cm = boost_to_rest_frame(momenta, beams.four_vector)
    energetic = in_cm.energy > trigger.bhabha_both
    px, py, pz, energy = (column[energetic] for column in in_cm)
    order = np.argsort(event[energetic], kind="stable")
    theta = np.rad2deg(libm.arctan2(np.hypot(px, py), pz))[order]
    phi = np.rad2deg(libm.arctan2(py, px))[order]
    vetoed = np.zeros(size, dtype=np.bool_)
    _any_bhabha_pair(
        offsets_of(event[energetic], size),
        theta,
        phi,
        energy[order],
        (trigger.bhabha_theta, trigger.bhabha_phi, trigger.bhabha_one),
        vetoed,
    )
    return vetoed


@kernel
def _any_open_pair(offsets: Indices, phi: Column, full: Flags, opening: float, fired: Flags) -> None:
    for event in range(fired.size):
        for i in range(offsets[event], offsets[event + 1]):
            for j in range(offsets[event], i):
                if full[i] and full[j]:
                    difference = np.abs(phi[i] - phi[j])
                    if min(difference, 2 * np.pi - difference) > opening:
                        fired[event] = True


@kernel
def _any_bhabha_pair(
    offsets: Indices,
    theta: Column,
    phi: Column,
    energy: Column,
    limits: tuple[tuple[float, float], tuple[float, float], float],
    vetoed: Flags,
) -> None:
    theta_limits, phi_limits, least = limits
    for event in range(vetoed.size):
        for i in range(offsets[event], offsets[event + 1]):
            for j in range(offsets[event], i):
                difference = np.abs(phi[i] - phi[j])
                total = theta[i] + theta[j]
                if (
                    phi_limits[0] < difference < phi_limits[1]
                    and theta_limits[0] < total < theta_limits[1]
                    and max(energy[i], energy[j]) > least
                ):
                    vetoed[event] = True
