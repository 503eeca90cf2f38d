r"""What a track fit would know: the covariance of a helix from the layers crossed, by a Kalman filter.

From the outermost layer inwards, each measurement adds its information and each layer of material its
scattering. Across the beam the state is the distance from the true circle, the angle to it and the
curvature, :math:`(u, u', \kappa)` with :math:`u'' + \kappa_0^2 u = \delta\kappa`; along the beam it is z and
:math:`\tan\lambda`. Energy loss, and the change of curvature by scattering along the beam, are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.perigee import perigee_at
from darkbelle.kernels.symmetric import factorise
from darkbelle.simulation.detector.layers import Layers, layers_of
from darkbelle.simulation.detector.parameters import DetectorParameters
from darkbelle.simulation.detector.particles import Charged
from darkbelle.simulation.detector.records import Flags, Indices
from darkbelle.vectors import Column

__all__ = ["Courses", "Paths", "follow", "smear"]

UNKNOWN = (1e4, 1.0, 1e-2, 1e6, 1e2)  # variances of u, u', κ, z and tan λ before any measurement
SMALL = 0.1  # rad: below, the terms kept of series are exact to 1e-12


class Paths(NamedTuple):
    """Particles at their birth: cm, rad, 1/cm with the sign of the charge.

    ``scattering`` is the angle by one radiation length, rad; ``ends_at`` the distance to the z axis in cm
    at which the particle decays.
    """

    x: Column
    y: Column
    z: Column
    phi: Column
    omega: Column
    tan_lambda: Column
    scattering: Column
    ends_at: Column


class Courses(NamedTuple):
    """What particles cross, shape (n,): layers of silicon and of wires, and the last one's radius in cm.

    ``helix`` and ``covariance``, shapes (n, 5) and (n, 5, 5), are the true parameters at the perigee, and
    how well they are known; the latter is NaN for those that cross fewer wires than any track needs.
    """

    silicon: Indices
    wires: Indices
    outermost: Column
    helix: Column
    covariance: Column

    def take(self, which: Flags | Indices) -> Courses:
        """Return those of a mask, or at indices."""
        silicon, wires, outermost, helix, covariance = self
        return Courses(silicon[which], wires[which], outermost[which], helix[which], covariance[which])


def follow(charged: Charged, detector: DetectorParameters) -> Courses:
    """Return what charged particles cross, and how well a fit measures them."""
    momentum, transverse = charged.momentum, charged.transverse
    with np.errstate(divide="ignore", invalid="ignore"):  # a particle at rest crosses nothing
        paths = Paths(
            charged.x,
            charged.y,
            charged.z,
            charged.phi,
            charged.charge / charged.curvature(detector.drift_chamber.magnetic_field),
            charged.pz / transverse,
            detector.silicon.scattering / (momentum * charged.beta),
            charged.ends_at,
        )
    size = len(charged)
    out = Courses(
        np.zeros(size, dtype=np.int64),
        np.zeros(size, dtype=np.int64),
        np.zeros(size),
        np.empty((size, 5)),
        np.empty((size, 5, 5)),
    )
    least = min(detector.tracking.layers_with_silicon, detector.tracking.hits_without_silicon)
    _follow(paths, layers_of(detector), least, out)
    return out


def smear(helix: Column, covariance: Column, normal: Column) -> Column:
    """Return helices, shape (n, 5), with errors of their covariances from normal numbers (n, 5)."""
    out = helix.copy()
    _smear(covariance, normal, out)
    return out


@kernel
def _smear(covariance: Column, normal: Column, out: Column) -> None:
    factor = np.empty((5, 5))
    for i in range(out.shape[0]):
        factor[:] = covariance[i]
        factorise(factor)
        for j in range(5):
            for k in range(j + 1):
                out[i, j] += factor[j, k] * normal[i, k]


@kernel
def _follow(paths: Paths, layers: Layers, least: int, out: Courses) -> None:
    crossed, arcs = np.empty(layers.radius.size, np.int64), np.empty(layers.radius.size)
    point, direction = np.empty(3), np.empty(3)
    jacobian = np.empty((5, 6))
    for i in range(paths.x.size):
        point[0], point[1], point[2] = paths.x[i], paths.y[i], paths.z[i]
        direction[0], direction[1], direction[2] = paths.phi[i], paths.omega[i], paths.tan_lambda[i]
        perigee_at(point, direction, out.helix[i], jacobian)
        perigee = out.helix[i, 0], -jacobian[3, 5]  # z0 falls with tan λ by the arc
        count = _crossings(point, direction, perigee, paths.ends_at[i], layers, crossed, arcs)
        for k in crossed[:count]:
            out.silicon[i] += layers.silicon[k]
            out.wires[i] += layers.wires[k]
            out.outermost[i] = layers.radius[k]
        if out.wires[i] >= least:
            known = _filter(direction, paths.scattering[i], layers, crossed[:count], arcs)
            _at_perigee(direction[0], known, jacobian, out.covariance[i])
        else:
            out.covariance[i] = np.nan


@kernel
def _crossings(
    point: Column,
    direction: Column,
    perigee: tuple[float, float],
    ends_at: float,
    layers: Layers,
    crossed: Indices,
    arcs: Column,
) -> int:
    """Write which layers are crossed on the way out, and the arcs in cm to them from the point.

    ``perigee`` says d0, and the arc from there to the point. Half the angle by which the track turns up to
    a layer has the sine |ω| chord/2; what it turns from layer to layer follows by addition.
    """
    d0, start = perigee
    bend, slope = abs(direction[1]), direction[2]
    half, twice = bend / (2 * np.sqrt(1 + direction[1] * d0)), 2 / bend
    count = 0
    arc, sine, cosine = -start, 0.0, 1.0
    for k in range(layers.radius.size):
        radius = layers.radius[k]
        if radius > ends_at:
            break
        if radius <= abs(d0):
            continue
        new_sine = half * np.sqrt((radius - d0) * (radius + d0))
        if new_sine > 1:  # curls up
            break
        new_cosine = np.sqrt(1 - new_sine * new_sine)
        arc += twice * _arcsine(new_sine * cosine - new_cosine * sine)
        sine, cosine = new_sine, new_cosine
        z = point[2] + slope * arc
        if arc > 0 and layers.backward_z[k] < z < layers.forward_z[k]:
            crossed[count], arcs[count] = k, arc
            count += 1
    return count


@kernel
def _arcsine(x: float) -> float:
    """Return arcsin of what is mostly small, where its series is exact and faster."""
    if abs(x) > SMALL:
        return float(np.arcsin(x))
    t = x * x
    series = 1 + t * (1 / 6 + t * (3 / 40 + t * (15 / 336 + t * (105 / 3456 + t * 945 / 42240))))
    return x * series


@kernel
def _filter(
    direction: Column, scattering: float, layers: Layers, crossed: Indices, arcs: Column
) -> tuple[float, float, float, float, float, float, float, float, float]:
    """Return the covariance at birth: uu, uu', uκ, u'u', u'κ, κκ, zz, zλ, λλ."""
    bend, slope = -direction[1], direction[2]
    # over sin θ squared, and again: the angles in the transverse plane, and of tan λ; path through a layer
    oblique = 1 + slope * slope
    kick = scattering * scattering * np.sqrt(oblique) * oblique
    uu, ua, uk, aa, ak, kk = UNKNOWN[0], 0.0, 0.0, UNKNOWN[1], 0.0, UNKNOWN[2]
    zz, zl, ll = UNKNOWN[3], 0.0, UNKNOWN[4]
    arc = arcs[crossed.size - 1]
    for position in range(crossed.size - 1, -2, -1):
        step = arc - (arcs[position] if position >= 0 else 0.0)
        arc -= step
        s, v = _turned(bend, step)
        c, b = 1 - bend * bend * v, bend * bend * s
        # inwards: u → c u − s u' + v κ, u' → b u + c u' − s κ
        u0, u1, u2 = c * uu - s * ua + v * uk, c * ua - s * aa + v * ak, c * uk - s * ak + v * kk
        a0, a1, a2 = b * uu + c * ua - s * uk, b * ua + c * aa - s * ak, b * uk + c * ak - s * kk
        uu, ua, uk = c * u0 - s * u1 + v * u2, b * u0 + c * u1 - s * u2, u2
        aa, ak = b * a0 + c * a1 - s * a2, a2
        zz, zl = zz - 2 * step * zl + step * step * ll, zl - step * ll
        if position < 0:
            break
        layer = crossed[position]
        if layers.weight[layer] > 0:
            gain = layers.weight[layer] / (1 + uu * layers.weight[layer])
            aa, ak, kk = aa - gain * ua * ua, ak - gain * ua * uk, kk - gain * uk * uk
            ua, uk = ua - gain * uu * ua, uk - gain * uu * uk
            uu -= gain * uu * uu
        if layers.weight_z[layer] > 0:
            gain = layers.weight_z[layer] / (1 + zz * layers.weight_z[layer])
            ll -= gain * zl * zl
            zl -= gain * zz * zl
            zz -= gain * zz * zz
        aa += kick * layers.thickness[layer]
        ll += kick * oblique * layers.thickness[layer]
    return uu, ua, uk, aa, ak, kk, zz, zl, ll


@kernel
def _turned(bend: float, step: float) -> tuple[float, float]:
    """Return sin(κs)/κ and (1 − cos(κs))/κ² of a curvature κ and an arc s; series where it turns little."""
    turn = bend * step
    if abs(turn) > SMALL:
        return np.sin(turn) / bend, (1 - np.cos(turn)) / bend**2
    t = turn * turn
    along = 1 - t / 6 * (1 - t / 20 * (1 - t / 42 * (1 - t / 72)))
    across = 1 - t / 12 * (1 - t / 30 * (1 - t / 56 * (1 - t / 90)))
    return step * along, step * step / 2 * across


@kernel
def _at_perigee(
    phi: float,
    known: tuple[float, float, float, float, float, float, float, float, float],
    jacobian: Column,
    covariance: Column,
) -> None:
    """Write the covariance of the helix; u points to the left of the track, and κ is −ω."""
    uu, ua, uk, aa, ak, kk, zz, zl, ll = known
    sine, cosine = np.sin(phi), np.cos(phi)
    for m in range(5):
        u = -sine * jacobian[m, 0] + cosine * jacobian[m, 1]
        a, k, z, t = jacobian[m, 3], -jacobian[m, 4], jacobian[m, 2], jacobian[m, 5]
        by_u, by_a, by_k = u * uu + a * ua + k * uk, u * ua + a * aa + k * ak, u * uk + a * ak + k * kk
        by_z, by_l = z * zz + t * zl, z * zl + t * ll
        for n in range(m + 1):
            total = (-sine * jacobian[n, 0] + cosine * jacobian[n, 1]) * by_u + jacobian[n, 3] * by_a
            total += -jacobian[n, 4] * by_k + jacobian[n, 2] * by_z + jacobian[n, 5] * by_l
            covariance[m, n] = total
            covariance[n, m] = total
