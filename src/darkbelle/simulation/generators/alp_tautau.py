r"""e+e− → μ+μ−a with an axion-like particle, a → τ+τ− or invisible.

The coupling to a lepton is :math:`C_{ll}\,(m_l/\Lambda)\,a\,\bar l\,i\gamma_5 l`. It comes from
the muons only: e+e− → τ+τ−a is another final state; couplings to photons are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS
from darkbelle.simulation.cross_section_tables import cross_section_table, write_table
from darkbelle.simulation.events import ALP
from darkbelle.simulation.muon_boson import MuonBoson
from darkbelle.simulation.tau_resonance import Resonance
from darkbelle.simulation.tau_resonance_generator import TauResonanceGenerator

__all__ = ["AlpTauTau"]

GEV_PER_TEV: Final = 1000.0


@dataclass(frozen=True)
class AlpTauTau(TauResonanceGenerator):
    """Generator of e+e− → μ+μ−a with a → τ+τ−, or with an invisible a.

    The branching fraction of the a is not in: limits are on σ·B.

    Parameters
    ----------
    mass
        Of the a, GeV, below √s − 2 m_μ, and above 2 m_τ if it decays to them.
    coupling
        |C|/Λ, TeV⁻¹; the cross section goes with its square.
    decay
        What becomes of it.
    modes
        Of the two τ, as of `darkbelle.simulation.generators.tautau.TauPair`.
    sqrt_s
        Nominal energy of the collisions, GeV.
    radiation
        Whether beams, muons and τ radiate.
    """

    mass: float
    coupling: float = 1.0
    decay: Literal["tautau", "invisible"] = "tautau"
    modes: Literal["all"] | tuple[str, str] = "all"
    sqrt_s: float = NOMINAL.sqrt_s
    radiation: bool = True

    prefix = "alp"
    process = "alp_tautau"

    @cached_property
    def resonance(self) -> Resonance:
        """How it is made and what becomes of it."""
        strength = self.coupling * MUON_MASS / GEV_PER_TEV
        production = MuonBoson("pseudoscalar", self.mass, strength, self.sqrt_s, self.radiation)
        return Resonance(production, ALP, decay=self.decay, modes=self.modes)


TABULATED_MASSES = (*np.arange(0.1, 1.0, 0.1), *np.arange(1.0, 8.51, 0.25), *np.arange(8.6, 10.01, 0.1))

HEADER = """\
# e+e- -> mu+ mu- a at |C|/Lambda = 1/TeV (coupling C m_mu/Lambda) and the nominal beams, exact at tree
# level; sigma goes as (C/Lambda)^2.
# Mass in GeV, the rest in fb: with initial-state radiation, without it (born), and their numerical
# uncertainties. Made by: python -m darkbelle.simulation.generators.alp_tautau > alp_cross_section.csv
"""

if __name__ == "__main__":
    write_table(
        HEADER,
        cross_section_table(
            TABULATED_MASSES, lambda mass: AlpTauTau(mass, decay="invisible").resonance.production
        ),
    )
