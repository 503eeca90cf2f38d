"""e+e− → μ+μ−Z′, Z′ → τ+τ−, the Z′ of L_μ − L_τ polarised as its production makes it.

The Z′ comes from the muons only: e+e− → τ+τ−Z′ is another final state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from darkbelle.beams import NOMINAL
from darkbelle.simulation.events import ZPRIME
from darkbelle.simulation.muon_boson import MuonBoson
from darkbelle.simulation.tau_resonance import Resonance
from darkbelle.simulation.tau_resonance_generator import TauResonanceGenerator

__all__ = ["ZPrimeTauTau"]


@dataclass(frozen=True)
class ZPrimeTauTau(TauResonanceGenerator):
    """Generator of e+e− → μ+μ−Z′ with Z′ → τ+τ−.

    The branching fraction of the Z′ is not in: limits are on σ·B.

    Parameters
    ----------
    mass
        Of the Z′, GeV, between 2 m_τ and √s − 2 m_μ.
    gprime
        Coupling of the Z′ to muons; the cross section goes with its square.
    modes
        Of the two τ, as of `darkbelle.simulation.generators.tautau.TauPair`.
    sqrt_s
        Nominal energy of the collisions, GeV.
    radiation
        Whether beams, muons and τ radiate.
    """

    mass: float
    gprime: float = 1.0
    modes: Literal["all"] | tuple[str, str] = "all"
    sqrt_s: float = NOMINAL.sqrt_s
    radiation: bool = True

    prefix = "zprime"
    process = "zprime_tautau"

    @cached_property
    def resonance(self) -> Resonance:
        """How it is made and what becomes of it."""
        production = MuonBoson("vector", self.mass, self.gprime, self.sqrt_s, self.radiation)
        return Resonance(production, ZPRIME, modes=self.modes)
