"""B → K S with a new scalar S that flies and decays, beside a B that decays as it likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import ELECTRON_MASS, KAON_MASS, MUON_MASS, PION_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.simulation.directions import at_angle, unit
from darkbelle.simulation.events import SCALAR, Generated
from darkbelle.simulation.final_state_radiation import RadiatedPairs, radiated_pairs
from darkbelle.simulation.hadron_decays import B_MASSES, decay_b_mesons
from darkbelle.simulation.kaon_resonance import kstar_masses, longitudinal_cosine
from darkbelle.simulation.light_hadrons import breakup_momentum, two_bodies
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.upsilon import CROSS_SECTIONS, Kind, b_pairs, events_of_pairs
from darkbelle.vectors import Column, FourVector

__all__ = ["BToKScalar"]

Kaon = Literal["K+", "K*0"]
FinalState = Literal["ee", "mumu", "pipi", "KK"]

KAON, PION, KSTAR = 321, 211, 313
PAIRS: Final[dict[Kaon, Kind]] = {"K+": "charged_b", "K*0": "neutral_b"}
# code of the positive particle, and its mass
PRODUCTS: Final[dict[FinalState, tuple[int, float]]] = {
    "ee": (-11, ELECTRON_MASS),
    "mumu": (-13, MUON_MASS),
    "pipi": (PION, PION_MASS),
    "KK": (KAON, KAON_MASS),
}
LEPTONIC: Final = ("ee", "mumu")
KSTAR_TO_CHARGED_KAON: Final = 2.0 / 3.0  # isospin


@dataclass(frozen=True)
class BToKScalar:
    """Υ(4S) → BB̄ with one B+ → K+ S or B0 → K*0(→ K+π−) S, or its conjugate as often, S → two particles.

    The K*0 has helicity 0, see `darkbelle.simulation.kaon_resonance`; S decays alike in all directions,
    its leptons radiate photons, and its width is that of its lifetime. The other B decays as in
    `darkbelle.simulation.generators.b_pairs`, mixing included.

    Parameters
    ----------
    kaon
        ``"K+"`` or ``"K*0"``.
    final_state
        Of S: ``"ee"``, ``"mumu"``, ``"pipi"`` or ``"KK"``.
    mass
        Of S, GeV: above the two particles, below what the B leaves beside the kaon.
    ctau_cm
        Proper decay length of S, cm, from 0 up.

    Raises
    ------
    ConfigurationError
        An option has no such value, or the mass is out of reach.
    """

    kaon: Kaon
    final_state: FinalState
    mass: float
    ctau_cm: float = 0.0

    process = "b_to_k_s"

    def __post_init__(self) -> None:
        for option, value, known in (
            ("kaon", self.kaon, get_args(Kaon)),
            ("final_state", self.final_state, get_args(FinalState)),
        ):
            if value not in known:
                raise ConfigurationError(
                    f"{option} of b_to_k_s must be one of {', '.join(known)}, got {value!r}"
                )
        lowest, highest = 2.0 * PRODUCTS[self.final_state][1], self._highest_mass
        if not lowest < self.mass < highest:
            raise ConfigurationError(
                f"mass of S in B → {self.kaon} S, S → {self.final_state} must lie in "
                f"{lowest:.4f} to {highest:.4f} GeV, got {self.mass}"
            )
        if not 0.0 <= self.ctau_cm < np.inf:
            raise ConfigurationError(f"ctau_cm of S must be 0 or more and finite, got {self.ctau_cm}")

    @property
    def name(self) -> str:
        """Name of the sample, such as ``b_to_k_s_K+_mumu_1_10`` with mass and cτ at the end."""
        return f"b_to_k_s_{self.kaon}_{self.final_state}_{self.mass:g}_{self.ctau_cm:g}"

    @property
    def cross_section_fb(self) -> float:
        """Cross section, fb, if every B of the kind decayed to the kaon and S: twice that of the pairs."""
        return 2.0 * CROSS_SECTIONS[PAIRS[self.kaon]]

    @property
    def branching_fraction(self) -> float:
        """Of the K*0 to K+π−; those of B → K S and S are left to the user."""
        return 1.0 if self.kaon == "K+" else KSTAR_TO_CHARGED_KAON

    @property
    def _highest_mass(self) -> float:
        beside = KAON_MASS if self.kaon == "K+" else KAON_MASS + PION_MASS
        return B_MASSES[521 if self.kaon == "K+" else 511] - beside

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events; there is no filter."""
        pairs = b_pairs(PAIRS[self.kaon], size, rng)
        signal = self._signal(pairs.pdg[:size], rng)
        other = decay_b_mesons(pairs.pdg[size:], rng)
        at_rest = Particles.joined([signal, other._replace(event=other.event + size)])
        return Generated(events_of_pairs(pairs, at_rest), size)

    def _signal(self, mesons: NDArray[np.int64], rng: np.random.Generator) -> Particles:
        """Decay B mesons at rest to the kaon and S, and these."""
        size = len(mesons)
        rows = np.arange(size)
        sign = np.sign(mesons)
        mass = np.full(size, B_MASSES[abs(int(mesons[0]))] if size else 0.0)
        nothing = np.zeros(size)
        particles = Particles.from_collision(
            rows, mesons, FourVector.with_mass(nothing, nothing, nothing, mass)
        )
        origin = np.zeros((size, 4))
        if self.kaon == "K+":
            kaon, scalar = two_bodies(mass, KAON_MASS, self.mass, rng)
            particles = particles.with_daughters(rows, sign * KAON, kaon, origin)
        else:
            masses = kstar_masses(self.mass, size, rng)
            kstar, scalar = two_bodies(mass, masses, self.mass, rng)
            particles = particles.with_daughters(rows, sign * KSTAR, kstar, origin)
            kstar_rows = size + rows
            for code, momenta in zip((KAON, -PION), _kstar_decays(kstar, masses, rng), strict=True):
                particles = particles.with_daughters(kstar_rows, sign * code, momenta, origin)
        scalar_rows = len(particles.pdg) + rows
        particles = particles.with_daughters(rows, np.full(size, SCALAR), scalar, origin)
        points = particles.decay_points(scalar_rows, self.ctau_cm * rng.exponential(size=size))
        code, product_mass = PRODUCTS[self.final_state]
        minus, plus = two_bodies(np.full(size, self.mass), product_mass, product_mass, rng)
        made = RadiatedPairs.without_radiation(minus, plus)
        if self.final_state in LEPTONIC:
            made = radiated_pairs(minus, plus, product_mass, rng)
        for pdg, which, momenta in ((code, rows, made.plus), (-code, rows, made.minus), (22, *made[2:])):
            moved = boost_from_rest_frame(momenta, scalar.rows(which))
            particles = particles.with_daughters(
                scalar_rows[which], np.full(len(which), pdg), moved, points[which]
            )
        return particles


def _kstar_decays(kstar: FourVector, mass: Column, rng: np.random.Generator) -> list[FourVector]:
    """Return kaon and pion of K* with helicity 0."""
    flight = unit(np.stack([kstar.px, kstar.py, kstar.pz], axis=1))
    size = len(mass)
    cosine = longitudinal_cosine(size, rng)
    direction = at_angle(flight, cosine, rng.uniform(0.0, 2.0 * np.pi, size))
    px, py, pz = np.ascontiguousarray((breakup_momentum(mass, KAON_MASS, PION_MASS)[:, None] * direction).T)
    return [
        boost_from_rest_frame(FourVector.with_mass(px, py, pz, KAON_MASS), kstar),
        boost_from_rest_frame(FourVector.with_mass(-px, -py, -pz, PION_MASS), kstar),
    ]
