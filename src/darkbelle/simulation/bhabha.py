r"""e+e− → e+e− at wide angles: lowest order with running couplings, and collinear radiation.

.. math:: \frac{d\sigma}{d\Omega} = \frac{1}{2s}\left[u^2\Big(\frac{\alpha(s)}{s}+\frac{\alpha(t)}{t}\Big)^2
          + t^2\frac{\alpha(s)^2}{s^2} + s^2\frac{\alpha(t)^2}{t^2}\right]

at the energy that the beams' radiation leaves. Beams and final state radiate up to
:math:`Q^2 = s\min(1, |t/u|)`, as a charge that goes on in its direction does not radiate: the choice of
G. Balossini et al., Nucl. Phys. B 758 (2006) 227 (BabaYaga), capped at s. Interference of the two beyond
that choice, exchange of a Z, and first-order terms without a large logarithm are left out; the latter are
of the order of 1 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import ELECTRON_MASS, FINE_STRUCTURE, HBAR_C_SQUARED
from darkbelle.kernels import libm
from darkbelle.simulation.radiation import InitialStateRadiation
from darkbelle.simulation.running_coupling import running_alpha, spacelike_alpha
from darkbelle.simulation.unweighting import Proposals, Unweighting
from darkbelle.vectors import Column, FourVector

__all__ = ["BhabhaEvents", "Bhabhas", "born", "radiation_scale"]

PILOT_SIZE, PILOT_SEED = 300_000, 1936
SLICES = 24  # in the angle, each with its own scale of radiation
LEAST_ENERGY = 0.5  # of what is left to collide, GeV
MARGIN = math.radians(1.0)  # photons have angles: what collides is not quite along the beams
LEAST_TRANSFER = 0.1  # GeV, where the table of the coupling begins
TABLE = 200


class BhabhaEvents(NamedTuple):
    """Events in the CM frame of the beams, GeV, shape (n,).

    ``frame`` is what is left to collide, ``from_electron`` and ``from_positron`` are the beams' photons.
    """

    electron: FourVector
    positron: FourVector
    frame: FourVector
    from_electron: FourVector
    from_positron: FourVector


def born(cosine: Column, s: Column, *, running: bool = True) -> Column:
    """Return dσ/d cos θ of massless electrons, fb, θ between the electrons; s in GeV², shape (n,)."""
    t, u = -s * (1.0 - cosine) / 2.0, -s * (1.0 + cosine) / 2.0
    of_s, of_t = (_alpha(s, spacelike=False), _alpha(-t, spacelike=True)) if running else _constant(s)
    both = (u * (of_s / s + of_t / t)) ** 2 + (t * of_s / s) ** 2 + (s * of_t / t) ** 2
    return HBAR_C_SQUARED * math.pi / s * both


def radiation_scale(cosine: Column) -> Column:
    """Return Q²/s, to which beams and final state radiate."""
    return np.minimum(1.0, (1.0 - cosine) / (1.0 + cosine))


@dataclass(frozen=True)
class Bhabhas:
    """e+e− → e+e−(γ) with both leptons within a range of angles.

    Parameters
    ----------
    theta
        Range of the polar angles of both in the CM frame, degrees, before they radiate.
    sqrt_s
        Of the collision, GeV.
    """

    theta: tuple[float, float] = (10.0, 170.0)
    sqrt_s: float = NOMINAL.sqrt_s

    @cached_property
    def unweighting(self) -> Unweighting[BhabhaEvents]:
        """The cross section, to some 0.5 %, and the source of unweighted events."""
        return Unweighting.from_pilot(self.propose, PILOT_SIZE, PILOT_SEED)

    @cached_property
    def _slices(self) -> list[InitialStateRadiation]:
        """Return the radiation of the beams in equal slices of the proposals' angular variable."""
        middles = self._cosine((np.arange(SLICES) + 0.5) / SLICES)
        scales = self.sqrt_s * np.sqrt(radiation_scale(middles))
        return [InitialStateRadiation(self.sqrt_s, float(scale)) for scale in scales]

    @property
    def _ends(self) -> tuple[float, float]:
        """Return 1 − cos θ at the ends of the range."""
        first, last = (math.radians(angle) for angle in self.theta)
        return 1.0 - math.cos(max(first - MARGIN, MARGIN)), 1.0 - math.cos(min(last + MARGIN, math.pi))

    def _cosine(self, w: Column) -> Column:
        """Return cosines with the density of 1/(1 − cos θ)², w from 0 to 1."""
        near, far = self._ends
        return 1.0 - 1.0 / (1.0 / near - w * (1.0 / near - 1.0 / far))

    def propose(self, size: int, rng: np.random.Generator) -> Proposals[BhabhaEvents]:
        """Draw ``size`` proposals and return those within the range of angles."""
        w = np.sort(rng.random(size))  # slices are contiguous
        edges = np.searchsorted(w, np.linspace(0.0, 1.0, SLICES + 1))
        parts = [
            self._proposed(w[first:last], beams, rng)
            for first, last, beams in zip(edges[:-1], edges[1:], self._slices, strict=True)
        ]
        weight = np.concatenate([part.weight for part in parts])
        vectors = [
            FourVector(*(np.concatenate(columns) for columns in zip(*vectors, strict=True)))
            for vectors in zip(*(part.events for part in parts), strict=True)
        ]
        order = rng.permutation(len(weight))  # those that are taken first must not be of one angle
        shuffled = [FourVector(*(column[order] for column in vector)) for vector in vectors]
        return Proposals(BhabhaEvents(*shuffled), weight[order])

    def _proposed(
        self, w: Column, beams: InitialStateRadiation, rng: np.random.Generator
    ) -> Proposals[BhabhaEvents]:
        t = rng.random((2, w.size))
        y1, y2 = beams.lost_fraction(t)
        enough = (1.0 - y1) * (1.0 - y2) * self.sqrt_s**2 > LEAST_ENERGY**2
        t, y1, y2, w = t[:, enough], y1[enough], y2[enough], w[enough]
        cosine = self._cosine(w)
        collisions = beams.collisions(y1, y2, rng)
        near, far = self._ends
        density = 1.0 / ((1.0 - cosine) ** 2 * (1.0 / near - 1.0 / far))
        weight = np.prod(beams.density(t), axis=0) * born(cosine, collisions.s) / density
        momentum = np.sqrt(collisions.s / 4.0 - ELECTRON_MASS**2)
        sine, phi = np.sqrt(1.0 - cosine**2), rng.uniform(-math.pi, math.pi, cosine.size)
        px, py, pz = momentum * sine * libm.cos(phi), momentum * sine * libm.sin(phi), momentum * cosine
        everyone = np.arange(cosine.size)
        leptons = [
            collisions.to_cm(FourVector.with_mass(sign * px, sign * py, sign * pz, ELECTRON_MASS), everyone)
            for sign in (1.0, -1.0)
        ]
        inside = np.flatnonzero(self._inside(leptons[0]) & self._inside(leptons[1]))
        vectors = (*leptons, collisions.frame, *collisions.photons)
        kept = (FourVector(*(column[inside] for column in vector)) for vector in vectors)
        return Proposals(BhabhaEvents(*kept), weight[inside])

    def _inside(self, momenta: FourVector) -> NDArray[np.bool_]:
        theta = libm.arctan2(np.hypot(momenta.px, momenta.py), momenta.pz)
        first, last = np.radians(self.theta)
        inside: NDArray[np.bool_] = (theta >= first) & (theta <= last)
        return inside


def _constant(s: Column) -> tuple[Column, Column]:
    alpha = np.full_like(s, FINE_STRUCTURE)
    return alpha, alpha


def _alpha(q_squared: Column, *, spacelike: bool) -> Column:
    """Return the running coupling, interpolated in the logarithm of the energy."""
    points = np.linspace(math.log(LEAST_TRANSFER), math.log(1.01 * NOMINAL.sqrt_s), TABLE)
    energies = [math.exp(point) for point in points.tolist()]
    values = [spacelike_alpha(q) if spacelike else running_alpha(q) for q in energies]
    logarithm = 0.5 * libm.log(np.maximum(q_squared, LEAST_TRANSFER**2))
    alpha: Column = np.interp(logarithm, points, values)
    return alpha
