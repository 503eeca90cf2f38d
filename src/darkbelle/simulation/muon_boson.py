r"""e+e− → μ+μ−X: a boson radiated by one of the muons, exact at tree level, with radiation.

The amplitudes of `darkbelle.simulation.amplitudes` contracted with the tensor of unpolarised massless
beams, which excite those components of the current that are across the beam:

.. math:: d\sigma = \frac{4\pi^2\alpha^2 g^2}{s^2}\,\sum\left(|H^x|^2+|H^y|^2\right) d\Phi_3 ,
          \qquad
          \frac{d\sigma}{dx_1dx_2} = \frac{\alpha^2 g^2}{48\pi s}\left(-\sum H_\mu H^{\mu*}\right)

before and after the integral over all orientations; :math:`x_i = 2E_i/\sqrt s`, g the coupling to muons.
With massless muons the latter is, for a vector, the formula of gluon emission with a massive gluon.

α is `running_alpha` at the nominal √s, 1/132.07, for that is the virtuality of the photon; with α(0)
all is 7.1 % lower. It is kept where radiation lowers the virtuality: α² is 1.5 % less at half of √s. The
beams radiate as in `darkbelle.simulation.radiation`, the muons as in
`darkbelle.simulation.final_state_radiation`. The width of the boson is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.constants import HBAR_C_SQUARED, MUON_MASS
from darkbelle.simulation.final_state_radiation import RadiatedPairs, radiated_pairs
from darkbelle.simulation.muon_emission import BosonKind, MuonEmission
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.radiation import CrossSection, InitialStateRadiation, RadiativeCollisions
from darkbelle.simulation.running_coupling import running_alpha
from darkbelle.simulation.sampling import Majorant
from darkbelle.vectors import Column, FourVector

__all__ = ["BosonEvents", "MuonBoson"]

FINE_NODES = 96  # of the quadrature at the nominal energy, compared with half as many


class BosonEvents(NamedTuple):
    """Muons and boson of each event, shape (n,), GeV.

    muon, antimuon, boson
        In the rest frame of the γ*, z along the beams as that frame sees them.
    collisions
        The γ* and the beams' photons, in the CM frame.
    """

    muon: FourVector
    antimuon: FourVector
    boson: FourVector
    collisions: RadiativeCollisions

    def particles(self, boson_pdg: int, radiated: RadiatedPairs | None) -> Particles:
        """Return the particles of the events in the CM frame: μ−, μ+, boson, photons.

        Rows up to three times the number of events are the first three, kind after kind.
        """
        size = len(self.muon.px)
        everyone = np.arange(size)
        muon, antimuon = (self.muon, self.antimuon) if radiated is None else radiated[:2]
        vectors = [self.collisions.to_cm(vector, everyone) for vector in (muon, antimuon, self.boson)]
        events, codes = [everyone] * 3, [np.full(size, pdg) for pdg in (13, -13, boson_pdg)]
        for photon in self.collisions.photons:
            hard = np.flatnonzero(photon.energy > 0.0)
            vectors.append(FourVector(*(column[hard] for column in photon)))
            events.append(hard)
        if radiated is not None:
            vectors.append(self.collisions.to_cm(radiated.photons, radiated.pair))
            events.append(radiated.pair)
        codes += [np.full(len(of_photons), 22) for of_photons in events[3:]]
        momenta: FourVector = FourVector(*(np.concatenate(c) for c in zip(*vectors, strict=True)))
        return Particles.from_collision(np.concatenate(events), np.concatenate(codes), momenta)


@dataclass(frozen=True)
class MuonBoson:
    """Production of a boson with a muon pair.

    Parameters
    ----------
    kind
        Spin and parity of the boson.
    mass
        Its mass, GeV, between 0 and √s − 2 m_μ.
    coupling
        To muons, without dimension; the cross section goes with its square.
    sqrt_s
        Nominal energy of the collisions, GeV.
    radiation
        Whether the beams and the muons radiate.
    alpha
        Fine structure constant; None takes `running_alpha` at ``sqrt_s``.
    """

    kind: BosonKind
    mass: float
    coupling: float
    sqrt_s: float = NOMINAL.sqrt_s
    radiation: bool = True
    alpha: float | None = None

    def __post_init__(self) -> None:
        self.emission  # noqa: B018 - checks the mass

    @cached_property
    def cross_section(self) -> CrossSection:
        """The cross section in fb with its numerical uncertainty, with radiation if that is on."""
        if not self.radiation:
            return self.born
        folded = self.beams.fold(self.born_at)
        uncertainty = math.hypot(folded.uncertainty, folded.value * self.born.uncertainty / self.born.value)
        return CrossSection(folded.value, uncertainty)

    @cached_property
    def born(self) -> CrossSection:
        """The cross section without radiation, with its numerical uncertainty."""
        s = self.sqrt_s**2
        coarse, fine = (
            self._strength / s * self.emission.integrated(s, nodes) for nodes in (FINE_NODES // 2, FINE_NODES)
        )
        return CrossSection(fine, abs(fine - coarse))

    def born_at(self, s: Column) -> Column:
        """Return the cross section without radiation at other s in GeV², fb, shape (n,)."""
        return self._strength * self.emission.rate(s) / np.maximum(s, self.emission.threshold)

    @cached_property
    def emission(self) -> MuonEmission:
        """The decay γ* → μ−μ+X."""
        return MuonEmission(self.mass, self.sqrt_s, kind=self.kind)

    @cached_property
    def beams(self) -> InitialStateRadiation:
        """The radiation of the beams."""
        return InitialStateRadiation(self.sqrt_s)

    def sample(self, size: int, rng: np.random.Generator) -> BosonEvents:
        """Return ``size`` unweighted events before the muons radiate.

        Raises
        ------
        SimulationError
            More than 1e-3 of the cross section lies above the majorants of the sampling.
        """
        collisions = self._collisions(size, rng)
        return BosonEvents(*self.emission.sample(collisions.s, rng), collisions)

    def radiated(self, events: BosonEvents, rng: np.random.Generator) -> RadiatedPairs | None:
        """Return the muons after they have radiated, in the frame of the events, if radiation is on."""
        if not self.radiation:
            return None
        return radiated_pairs(events.muon, events.antimuon, MUON_MASS, rng)

    @cached_property
    def _strength(self) -> float:
        alpha = running_alpha(self.sqrt_s) if self.alpha is None else self.alpha
        return (alpha * self.coupling) ** 2 * HBAR_C_SQUARED / (48.0 * math.pi)

    @cached_property
    def _radiation_majorant(self) -> Majorant:
        return self.beams.majorant(self.born_at)

    def _collisions(self, size: int, rng: np.random.Generator) -> RadiativeCollisions:
        if self.radiation:
            return self.beams.sample(self.born_at, self._radiation_majorant, size, rng)
        return self.beams.collisions(np.zeros(size), np.zeros(size), rng)
