"""e+e− → cc̄, on request with one charm meson that decays as a control channel wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError, SimulationError
from darkbelle.simulation.events import Generated
from darkbelle.simulation.generators.quark_pairs import CROSS_SECTIONS, QuarkPair, start_quark_pairs
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.pythia import batches
from darkbelle.simulation.pythia_records import particles_of_record

__all__ = ["ForcedCharm", "ccbar"]

Charm = Literal["d_star", "d_plus"]


class _Chain(NamedTuple):
    """What is forced: the products of particles of positive code, of which the first is asked for."""

    decays: dict[int, tuple[int, ...]]
    fragmentation: float
    branching_fraction: float


# Fragmentation: M. Lisovyi et al., Eur. Phys. J. C 76 (2016) 397, remembered, not read; DELPHI has
# 0.255 ± 0.017 for D*+ (Eur. Phys. J. C 12 (2000) 209). Branching fractions: PDG 2024,
# D*+ → D0π+ 67.7 %, D0 → K−π+ 3.945 %, D+ → K−π+π+ 9.38 %.
CHAINS: Final[dict[Charm, _Chain]] = {
    "d_star": _Chain({413: (421, 211), 421: (-321, 211)}, 0.2429, 0.677 * 0.03945),
    "d_plus": _Chain({411: (-321, 211, 211)}, 0.2404, 0.0938),
}
# Pythia's switch of a channel: for particles of positive code only, of negative code only
SWITCHES: Final = {1: 2, -1: 3}
EXPECTED_SHARE: Final = 0.2  # of cc̄ events with the meson, of one charge
HOPELESS: Final = 100_000
MOST: Final = 10_000  # at a time, for memory


@dataclass(frozen=True)
class ForcedCharm:
    """e+e− → cc̄ with a D*+ → D0 π+, D0 → K−π+, or a D+ → K−π+π+, or its conjugate as often.

    The other charm hadron decays as it likes. D+ → K−π+π+ is by phase space, without the resonances and the
    S wave of its Dalitz plot. The cross section is of what is asked for, with the measured shares of D*+ and
    D+ (those from D*+ included) in charm; Pythia's own, 0.20 and 0.30, are not in it. An event where
    the other meson happens to decay the same way counts twice: 0.5 % of those with D*+, 3 % of those with D+.

    Parameters
    ----------
    charm
        ``"d_star"`` or ``"d_plus"``.

    Raises
    ------
    ConfigurationError
        The option has no such value.
    """

    charm: Charm

    process = "ccbar"

    def __post_init__(self) -> None:
        if self.charm not in CHAINS:
            raise ConfigurationError(f"charm of ccbar must be one of {', '.join(CHAINS)}, got {self.charm!r}")

    @property
    def name(self) -> str:
        """Name of the sample."""
        return f"ccbar_{self.charm}"

    @property
    def cross_section_fb(self) -> float:
        """Cross section of the mesons asked for, of either charge, before their decay, fb."""
        return 2.0 * CROSS_SECTIONS["ccbar"] * CHAINS[self.charm].fragmentation

    @property
    def branching_fraction(self) -> float:
        """Product of the branching fractions of what is forced."""
        return CHAINS[self.charm].branching_fraction

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events; that they have the meson is a part of the cross section."""
        signs = np.where(rng.random(size) < 0.5, 1, -1)
        parts = [self._of_sign(sign, np.flatnonzero(signs == sign), rng) for sign in (1, -1) if sign in signs]
        return Generated(Particles.joined(parts).into_events(size, "cm"), size)

    def _of_sign(self, sign: int, numbers: NDArray[np.int64], rng: np.random.Generator) -> Particles:
        """Return events with these numbers and the meson of one charge."""
        decays = CHAINS[self.charm].decays
        asked = sign * next(iter(decays))
        pythia = start_quark_pairs("ccbar", rng, _forced(decays, sign))
        parts: list[Particles] = []
        found = tried = 0
        while found < len(numbers):
            missing = len(numbers) - found
            for batch in batches(pythia, min(int(1.05 * missing / EXPECTED_SHARE) + 10, MOST)):
                made = particles_of_record(batch)
                with_meson = np.unique(made.event[made.pdg == asked])[: len(numbers) - found]
                number = np.full(len(batch), -1)
                number[with_meson] = numbers[found : found + len(with_meson)]
                parts.append(made.renumbered(number))
                found += len(with_meson)
                tried += len(batch)
            if found == 0 and tried > HOPELESS:
                raise SimulationError(f"none of {tried} cc̄ events of Pythia has a particle {asked}")
        return Particles.joined(parts)


def _forced(decays: dict[int, tuple[int, ...]], sign: int) -> list[str]:
    """Return Pythia's settings that leave those of the other charge as they are.

    A cc̄ event has one c: with a D*+ in it, its only D0 comes from that.
    """
    settings: list[str] = []
    for code, products in decays.items():
        settings.append(f"{code}:onMode = {SWITCHES[-sign]}")
        settings.append(f"{code}:addChannel = {SWITCHES[sign]} 1.0 0 {' '.join(map(str, products))}")
    return settings


def ccbar(charm: Charm | None = None) -> QuarkPair | ForcedCharm:
    """Return the generator of cc̄ pairs, of all of them or of a control channel's."""
    return QuarkPair("ccbar") if charm is None else ForcedCharm(charm)
