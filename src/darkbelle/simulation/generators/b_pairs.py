"""Υ(4S) → B+B− and B0B̄0, all decayed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkbelle.simulation.events import Generated
from darkbelle.simulation.hadron_decays import decay_b_mesons
from darkbelle.simulation.upsilon import CROSS_SECTIONS, Kind, b_pairs, events_of_pairs

__all__ = ["BPair", "charged_b", "neutral_b"]


@dataclass(frozen=True)
class BPair:
    """e+e− → Υ(4S) → a pair of B mesons, which decay down to what the detector sees.

    See `darkbelle.simulation.upsilon` and `darkbelle.simulation.hadron_decays`.

    Parameters
    ----------
    process
        ``"charged_b"`` or ``"neutral_b"``.
    """

    process: Kind

    branching_fraction = 1.0

    @property
    def name(self) -> str:
        """Name of the sample: the process."""
        return self.process

    @property
    def cross_section_fb(self) -> float:
        """Cross section of the pair at the peak of the Υ(4S), fb."""
        return CROSS_SECTIONS[self.process]

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events; there is no filter."""
        pairs = b_pairs(self.process, size, rng)
        return Generated(events_of_pairs(pairs, decay_b_mesons(pairs.pdg, rng)), size)


def charged_b() -> BPair:
    """Return the generator of B+B− pairs."""
    return BPair("charged_b")


def neutral_b() -> BPair:
    """Return the generator of pairs of neutral B mesons."""
    return BPair("neutral_b")
