from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.simulation.generators import generator

SIZE = 300

# products of the B of positive code and of the charm meson in it; conjugates have the other signs
CHAINS = {
    "D0pi": (521, (-421, 211), -421, (321, -211)),
    "Dpi": (511, (-411, 211), -411, (321, -211, -211)),
    "JpsiK": (521, (443, 321), 443, (13, -13)),
}


@pytest.mark.parametrize("decay", CHAINS)
def test_one_b_of_each_event_decays_as_asked(decay: str) -> None:
    events = generator("hadronic_b", decay=decay).generate(SIZE, np.random.default_rng(1)).events
    meson, products, inner, grandchildren = CHAINS[decay]
    ancestors = events.ancestors
    home = np.repeat(np.arange(SIZE), np.diff(ancestors.offsets))
    above = ancestors.row(home, ancestors.mother)
    codes = np.concatenate([events.pdg, ancestors.pdg])
    mothers = np.concatenate([events.mother_row, above])
    hadrons = codes != 22  # muons radiate
    daughters: dict[int, list[int]] = {}
    for code, mother in zip(codes[hadrons].tolist(), mothers[hadrons].tolist(), strict=True):
        daughters.setdefault(mother, []).append(code)

    def of(row: int) -> Counter[int]:
        return Counter(daughters[row])

    def conjugate(found: tuple[int, ...], sign: int) -> Counter[int]:
        return Counter(sign * code if code not in (443,) else code for code in found)

    seen = np.zeros(SIZE, dtype=bool)
    for row in np.flatnonzero((np.abs(ancestors.pdg) == meson) & (ancestors.mother < 0)).tolist():
        sign = int(np.sign(ancestors.pdg[row]))
        if of(row) == conjugate(products, sign):
            (charm,) = np.flatnonzero((above == row) & (np.abs(ancestors.pdg) == abs(inner))).tolist()
            seen[home[row]] |= of(charm) == conjugate(grandchildren, sign)
    assert seen.all()


def test_yields_are_those_of_the_table() -> None:
    # PDG 2024: B+ → D̄0π+ 4.61e-3, D0 → K−π+ 3.945 %; B0 → D−π+ 2.51e-3, D+ → K−π+π+ 9.38 %;
    # B+ → J/ψ K+ 1.020e-3, J/ψ → μμ 5.961 %
    expected = {"D0pi": 4.61e-3 * 0.03945, "Dpi": 2.51e-3 * 0.0938, "JpsiK": 1.020e-3 * 0.05961}
    for decay, value in expected.items():
        assert generator("hadronic_b", decay=decay).branching_fraction == pytest.approx(value, rel=0.03)


def test_collisions_have_the_mean_that_is_asked_for() -> None:
    made = generator("hadronic_b", decay="D0pi", mass=10.5836)
    events = made.generate(SIZE, np.random.default_rng(2)).events
    assert made.name == "hadronic_b_D0pi_10.5836"
    # 4 MeV above the nominal energy, of which the resonance takes back a third
    assert events.truth["genCollisionEnergy"].mean() == pytest.approx(10.5825, abs=1e-3)


@pytest.mark.parametrize(("options", "words"), [({"decay": "Dpi0"}, "decay"), ({"mass": 10.5}, "mean of √s")])
def test_unknown_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        generator("hadronic_b", **{"decay": "Dpi", **options})
