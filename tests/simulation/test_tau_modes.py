from __future__ import annotations

import numpy as np
import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.simulation.tau_decays import decay_taus
from darkbelle.simulation.tau_modes import GROUPS, MODES, branching_fractions, chosen_modes, recognised
from darkbelle.simulation.tau_pairs import PairModes, checked_tau_mass

# PDG 2024: 3 charged hadrons without K0 are 14.55 % in all, (9.02 + 4.49 + 0.46 + ...) %
PUBLISHED = {"e": 0.1782, "mu": 0.1739, "pi": 0.1082, "pipi0": 0.2549, "3pi": 0.0902, "3pipi0": 0.0449}


def test_branching_fractions_make_one_and_are_the_published_ones() -> None:
    fractions = branching_fractions()
    assert sum(fractions.values()) == pytest.approx(1.0, abs=1e-12)
    for mode, published in PUBLISHED.items():
        assert fractions[mode] == pytest.approx(published, rel=0.01)


def test_what_is_given_stays_and_the_others_make_up_the_rest() -> None:
    changed, known = branching_fractions({"3pi": 0.2}), branching_fractions()
    assert changed["3pi"] == 0.2
    assert changed["e"] / changed["mu"] == pytest.approx(known["e"] / known["mu"])
    assert sum(changed.values()) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("given", [{"rho": 0.1}, {"e": -0.1}, {"e": 0.7, "mu": 0.4}])
def test_impossible_branching_fractions_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="branching fractions of the τ"):
        branching_fractions(given)


@pytest.mark.parametrize("pdg", [15, -15])
def test_tauola_makes_what_each_name_says(pdg: int) -> None:
    names = np.repeat(np.array(list(MODES)), 40)
    decays = decay_taus(pdg, names, np.random.default_rng(1))
    np.testing.assert_array_equal(recognised(decays.pdg), names)
    charge = np.where(np.isin(np.abs(decays.pdg), (11, 13)), -1, 1) * np.isin(
        np.abs(decays.pdg), (11, 13, 211, 321)
    )
    np.testing.assert_array_equal((charge * np.sign(decays.pdg)).sum(axis=1), -np.sign(pdg))
    prongs = np.isin(np.abs(decays.pdg), (11, 13, 211, 321)).sum(axis=1)
    np.testing.assert_array_equal(prongs, [MODES[name].prongs for name in names.tolist()])


def test_energy_at_rest_is_the_mass_asked_for() -> None:
    for mass in (1.75, 1.80):
        decays = decay_taus(15, np.full(200, "3pi"), np.random.default_rng(2), mass=mass)
        np.testing.assert_allclose(decays.momenta.energy.sum(axis=1), mass, atol=2e-6)


def test_groups_share_the_modes_by_prongs() -> None:
    assert sorted(GROUPS["1prong"] + GROUPS["3prong"] + GROUPS["5prong"]) == sorted(MODES)


def test_modes_of_a_group_are_drawn_by_their_fractions() -> None:
    size = 40_000
    drawn = chosen_modes(np.full(size, "3prong"), branching_fractions(), np.random.default_rng(3))
    fractions = branching_fractions()
    share = fractions["3pi"] / sum(fractions[mode] for mode in GROUPS["3prong"])
    assert np.mean(drawn == "3pi") == pytest.approx(share, abs=4.0 * np.sqrt(share * (1 - share) / size))


def test_3x1_topology_has_twice_the_product_of_the_fractions() -> None:
    fractions = branching_fractions()
    three, one = (sum(fractions[mode] for mode in GROUPS[name]) for name in ("3prong", "1prong"))
    assert PairModes.of(["3prong", "1prong"]).branching_fraction(fractions) == pytest.approx(2 * three * one)
    assert PairModes.of(("3pi", "3pi")).branching_fraction(fractions) == pytest.approx(fractions["3pi"] ** 2)
    assert PairModes.of("all").branching_fraction(fractions) == pytest.approx(1.0)


def test_groups_that_overlap_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="share 3pi"):
        PairModes.of(("3prong", "3pi"))


def test_a_mass_far_from_the_known_one_is_refused() -> None:
    assert checked_tau_mass(1.777) == 1.777
    with pytest.raises(ConfigurationError, match=r"1\.73 to 1\.82"):
        checked_tau_mass(1.9)


def test_hadronic_modes_of_one_prong_are_those_without_leptons() -> None:
    assert {*GROUPS["1prong_hadrons"], "e", "mu"} == set(GROUPS["1prong"])
