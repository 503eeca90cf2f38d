"""B mesons in decays that can be reconstructed whole: a control sample of the collision energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.errors import ConfigurationError
from darkbelle.simulation.decay_table import Channel, decay_table
from darkbelle.simulation.events import Generated
from darkbelle.simulation.generators.jpsi import BRANCHING_FRACTIONS, JPSI, LEPTONS
from darkbelle.simulation.hadron_decays import decay_b_mesons, table_settings
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.upsilon import CODES, CROSS_SECTIONS, Kind, b_pairs, events_of_pairs

__all__ = ["DECAYS", "HadronicB"]

Decay = Literal["D0pi", "Dpi", "JpsiK"]

REACH: Final = 0.02  # GeV: mean energies further off the resonance are no running of SuperKEKB there


class _Chain(NamedTuple):
    """The pair, the products of B+ or B0, and those of the charm meson among them."""

    pair: Kind
    products: tuple[int, ...]
    charm: tuple[int, tuple[int, ...]] | None


DECAYS: Final[dict[Decay, _Chain]] = {
    "D0pi": _Chain("charged_b", (-421, 211), (421, (-321, 211))),
    "Dpi": _Chain("neutral_b", (-411, 211), (411, (-321, 211, 211))),
    "JpsiK": _Chain("charged_b", (JPSI, 321), None),
}


@dataclass(frozen=True)
class HadronicB:
    """Υ(4S) → BB̄ with one B+ → D̄0π+, B0 → D−π+ or B+ → J/ψ K+, beside a B that decays as it likes.

    D̄0 → K+π−, D− → K+π−π−, J/ψ → μ+μ−, whose muons may radiate photons; conjugates as often. Both D decay by
    phase space. Branching fractions are those of Belle II's table, that of the J/ψ the PDG's.

    Parameters
    ----------
    decay
        ``"D0pi"``, ``"Dpi"`` or ``"JpsiK"``.
    mass
        Of all that a collision makes, photons included: the mean of √s, GeV.

    Raises
    ------
    ConfigurationError
        There is no such decay, or the energy is off the resonance.
    """

    decay: Decay
    mass: float = NOMINAL.sqrt_s

    process = "hadronic_b"

    def __post_init__(self) -> None:
        if self.decay not in DECAYS:
            raise ConfigurationError(
                f"decay of hadronic_b must be one of {', '.join(DECAYS)}, got {self.decay!r}"
            )
        if not abs(self.mass - NOMINAL.sqrt_s) < REACH:
            raise ConfigurationError(
                f"mass of hadronic_b, the mean of √s, must lie within {REACH} GeV of {NOMINAL.sqrt_s:.4f}, "
                f"got {self.mass}"
            )

    @property
    def name(self) -> str:
        """Name of the sample, such as ``hadronic_b_D0pi_10.5796``."""
        return f"hadronic_b_{self.decay}_{self.mass:.4f}"

    @property
    def cross_section_fb(self) -> float:
        """Cross section of B mesons of the kind, of either charge or flavour, at the nominal energy, fb."""
        return 2.0 * CROSS_SECTIONS[DECAYS[self.decay].pair]

    @property
    def branching_fraction(self) -> float:
        """Of all that is forced."""
        chain = DECAYS[self.decay]
        own = _channel(CODES[chain.pair], chain.products).fraction
        if chain.charm is None:
            return own * BRANCHING_FRACTIONS["mumu"]
        return own * _channel(*chain.charm).fraction

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events; there is no filter."""
        chain = DECAYS[self.decay]
        pairs = b_pairs(chain.pair, size, rng, self.mass)
        signal = decay_b_mesons(pairs.pdg[:size], rng, _forced(chain))
        other = decay_b_mesons(pairs.pdg[size:], rng)
        at_rest = Particles.joined([signal, other._replace(event=other.event + size)])
        return Generated(events_of_pairs(pairs, at_rest), size)


def _forced(chain: _Chain) -> Sequence[str]:
    meson = CODES[chain.pair]
    own = table_settings(meson, (_channel(meson, chain.products),))
    if chain.charm is None:
        return (*own, f"{JPSI}:onMode = off", f"{JPSI}:onIfAny = {LEPTONS['mumu']}")
    code, products = chain.charm
    return (*own, *table_settings(code, (Channel(1.0, 0, products),)))


def _channel(mother: int, products: tuple[int, ...]) -> Channel:
    """Return a channel of the table; it is there, for the table is a part of a pinned package."""
    return next(
        channel for channel in decay_table(mother).channels if sorted(channel.products) == sorted(products)
    )
