"""J/ψ → l+l− from B mesons: a control sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from darkbelle.errors import ConfigurationError
from darkbelle.simulation.decay_table import Channel, decay_table
from darkbelle.simulation.events import Generated
from darkbelle.simulation.hadron_decays import decay_b_mesons, table_settings
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.upsilon import CODES, CROSS_SECTIONS, Kind, b_pairs, events_of_pairs

__all__ = ["JPsiFromB"]

FinalState = Literal["ee", "mumu"]

JPSI: Final = 443
LEPTONS: Final[dict[FinalState, int]] = {"ee": 11, "mumu": 13}
DIRECT: Final = 0.0078  # B → J/ψ X, not from heavier charmonium: 0.78 ± 0.04 %, admixture of B, PDG 2024
BRANCHING_FRACTIONS: Final[dict[FinalState, float]] = {"ee": 0.05971, "mumu": 0.05961}  # PDG 2024


@dataclass(frozen=True)
class JPsiFromB:
    """Υ(4S) → BB̄ with one B → J/ψ X, J/ψ → l+l−, beside a B that decays as it likes.

    X is what Belle II's table lists beside a J/ψ, such as K+ or K*0: `listed_share` of the known rate, 74 %
    for B+ and 96 % for B0. The rest, which the table has in partonic modes, is given to these channels, so
    that the rate is the known one, but momenta of J/ψ are a little large. J/ψ from ψ(2S) and χ_c are in
    `darkbelle.simulation.generators.b_pairs` only. The leptons may radiate photons; the J/ψ is unpolarised.

    Parameters
    ----------
    final_state
        ``"ee"`` or ``"mumu"``.
    pair
        ``"charged_b"`` or ``"neutral_b"``.

    Raises
    ------
    ConfigurationError
        An option has no such value.
    """

    final_state: FinalState = "mumu"
    pair: Kind = "charged_b"

    process = "jpsi"

    def __post_init__(self) -> None:
        for option, value, known in (
            ("final_state", self.final_state, LEPTONS),
            ("pair", self.pair, CROSS_SECTIONS),
        ):
            if value not in known:
                raise ConfigurationError(f"{option} of jpsi must be one of {', '.join(known)}, got {value!r}")

    @property
    def name(self) -> str:
        """Name of the sample."""
        return f"jpsi_{self.final_state}_{self.pair}"

    @property
    def cross_section_fb(self) -> float:
        """Cross section of B mesons of the kind, of either charge or flavour, fb."""
        return 2.0 * CROSS_SECTIONS[self.pair]

    @property
    def branching_fraction(self) -> float:
        """Of B → J/ψ X, the known one, times that of the J/ψ."""
        return DIRECT * BRANCHING_FRACTIONS[self.final_state]

    @property
    def listed_share(self) -> float:
        """Share of B → J/ψ X whose X the table lists."""
        return sum(channel.fraction for channel in self._channels) / DIRECT

    @cached_property
    def _channels(self) -> tuple[Channel, ...]:
        table = decay_table(CODES[self.pair])
        return tuple(channel for channel in table.channels if JPSI in channel.products)

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events; there is no filter."""
        pairs = b_pairs(self.pair, size, rng)
        forced = (
            *table_settings(CODES[self.pair], self._channels),
            f"{JPSI}:onMode = off",
            f"{JPSI}:onIfAny = {LEPTONS[self.final_state]}",
        )
        signal = decay_b_mesons(pairs.pdg[:size], rng, forced)
        other = decay_b_mesons(pairs.pdg[size:], rng)
        at_rest = Particles.joined([signal, other._replace(event=other.event + size)])
        return Generated(events_of_pairs(pairs, at_rest), size)
