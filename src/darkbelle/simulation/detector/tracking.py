"""Which charged particles become tracks, and what is measured of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import betainc

from darkbelle.kernels import libm
from darkbelle.simulation.detector.helix import curvature_radius
from darkbelle.simulation.detector.parameters import DetectorParameters, MomentumScale, Tracking
from darkbelle.simulation.detector.particles import Charged
from darkbelle.simulation.detector.records import Flags, Helix, Indices
from darkbelle.simulation.detector.track_fit import Courses, smear
from darkbelle.vectors import Column

__all__ = ["MeasuredTracks", "find_tracks", "measure_tracks", "momentum_bias", "track_efficiency"]

STRAIGHTEST = 1e-6  # 1/cm, a pT of 450 GeV: no fit says less, whatever the errors


class MeasuredTracks(NamedTuple):
    """Measured tracks: helix with covariance, and momentum at the perigee in GeV."""

    helix: Helix
    covariance: Column
    px: Column
    py: Column
    pz: Column


def track_efficiency(charged: Charged, courses: Courses, tracking: Tracking) -> Column:
    r"""Return the probability that each particle is found as a track, by the layers it crosses.

    With hits in enough layers of silicon a few wires do. Without, the finder has a hit in each layer of
    wires crossed with the same probability, and needs n of them, so that the efficiency falls as layers
    are lost, before too few are left:

    .. math:: \varepsilon(N) = \varepsilon_0 \sum_{k=n}^{N} \binom{N}{k} h^k (1-h)^{N-k}

    Both wires along the beam and stereo wires are among them: 20 layers that follow each other hold at
    least eight of the former and six of the latter.
    """
    with_silicon = courses.silicon >= tracking.silicon_layers
    few_do = courses.wires >= tracking.layers_with_silicon
    enough = np.where(
        with_silicon,
        few_do,
        _at_least(tracking.hits_without_silicon, courses.wires, tracking.hit_share),
    )
    slow = tracking.slow_loss * libm.exp((tracking.slow_momentum - charged.transverse) / tracking.slow_scale)
    return tracking.efficiency * enough * np.maximum(1 - slow, 0.0)


def _at_least(hits: int, crossed: Indices, share: float) -> Column:
    """Return the probability of so many hits where each layer crossed has one with a probability."""
    layers = np.arange(crossed.max(initial=0) + 1)
    # the binomial sum as an incomplete beta function, which needs as many layers as hits
    of_layers = np.where(layers >= hits, betainc(hits, np.maximum(layers - hits, 0) + 1, share), 0.0)
    probability: Column = of_layers[crossed]
    return probability


def find_tracks(charged: Charged, courses: Courses, tracking: Tracking, rng: np.random.Generator) -> Flags:
    """Draw which particles are found."""
    return rng.random(len(charged)) < track_efficiency(charged, courses, tracking)


def measure_tracks(
    courses: Courses, detector: DetectorParameters, rng: np.random.Generator
) -> MeasuredTracks:
    """Measure tracks that were found, at their perigee to the z axis.

    Errors are Gaussian, correlated as the covariance says, with a common wider tail that it knows not of.
    """
    tracking, size = detector.tracking, len(courses.wires)
    wider = np.where(rng.random(size) < tracking.tail_probability, tracking.tail_scale, 1.0)
    errors = rng.normal(size=(size, 5)) * wider[:, None]
    d0, phi0, omega, z0, tan_lambda = smear(courses.helix, courses.covariance, errors).T.copy()
    charge = np.where(omega < 0, -1.0, 1.0)
    omega = charge * np.maximum(np.abs(omega), STRAIGHTEST)
    omega /= 1 + momentum_bias(tan_lambda / np.hypot(1.0, tan_lambda), charge, detector.momentum_scale)
    phi0 = np.remainder(phi0 + np.pi, 2 * np.pi) - np.pi
    # the radius of 1 GeV over this one's
    transverse = 1 / (np.abs(omega) * curvature_radius(np.ones(1), detector.drift_chamber.magnetic_field))
    return MeasuredTracks(
        Helix(d0, phi0, omega, z0, tan_lambda),
        courses.covariance,
        px=transverse * libm.cos(phi0),
        py=transverse * libm.sin(phi0),
        pz=transverse * tan_lambda,
    )


def momentum_bias(cos_theta: Column, charge: Column, scale: MomentumScale) -> Column:
    """Return the relative bias of measured momenta, by the cosine of the polar angle and ±1."""
    even = scale.constant + scale.cosine * cos_theta
    odd = scale.charge + scale.charge_cosine * cos_theta
    return scale.strength * (even + charge * odd)
