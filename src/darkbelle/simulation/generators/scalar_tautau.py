r"""e+e− → μ+μ−S with a leptophilic scalar, S → τ+τ− or invisible.

The coupling to a lepton is :math:`-\xi\,(m_l/v)\,S\,\bar ll`. The scalar comes from the muons only:
e+e− → τ+τ−S is another final state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.constants import FERMI_CONSTANT, MUON_MASS
from darkbelle.simulation.cross_section_tables import cross_section_table, write_table
from darkbelle.simulation.events import SCALAR
from darkbelle.simulation.muon_boson import MuonBoson
from darkbelle.simulation.tau_resonance import Resonance
from darkbelle.simulation.tau_resonance_generator import TauResonanceGenerator

__all__ = ["ScalarTauTau"]

VACUUM_VALUE: Final = (2.0**0.5 * FERMI_CONSTANT) ** -0.5  # v, 246.22 GeV


@dataclass(frozen=True)
class ScalarTauTau(TauResonanceGenerator):
    """Generator of e+e− → μ+μ−S with S → τ+τ−, or with an invisible S.

    The branching fraction of the S is not in: limits are on σ·B.

    Parameters
    ----------
    mass
        Of the S, GeV, below √s − 2 m_μ, and above 2 m_τ if it decays to them.
    xi
        Strength ξ of its couplings; the cross section goes with its square.
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
    xi: float = 1.0
    decay: Literal["tautau", "invisible"] = "tautau"
    modes: Literal["all"] | tuple[str, str] = "all"
    sqrt_s: float = NOMINAL.sqrt_s
    radiation: bool = True

    prefix = "scalar"
    process = "scalar_tautau"

    @cached_property
    def resonance(self) -> Resonance:
        """How it is made and what becomes of it."""
        strength = self.xi * MUON_MASS / VACUUM_VALUE
        production = MuonBoson("scalar", self.mass, strength, self.sqrt_s, self.radiation)
        return Resonance(production, SCALAR, decay=self.decay, modes=self.modes)


TABULATED_MASSES = (*np.arange(0.1, 1.0, 0.1), *np.arange(1.0, 8.51, 0.25), *np.arange(8.6, 10.01, 0.1))

HEADER = """\
# e+e- -> mu+ mu- S at xi = 1 (coupling -xi m_mu/v) and the nominal beams, exact at tree level; sigma goes
# as xi^2.
# Mass in GeV, the rest in fb: with initial-state radiation, without it (born), and their numerical
# uncertainties. Made by: python -m darkbelle.simulation.generators.scalar_tautau > scalar_cross_section.csv
"""

if __name__ == "__main__":
    write_table(
        HEADER,
        cross_section_table(
            TABULATED_MASSES, lambda mass: ScalarTauTau(mass, decay="invisible").resonance.production
        ),
    )
