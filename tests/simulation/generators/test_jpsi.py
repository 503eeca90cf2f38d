from __future__ import annotations

import math

import numpy as np
import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.simulation.generators import generator
from darkbelle.simulation.generators.jpsi import JPsiFromB

SIZE = 2000


def test_each_event_has_a_jpsi_from_a_b() -> None:
    events = generator("jpsi", final_state="ee").generate(SIZE, np.random.default_rng(1)).events
    ancestors = events.ancestors
    event = np.repeat(np.arange(SIZE), np.diff(ancestors.offsets))
    jpsi = ancestors.pdg == 443
    above = ancestors.pdg[ancestors.row(event[jpsi], ancestors.mother[jpsi])]
    straight = np.isin(above, (521, -521))
    assert (np.bincount(event[jpsi][straight], minlength=SIZE) >= 1).all()
    assert jpsi.sum() < 1.05 * SIZE  # some from the other B
    electrons = (events.mother_pdg == 443) & (events.pdg == 11)
    assert electrons.sum() >= SIZE


def test_electrons_radiate() -> None:
    # soft photons: (2α/π) (ln(m²/m_e²) − 1) ln(m/2E) above E, to first order
    events = generator("jpsi", final_state="ee").generate(SIZE, np.random.default_rng(2)).events
    from_jpsi = (events.mother_pdg == 443) & (events.pdg == 22)
    energy = events.energy[from_jpsi]
    lowest = 0.05
    expected = (
        2 / 137.036 / math.pi * (math.log((3.0969 / 0.000511) ** 2) - 1) * math.log(3.0969 / 2 / lowest)
    )
    found = np.sum(energy > lowest) / SIZE
    assert found == pytest.approx(expected, rel=0.2)


def test_yield_is_the_known_one_of_which_the_table_lists_most() -> None:
    # PDG 2024: B+ → J/ψ K+ 1.020e-3, J/ψ K*+ 1.43e-3, J/ψ K+π+π− 0.81e-3 and J/ψ K1(1270)+ 1.8e-3 make most
    made = generator("jpsi", final_state="mumu")
    assert made.cross_section_fb == pytest.approx(2 * 0.540e6)
    assert made.branching_fraction / 0.05961 == pytest.approx(0.0078)
    assert isinstance(made, JPsiFromB)
    assert made.listed_share * 0.0078 == pytest.approx(0.0058, abs=0.001)


@pytest.mark.parametrize(("option", "value"), [("final_state", "tautau"), ("pair", "b_s")])
def test_unknown_options_are_refused(option: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{option} of jpsi must be one of"):
        generator("jpsi", **{option: value})
