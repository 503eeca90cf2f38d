r"""Which charged particles become tracks, and what is measured of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.simulation.detector.helix import curvature_radius, perigee
from darkbelle.simulation.detector.parameters import DetectorParameters, DriftChamber, Tracking
from darkbelle.simulation.detector.particles import Charged
from darkbelle.simulation.detector.records import Flags, Helix
from darkbelle.simulation.detector.wires import layers_crossed, outermost_radius
from darkbelle.vectors import Column

__all__ = ["MeasuredTracks", "Resolution", "find_tracks", "measure_tracks", "resolution", "track_efficiency"]

SILICON_LAYERS = 6


class MeasuredTracks(NamedTuple):
    """Measured tracks: helix with covariance, momentum at the perigee in GeV, outermost radius in cm."""

    helix: Helix
    covariance: Column
    px: Column
    py: Column
    pz: Column
    outermost: Column


class Resolution(NamedTuple):
    """Standard deviations: relative of pT, of φ and θ in rad, of d0 and z0 in cm."""

    momentum: Column
    angle: Column
    d0: Column
    z0: Column


def track_efficiency(charged: Charged, detector: DetectorParameters) -> Column:
    """Return the probability that each particle is found as a track."""
    chamber, tracking = detector.drift_chamber, detector.tracking
    outer = outermost_radius(charged, chamber)
    layers = layers_crossed(charged.birth_radius, outer, chamber)
    silicon = charged.birth_radius < tracking.silicon_radius
    needed = np.where(silicon, tracking.layers_with_silicon, tracking.layers_without_silicon)
    theta = np.rad2deg(charged.theta)
    inside = (theta > chamber.theta_min) & (theta < chamber.theta_max)
    slow = tracking.slow_loss * np.exp((tracking.slow_momentum - charged.transverse) / tracking.slow_scale)
    plateau = np.where(silicon, tracking.efficiency, tracking.efficiency_without_silicon)
    return np.where(inside & (layers >= needed), plateau * np.maximum(1 - slow, 0.0), 0.0)


def find_tracks(charged: Charged, detector: DetectorParameters, rng: np.random.Generator) -> Flags:
    """Draw which particles are found."""
    return rng.random(len(charged)) < track_efficiency(charged, detector)


def resolution(charged: Charged, outermost: Column, chamber: DriftChamber, tracking: Tracking) -> Resolution:
    r"""Return the standard deviations of the measured parameters.

    Tracks that cross all layers have the design's :math:`\sigma(p_T)/p_T`. A shorter lever arm L with
    N layers is worse by :math:`L^{-2}\,(N+4)^{-1/2}` in the measured part and by :math:`L^{-1}` in the
    scattering.

    References
    ----------
    R. L. Gluckstern, Nucl. Instrum. Meth. 24 (1963) 381; PDG 2024, section 35.12.
    """
    sine = np.sin(charged.theta)
    scattered = 1 / (charged.momentum * charged.beta)
    birth = charged.birth_radius
    silicon = birth < tracking.silicon_radius
    first = tracking.first_layer_radius
    lever = np.maximum(outermost - np.maximum(birth, first), first)
    shortened = (chamber.superlayer_outer[-1] - first) / lever
    layers = layers_crossed(birth, outermost, chamber) + SILICON_LAYERS * silicon
    all_layers = sum(chamber.superlayer_size) + SILICON_LAYERS
    sparse = np.sqrt((all_layers + 4) / (layers + 4))
    measured = tracking.momentum_measurement * charged.transverse * shortened**2 * sparse
    return Resolution(
        momentum=np.hypot(measured, tracking.momentum_scattering / charged.beta * shortened),
        angle=np.hypot(tracking.angle_measurement, tracking.angle_scattering * scattered / np.sqrt(sine)),
        d0=np.where(
            silicon,
            np.hypot(tracking.d0_measurement, tracking.d0_scattering * scattered / sine**1.5),
            tracking.d0_without_silicon,
        ),
        z0=np.where(
            silicon,
            np.hypot(tracking.z0_measurement, tracking.z0_scattering * scattered / sine**2.5),
            tracking.z0_without_silicon,
        ),
    )


def measure_tracks(found: Charged, detector: DetectorParameters, rng: np.random.Generator) -> MeasuredTracks:
    """Measure tracks at their perigee to the z axis, with Gaussian errors and a common wider tail.

    The curvature is what is Gaussian. Correlations between parameters are left out.
    """
    chamber, tracking = detector.drift_chamber, detector.tracking
    outermost = outermost_radius(found, chamber)
    sigma = resolution(found, outermost, chamber, tracking)
    wider = np.where(rng.random(len(found)) < tracking.tail_probability, tracking.tail_scale, 1.0)
    errors = rng.normal(size=(5, len(found))) * wider
    true = perigee(
        (found.x, found.y, found.z),
        found.charge,
        found.curvature(chamber.magnetic_field),
        found.phi,
        found.cotangent,
    )
    transverse = found.transverse / np.maximum(1 + sigma.momentum * errors[0], 0.1)
    phi = true.phi + sigma.angle * errors[1]
    theta = np.clip(found.theta + sigma.angle * errors[2], 1e-3, np.pi - 1e-3)
    helix = Helix(
        d0=true.d0 + sigma.d0 * errors[3],
        phi0=phi,
        omega=found.charge / curvature_radius(transverse, chamber.magnetic_field),
        z0=true.z0 + sigma.z0 * errors[4],
        tan_lambda=1 / np.tan(theta),
    )
    return MeasuredTracks(
        helix,
        _covariance(helix, sigma, theta),
        px=transverse * np.cos(phi),
        py=transverse * np.sin(phi),
        pz=transverse * helix.tan_lambda,
        outermost=outermost,
    )


def _covariance(helix: Helix, sigma: Resolution, theta: Column) -> Column:
    """Return the covariance of the helices, shape (n, 5, 5): diagonal."""
    errors = Helix(
        sigma.d0,
        sigma.angle,
        np.abs(helix.omega) * sigma.momentum,
        sigma.z0,
        sigma.angle / np.sin(theta) ** 2,
    )
    variances: Column = np.stack(errors, axis=1) ** 2
    return variances[:, :, None] * np.eye(len(errors))
