"""e+e− → quarks with radiation, hadronised and decayed by Pythia."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.constants import FEMTOBARN_PER_NANOBARN
from darkbelle.simulation.events import Generated
from darkbelle.simulation.hadron_decays import decay_settings
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.pythia import batches, collisions_into, start_pythia
from darkbelle.simulation.pythia_records import particles_of_record

__all__ = ["CROSS_SECTIONS", "Flavour", "QuarkPair", "ddbar", "ssbar", "start_quark_pairs", "uubar"]

Flavour = Literal["uubar", "ddbar", "ssbar", "ccbar"]

CODES: Final[dict[Flavour, int]] = {"uubar": 2, "ddbar": 1, "ssbar": 3, "ccbar": 4}
# at the Υ(4S): E. Kou et al., Prog. Theor. Exp. Phys. 2019, 123C01
CROSS_SECTIONS: Final[dict[Flavour, float]] = {
    "uubar": 1.61 * FEMTOBARN_PER_NANOBARN,
    "ddbar": 0.40 * FEMTOBARN_PER_NANOBARN,
    "ssbar": 0.38 * FEMTOBARN_PER_NANOBARN,
    "ccbar": 1.30 * FEMTOBARN_PER_NANOBARN,
}
# GeV: below, strings are no picture of e+e− → hadrons; and two D mesons
LOWEST_MASSES: Final[dict[Flavour, float]] = {"uubar": 2.0, "ddbar": 2.0, "ssbar": 2.0, "ccbar": 3.8}


@dataclass(frozen=True)
class QuarkPair:
    """e+e− → γ* → uū, dd̄, ss̄ or cc̄, with photons from the beams and the quarks.

    The shower, the strings and the decays are Pythia's; their numbers are in
    `darkbelle.simulation.hadron_decays`. Pairs below 2 GeV (cc̄ below 3.8 GeV), after photons of the
    beams that take nearly all of the energy, are not made; the cross section is not lowered for them.

    At 10.5 GeV without radiation of the beams there are 7.7 charged particles an event; ARGUS measured
    8.35 ± 0.20 (Z. Phys. C 54 (1992) 13).

    Parameters
    ----------
    process
        ``"uubar"``, ``"ddbar"``, ``"ssbar"`` or ``"ccbar"``.
    """

    process: Flavour

    branching_fraction = 1.0

    @property
    def name(self) -> str:
        """Name of the sample: the process."""
        return self.process

    @property
    def cross_section_fb(self) -> float:
        """Cross section at the Υ(4S), fb."""
        return CROSS_SECTIONS[self.process]

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events; there is no filter."""
        parts: list[Particles] = []
        first = 0
        for batch in batches(start_quark_pairs(self.process, rng), size):
            part = particles_of_record(batch)
            parts.append(part._replace(event=part.event + first))
            first += len(batch)
        return Generated(Particles.joined(parts).into_events(size, "cm"), size)


def start_quark_pairs(process: Flavour, rng: np.random.Generator, settings: Iterable[str] = ()) -> Any:
    """Return a Pythia that makes the events, with settings for decays that are forced."""
    lowest = LOWEST_MASSES[process]
    collisions = collisions_into(CODES[process], lowest_mass=lowest, sqrt_s=NOMINAL.sqrt_s)
    return start_pythia((*collisions, *decay_settings(), *settings), rng)


def uubar() -> QuarkPair:
    """Return the generator of pairs of up quarks."""
    return QuarkPair("uubar")


def ddbar() -> QuarkPair:
    """Return the generator of pairs of down quarks."""
    return QuarkPair("ddbar")


def ssbar() -> QuarkPair:
    """Return the generator of pairs of strange quarks."""
    return QuarkPair("ssbar")
