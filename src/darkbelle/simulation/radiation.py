r"""Initial-state radiation by exponentiated electron structure functions.

Each beam particle keeps the fraction :math:`x = 1-y` of its energy with the density of E. A. Kuraev,
V. S. Fadin, Sov. J. Nucl. Phys. 41 (1985) 466, here in the form whose soft part is exponentiated to
all orders, of O. Nicrosini, L. Trentadue, Phys. Lett. B 196 (1987) 551. Its integral differs from 1 by
1e-5:

.. math:: D(y) = \Delta\,\tfrac{\beta}{2}\,y^{\beta/2-1} - \tfrac{\beta}{4}(1+x)
          + \tfrac{\beta^2}{32}\left[-4(1+x)\ln y - \frac{1+3x^2}{y}\ln x - 5 - x\right],

.. math:: \Delta = \frac{e^{\frac\beta2(\frac34-\gamma_E)}}{\Gamma(1+\beta/2)}, \qquad
          \beta = \frac{2\alpha}{\pi}\left(\ln\frac{s}{m_e^2}-1\right).

The cross section is that of the reduced energy, folded twice, with the part of the first-order
correction that has no large logarithm:

.. math:: \sigma = \left[1+\frac\alpha\pi\left(\frac{\pi^2}3-\frac12\right)\right]
          \int_0^1\!dy_1\int_0^1\!dy_2\; D(y_1)\,D(y_2)\;\sigma_0\big((1-y_1)(1-y_2)s\big).

With :math:`y = t^{2/\beta}` the soft singularity becomes the constant Δ on :math:`t\in[0,1]`. What a
beam radiates is put into one photon, whose angle follows the eikonal factor of the emission of soft
photons, with the mass of the electron. So the angle of a hard photon far from the beams is approximate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma

from darkbelle.constants import ELECTRON_MASS, FINE_STRUCTURE
from darkbelle.kernels import libm
from darkbelle.kernels.boosts import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.simulation.phase_space import rotated_z_to
from darkbelle.simulation.sampling import Majorant, Overshoot, gauss_square
from darkbelle.vectors import Column, FourVector

__all__ = [
    "SOFTEST",
    "CrossSection",
    "InitialStateRadiation",
    "RadiativeCollisions",
    "beam_axis",
    "lost_fraction",
    "strength_of_transfer",
    "structure_density",
]

SOFTEST = 1e-7  # of the beam energy, 0.5 keV: a softer photon is left out, and its energy not lost

NODES = 96  # of the quadrature, checked against twice as many
CELLS = 48  # along each side of the majorant


class CrossSection(NamedTuple):
    """A cross section and its numerical uncertainty, in fb."""

    value: float
    uncertainty: float


class RadiativeCollisions(NamedTuple):
    """Collisions after radiation, in the CM frame of the beams, GeV, each of shape (n,).

    s
        Squared mass of what is left to annihilate, GeV².
    frame
        Its four-momentum.
    photons
        From the electron and from the positron; zero where nothing was radiated.
    """

    s: Column
    frame: FourVector
    photons: tuple[FourVector, FourVector]

    def emitted(self) -> list[tuple[NDArray[np.int64], FourVector]]:
        """Return the event and momentum of the photons that there are, beam after beam."""
        return [
            (hard, FourVector(*(column[hard] for column in photon)))
            for photon in self.photons
            for hard in (np.flatnonzero(photon.energy > 0.0),)
        ]

    @property
    def axis(self) -> tuple[Column, Column, Column]:
        """Direction of the beams in the frame, reached from the CM by one boost: see `beam_axis`."""
        return beam_axis(self.frame)

    @property
    def axes(self) -> Column:
        """Unit vectors of momenta given with z along the beams: rows, in the frame, shape (n, 3, 3)."""
        nil = np.zeros(len(self.s))
        units = (FourVector(nil + x, nil + y, nil + z, nil) for x, y, z in np.eye(3))
        return np.stack([np.stack(rotated_z_to(unit, self.axis)[:3], axis=1) for unit in units], axis=1)

    def to_cm(self, vectors: FourVector, event: NDArray[np.int64]) -> FourVector:
        """Return vectors of some events, given in the frame with z along the beams, in the CM frame."""
        x, y, z = (column[event] for column in self.axis)
        frame = FourVector(*(column[event] for column in self.frame))
        return boost_from_rest_frame(rotated_z_to(vectors, (x, y, z)), frame)


@dataclass(frozen=True)
class InitialStateRadiation:
    """Radiation from beams that collide at √s.

    Parameters
    ----------
    sqrt_s
        GeV.
    scale
        Up to which the beams radiate, GeV; √s by default. Where the beams are scattered rather than
        annihilated, it is the momentum transfer: what goes on in its direction does not radiate.
    """

    sqrt_s: float
    scale: float | None = None

    @cached_property
    def beta(self) -> float:
        """The strength of radiation from both beams, 0.088 at the Υ(4S)."""
        logarithm = 2.0 * math.log((self.scale or self.sqrt_s) / ELECTRON_MASS)
        return 2.0 * FINE_STRUCTURE / math.pi * (logarithm - 1.0)

    @property
    def correction(self) -> float:
        """The factor of the first order without a large logarithm."""
        return 1.0 + FINE_STRUCTURE / math.pi * (math.pi**2 / 3.0 - 0.5)

    def lost_fraction(self, t: Column) -> Column:
        r"""Return the radiated fraction of a beam's energy, :math:`y = t^{2/\beta}`."""
        return lost_fraction(t, self.beta)

    def density(self, t: Column) -> Column:
        """Return the structure function per unit of t, that is D(y) dy/dt, finite for t in [0, 1)."""
        return structure_density(t, self.beta)

    def fold(self, cross_section: Callable[[Column], Column]) -> CrossSection:
        """Return a cross section with radiation.

        Parameters
        ----------
        cross_section
            In fb, a function of s in GeV², zero below its threshold.
        """
        coarse, fine = (self._folded(cross_section, nodes) for nodes in (NODES, 2 * NODES))
        return CrossSection(fine, abs(fine - coarse))

    def _folded(self, cross_section: Callable[[Column], Column], nodes: int) -> float:
        w1, w2, weight = gauss_square(nodes)
        return self.correction * float(np.sum(weight * self._integrand(cross_section, w1, w2)))

    def majorant(self, cross_section: Callable[[Column], Column]) -> Majorant:
        """Return what `sample` draws from, above the integrand of `fold`."""
        return Majorant.above((lambda w1, w2: self._integrand(cross_section, w1, w2),), CELLS)

    def _integrand(self, cross_section: Callable[[Column], Column], w1: Column, w2: Column) -> Column:
        """Return the integrand of `fold` on the unit square of w, see `_stretched`."""
        t1, t2 = _stretched(w1), _stretched(w2)
        s = (1.0 - self.lost_fraction(t1)) * (1.0 - self.lost_fraction(t2)) * self.sqrt_s**2
        slopes = 9.0 * ((1.0 - w1) * (1.0 - w2)) ** 2
        return slopes * self.density(t1) * self.density(t2) * cross_section(s)

    def sample(
        self,
        cross_section: Callable[[Column], Column],
        majorant: Majorant,
        size: int,
        rng: np.random.Generator,
    ) -> RadiativeCollisions:
        """Return ``size`` collisions, distributed as the integrand of `fold`."""
        overshoot = Overshoot()
        kept: list[tuple[Column, Column]] = []
        missing = size
        while missing > 0:
            w1, w2, height = majorant.draw(int(1.2 * missing) + 64, rng)
            hit = overshoot.accept(self._integrand(cross_section, w1, w2) / height, rng)
            kept.append((w1[hit][:missing], w2[hit][:missing]))
            missing -= kept[-1][0].size
        overshoot.check("initial-state radiation")
        y1, y2 = (self.lost_fraction(_stretched(np.concatenate(w))) for w in zip(*kept, strict=True))
        return self.collisions(y1, y2, rng)

    def collisions(self, y1: Column, y2: Column, rng: np.random.Generator) -> RadiativeCollisions:
        """Return the collisions in which electron and positron radiate given fractions of their energy.

        The photons' energies are scaled by a common factor, near 1, such that the squared mass left
        is :math:`(1-y_1)(1-y_2)s` although the photons are not exactly collinear.
        """
        y1, y2 = (np.where(y < SOFTEST, 0.0, y) for y in (y1, y2))
        s = (1.0 - y1) * (1.0 - y2) * self.sqrt_s**2
        first, second = self._photon(y1, +1.0, rng), self._photon(y2, -1.0, rng)
        both = first.plus(second)
        # s' = s − 2 √s λ E + λ² k², the smaller root, free of cancellation
        lost = self.sqrt_s**2 - s
        half = self.sqrt_s * both.energy
        squared = np.maximum(0.0, both.mass_squared())
        root = np.sqrt(np.maximum(0.0, half**2 - squared * lost))
        scale = np.where(lost > 0.0, lost / np.where(lost > 0.0, half + root, 1.0), 0.0)
        photons = tuple(FourVector(*(scale * column for column in photon)) for photon in (first, second))
        radiated = photons[0].plus(photons[1])
        frame = FourVector.single(0.0, 0.0, 0.0, self.sqrt_s).minus(radiated)
        return RadiativeCollisions(s, frame, (photons[0], photons[1]))

    def _photon(self, y: Column, direction: float, rng: np.random.Generator) -> FourVector:
        energy = y * self.sqrt_s / 2.0
        one_minus_cosine = self.photon_angles(y.size, rng)
        sine = np.sqrt(one_minus_cosine * (2.0 - one_minus_cosine))
        phi = rng.uniform(-math.pi, math.pi, y.size)
        return FourVector(
            energy * sine * libm.cos(phi),
            energy * sine * libm.sin(phi),
            direction * energy * (1.0 - one_minus_cosine),
            energy,
        )

    def photon_angles(self, size: int, rng: np.random.Generator) -> Column:
        r"""Draw 1 − cos θ of photons to the beam that radiates them, shape (size,).

        One beam's share of the eikonal factor, with v the velocity of the beam:

        .. math:: \frac{dN}{d\cos\theta} \propto \frac{1+v^2}{1-v\cos\theta}
                  - \frac{1-v^2}{(1-v\cos\theta)^2},

        whose integral is :math:`2(\ln(s/m_e^2)-1)`, the logarithm of β.
        """
        slowness = 2.0 * (ELECTRON_MASS / self.sqrt_s) ** 2  # 1 − v, to second order in the mass
        angles = np.empty(size)
        pending = np.arange(size)
        while pending.size:
            # 1 − v cos θ = w, even in ln w
            w = slowness * libm.power((2.0 - slowness) / slowness, rng.random(pending.size))
            kept = rng.random(pending.size) < 1.0 - slowness / w
            angles[pending[kept]] = np.clip((w[kept] - slowness) / (1.0 - slowness), 0.0, 2.0)
            pending = pending[~kept]
        return angles


