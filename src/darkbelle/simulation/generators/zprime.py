"""e+e− → μ+μ−Z′ with an invisible Z′; see `darkbelle.simulation.muon_boson` for how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.simulation.cross_section_tables import cross_section_table, write_table
from darkbelle.simulation.events import ZPRIME, Generated
from darkbelle.simulation.muon_boson import MuonBoson

__all__ = ["ZPrime"]


@dataclass(frozen=True)
class ZPrime:
    """Generator of e+e− → μ+μ−Z′ with an invisible Z′.

    Parameters
    ----------
    mass
        Of the Z′, GeV, between 0 and √s − 2 m_μ.
    gprime
        Coupling of the Z′ to muons; the cross section goes with its square.
    sqrt_s
        Nominal energy of the collisions, GeV.
    radiation
        Whether the beams and the muons radiate.
    alpha
        Fine structure constant; None takes `running_alpha` at ``sqrt_s``.
    """

    mass: float
    gprime: float = 1.0
    sqrt_s: float = NOMINAL.sqrt_s
    radiation: bool = True
    alpha: float | None = None

    process = "zprime"
    branching_fraction = 1.0

    def __post_init__(self) -> None:
        self.production  # noqa: B018 - checks the mass

    @property
    def name(self) -> str:
        """Name of the sample."""
        return f"zprime_{self.mass:g}"

    @property
    def cross_section_fb(self) -> float:
        """The cross section in fb, with radiation if that is on."""
        return self.production.cross_section.value

    @cached_property
    def production(self) -> MuonBoson:
        """What makes it, with its cross section."""
        return MuonBoson("vector", self.mass, self.gprime, self.sqrt_s, self.radiation, self.alpha)

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` unweighted events in the CM frame; there is no filter, all tried are kept.

        The particles of an event are μ−, μ+, Z′, and the photons that beams and muons radiated.

        Raises
        ------
        SimulationError
            More than 1e-3 of the cross section lies above the majorants of the sampling.
        """
        events = self.production.sample(size, rng)
        particles = events.particles(ZPRIME, self.production.radiated(events, rng))
        return Generated(particles.into_events(size, "cm"), size)


TABULATED_MASSES = (
    *np.round(np.geomspace(0.01, 0.8, 20), 4),
    *np.arange(1.0, 8.51, 0.25),
    *np.arange(8.6, 10.01, 0.1),
)

HEADER = """\
# e+e- -> mu+ mu- Z' at g' = 1 and the nominal beams, exact at tree level; sigma goes as g'^2.
# Mass in GeV, the rest in fb: with initial-state radiation, without it (born), and their numerical
# uncertainties. Made by: python -m darkbelle.simulation.generators.zprime > zprime_cross_section.csv
"""

if __name__ == "__main__":
    write_table(HEADER, cross_section_table(TABULATED_MASSES, lambda mass: ZPrime(mass).production))
