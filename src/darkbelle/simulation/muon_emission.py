r"""The decay γ* → μ−μ+X: its rate as a function of the virtuality, and points in its phase space.

X is a vector, a scalar or a pseudoscalar that couples to muons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.interpolate import PchipInterpolator

from darkbelle.constants import MUON_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import libm
from darkbelle.simulation.amplitudes.scalar import scalar_squares
from darkbelle.simulation.amplitudes.zprime import CurrentSquares, current_squares
from darkbelle.simulation.phase_space import (
    Dalitz,
    dalitz_from_unit_square,
    rotated_randomly,
    three_body_momenta,
)
from darkbelle.simulation.sampling import Density, Majorant, Overshoot, gauss_square
from darkbelle.vectors import Column, FourVector

__all__ = ["BosonKind", "MuonEmission"]

BosonKind = Literal["vector", "scalar", "pseudoscalar"]

NODES = 48  # of the quadrature over the Dalitz plane
ENERGIES = 64  # at which the rate is tabulated
SLICES = 16  # in s, each with its own majorant of the Dalitz plane
CELLS = 24
NEAREST = 1e-5  # to the threshold in s, as a share of the range: the rate has died away there


@dataclass(frozen=True)
class MuonEmission:
    r"""Emission of a boson from a muon pair that unpolarised beams make.

    Parameters
    ----------
    mass
        Of the boson, GeV, not 0.
    sqrt_s
        The highest energy of the γ* that will be asked for, GeV.
    muon_mass
        GeV.
    kind
        Spin and parity of the boson.

    Raises
    ------
    ConfigurationError
        The mass is out of range.
    """

    mass: float
    sqrt_s: float
    muon_mass: float = MUON_MASS
    kind: BosonKind = "vector"

    def __post_init__(self) -> None:
        highest = self.sqrt_s - 2.0 * self.muon_mass
        if not 0.0 < self.mass < highest:
            raise ConfigurationError(
                f"mass of a {self.kind} boson is {self.mass} GeV, expected between 0 and √s − 2 m_μ = "
                f"{highest:.4f} GeV, so that it can be made together with two muons"
            )

    @property
    def threshold(self) -> float:
        """The lowest s at which the decay is possible, GeV²."""
        return (self.mass + 2.0 * self.muon_mass) ** 2

    def integrated(self, s: float, nodes: int = NODES) -> float:
        r"""Return :math:`\int(-\sum H_\mu H^{\mu*})\,dx_1dx_2` at one s in GeV², by quadrature, 1."""
        u, v, weight = gauss_square(nodes)
        return float(np.sum(weight * self._density(u, v, s)))

    def rate(self, s: Column) -> Column:
        """Return `integrated` at many s up to the highest, interpolated; zero below the threshold."""
        distance = s - self.threshold
        above = distance > 0.0
        logarithm: Column = self._log_rate(libm.log(np.where(above, distance, 1.0)))
        return np.where(above, libm.exp(logarithm), 0.0)

    def sample(self, s: Column, rng: np.random.Generator) -> tuple[FourVector, FourVector, FourVector]:
        """Return momenta of μ−, μ+ and the boson for one decay at each s.

        Parameters
        ----------
        s
            GeV², shape (n,), above the threshold.
        rng
            Source of randomness.

        Returns
        -------
        tuple
            In the rest frame of the γ*, z along the beams, GeV, each of shape (n,).

        Raises
        ------
        SimulationError
            More than 1e-3 of the rate lies above the majorants of the sampling.
        """
        dalitz = self._dalitz_points(s, rng)
        flat = three_body_momenta(dalitz, s, self.mass, self.muon_mass)
        return self._oriented(flat, rng)

    def _density(self, u: Column, v: Column, s: float | Column) -> Column:
        dalitz = dalitz_from_unit_square(u, v, s, self.mass, self.muon_mass)
        momenta = three_body_momenta(dalitz, s, self.mass, self.muon_mass)
        return self._squares(*momenta).total * dalitz.jacobian

    def _squares(self, muon: FourVector, antimuon: FourVector, boson: FourVector) -> CurrentSquares:
        if self.kind == "vector":
            return current_squares(muon, antimuon, boson, self.mass, self.muon_mass)
        is_odd = self.kind == "pseudoscalar"
        return scalar_squares(muon, antimuon, boson, self.muon_mass, pseudoscalar=is_odd)

    @cached_property
    def _span(self) -> float:
        return self.sqrt_s**2 - self.threshold

    @cached_property
    def _log_rate(self) -> PchipInterpolator:
        # in logarithms, as near the threshold the rate is a power of the distance to it
        distances = self._span * libm.exp(np.linspace(math.log(NEAREST), 0.0, ENERGIES))
        rates = [self.integrated(self.threshold + distance) for distance in distances]
        return PchipInterpolator(libm.log(distances), libm.log(rates), extrapolate=True)

    @cached_property
    def _slice_edges(self) -> Column:
        steps = np.linspace(0.0, 1.0, SLICES + 1) ** 2
        return self.threshold + self._span * np.maximum(steps, NEAREST)

    def _majorant(self, index: int) -> Majorant:
        """Return the majorant of the normalised Dalitz density in one slice of s."""
        if index not in self._majorants:
            ends = self._slice_edges[index : index + 2]
            self._majorants[index] = Majorant.above(tuple(map(self._normalised, ends)), CELLS)
        return self._majorants[index]

    def _normalised(self, s: float) -> Density:
        rate = self.integrated(s)
        return lambda u, v: self._density(u, v, s) / rate

    @cached_property
    def _majorants(self) -> dict[int, Majorant]:
        return {}

    def _dalitz_points(self, s: Column, rng: np.random.Generator) -> Dalitz:
        index = np.clip(np.searchsorted(self._slice_edges, s) - 1, 0, SLICES - 1)
        rate = self.rate(s)
        u, v = np.empty(s.size), np.empty(s.size)
        overshoot = Overshoot()
        for number in np.unique(index):
            majorant = self._majorant(int(number))
            pending = np.flatnonzero(index == number)
            while pending.size:
                u[pending], v[pending], height = majorant.draw(pending.size, rng)
                density = self._density(u[pending], v[pending], s[pending]) / rate[pending]
                pending = pending[~overshoot.accept(density / height, rng)]
        overshoot.check(f"γ* → μ−μ+X with a {self.kind} X of {self.mass} GeV")
        return dalitz_from_unit_square(u, v, s, self.mass, self.muon_mass)

    def _oriented(
        self, flat: tuple[FourVector, FourVector, FourVector], rng: np.random.Generator
    ) -> tuple[FourVector, FourVector, FourVector]:
        """Return momenta turned such that the beams excite the current as they should.

        Hit or miss without overshoot: what is across the beam is part of the total.
        """
        momenta = np.array(flat)  # particle, component, event
        pending = np.arange(momenta.shape[2])
        while pending.size:
            turned = rotated_randomly(momenta[..., pending], rng)
            muon, antimuon, boson = (FourVector(*vector) for vector in turned)
            squares = self._squares(muon, antimuon, boson)
            kept = rng.random(pending.size) * squares.total < squares.transverse
            momenta[..., pending[kept]] = turned[..., kept]
            pending = pending[~kept]
        muon, antimuon, boson = (FourVector(*vector) for vector in momenta)
        return muon, antimuon, boson