def lost_fraction(t: Column, beta: Column | float) -> Column:
    r"""Return the radiated fraction of a beam's energy, :math:`y = t^{2/\beta}`, for t in [0, 1)."""
    fraction: Column = libm.power(t, 2.0 / beta)
    return fraction


def structure_density(t: Column, beta: Column | float) -> Column:
    """Return the structure function per unit of t, that is D(y) dy/dt, finite for t in [0, 1).

    Parameters
    ----------
    beta
        The strength of radiation, above 0: one for all, or one each.
    """
    half = beta / 2.0
    soft = libm.exp(half * (0.75 - np.euler_gamma)) / gamma(1.0 + half)
    y = np.maximum(lost_fraction(t, beta), 1e-300)
    x = np.maximum(1.0 - y, 1e-15)
    log_x_over_y = np.where(y < 1e-8, -1.0, libm.log(x) / y)
    hard = -half / 2.0 * (1.0 + x)
    hard += half**2 / 8.0 * (-4.0 * (1.0 + x) * libm.log(y) - (1.0 + 3.0 * x * x) * log_x_over_y - 5.0 - x)
    slope = y / (half * np.maximum(t, 1e-300))
    density: Column = soft + hard * slope
    return density


def strength_of_transfer(q_squared: Column) -> Column:
    r"""Return β of a charge whose momentum changes by Q² = −q² in GeV²: what both its directions radiate.

    .. math:: \beta = \frac{2\alpha}\pi(\chi\coth\chi-1), \qquad \cosh\chi = 1+\frac{Q^2}{2m_e^2},

    the eikonal factor of an electron integrated over all angles: half of it is radiated along the electron
    as it comes, half as it goes. It is :math:`\frac{2\alpha}\pi(\ln\frac{Q^2}{m_e^2}-1)` far above m², and
    vanishes below.
    """
    rapidity = 2.0 * libm.arcsinh(np.sqrt(q_squared) / (2.0 * ELECTRON_MASS))
    strength: Column = 2.0 * FINE_STRUCTURE / math.pi * (rapidity / libm.tanh(rapidity) - 1.0)
    return strength


def _stretched(w: Column) -> Column:
    """Return t = 1 − (1−w)³, which resolves t near 1: the return to energies where cross sections rise."""
    return 1.0 - (1.0 - w) * (1.0 - w) ** 2


def beam_axis(frame: FourVector) -> tuple[Column, Column, Column]:
    """Return the direction between electron and reversed positron in the frame of what annihilates.

    The usual axis where beams have lost their collinearity: J. C. Collins, D. E. Soper, Phys. Rev.
    D 16 (1977) 2219. Unit vectors of shape (n,).
    """
    electron = boost_to_rest_frame(FourVector.single(0.0, 0.0, 1.0, 1.0), frame)
    positron = boost_to_rest_frame(FourVector.single(0.0, 0.0, -1.0, 1.0), frame)
    x, y, z = (
        a / electron.energy - b / positron.energy for a, b in zip(electron[:3], positron[:3], strict=True)
    )
    length = np.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length
