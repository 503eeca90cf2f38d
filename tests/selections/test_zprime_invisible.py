"""The selection of the invisible Z′: kinematics of hand-made events, and what each cut rejects."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.selections.cuts import evaluate
from darkbelle.selections.zprime_invisible import EVENT_COLUMNS, Thresholds, kinematics, signal_region
from darkbelle.vectors import FourVector

Columns = dict[str, NDArray[Any]]

AT_REST = FourVector.single(0.0, 0.0, 0.0, 10.0)  # beams of 5 GeV each: the lab is the CM

NO_SHARES = replace(Thresholds(), min_pt_pair_share=0.0, min_fast_muon_share=0.0)


def event(**changes: float) -> Columns:
    """Return one event that passes all cuts with beams at rest; ``mu_plus__px=…`` changes a column."""
    columns = dict.fromkeys(EVENT_COLUMNS, 0.0) | {"is_best_candidate": True}
    columns |= {"mu_plus.px": 3.0, "mu_minus.px": -1.2, "mu_minus.py": 1.6}
    columns |= {"mu_plus.charge": 1.0, "mu_minus.charge": -1.0, "mu_plus.muonID": 0.9, "mu_minus.muonID": 0.9}
    columns |= {"n_tracks": 2.0, "trigger_ffo": 1.0, "angle_to_back_to_back_photon": math.nan}
    columns |= {name.replace("__", "."): value for name, value in changes.items()}
    return {name: np.array([value]) for name, value in columns.items()}


def first_failed(columns: Columns, thresholds: Thresholds | None = None) -> str | None:
    columns = columns | kinematics(columns, AT_REST)
    decisions = evaluate(signal_region(thresholds or Thresholds()), columns)
    position = int(decisions.first_failed[0])
    return decisions.cuts[position] if position < len(decisions.cuts) else None


def test_kinematics_of_a_hand_made_event() -> None:
    # p+ = (3, 0, 0), p− = (−1.2, 1.6, 0): the pair has (1.8, 1.6, 0), the recoil its opposite
    found = kinematics(event(), AT_REST)
    energy = 10 - math.sqrt(9 + MUON_MASS**2) - math.sqrt(4 + MUON_MASS**2)
    largest = (100 - (energy**2 - 1.8**2 - 1.6**2)) / 20  # (s − M²)/2√s
    expected = {
        "m2_recoil": energy**2 - 1.8**2 - 1.6**2,
        "pt_pair_share": math.hypot(1.8, 1.6) / largest,
        "fast_muon_share": 1.6 / largest,
        "theta_recoil_cm": math.pi / 2,
        "cos_transverse_opening": -0.6,
        "photon_to_recoil": math.pi,
        "pt_pair": math.hypot(1.8, 1.6),
        "recoil_transverse_to_fast_muon": 1.6,
        "recoil_transverse_to_slow_muon": 1.8 * 0.8 + 1.6 * 0.6,  # |1.8·1.6 + 1.6·1.2|/2
    }
    for name in ("cos_theta_recoil", "mu_plus.cos_theta", "mu_minus.cos_theta"):
        assert found[name] == [0.0]
    for name, value in expected.items():
        assert_allclose(found[name], [value], rtol=1e-12, err_msg=name)
    assert_allclose(found["muon_momentum"], [[3.0], [2.0]], rtol=1e-12)


def test_faster_and_slower_do_not_depend_on_the_charge() -> None:
    swapped = event(mu_plus__px=-1.2, mu_plus__py=1.6, mu_minus__px=3.0, mu_minus__py=0.0)
    found, mirrored = kinematics(event(), AT_REST), kinematics(swapped, AT_REST)
    for name in ("recoil_transverse_to_fast_muon", "recoil_transverse_to_slow_muon", "pt_pair", "m2_recoil"):
        assert_allclose(mirrored[name], found[name], rtol=1e-12, err_msg=name)


momenta = st.tuples(*(st.floats(-3, 3).filter(lambda p: abs(p) > 0.01) for _ in range(3)))


@given(plus=momenta, minus=momenta)
@settings(deadline=None)
def test_quantities_of_the_cm_do_not_see_the_boost(
    plus: tuple[float, float, float], minus: tuple[float, float, float]
) -> None:
    """A CM event, boosted with the real beams, has the transverse momenta that it had."""
    muons = [FourVector.single(*p, math.sqrt(sum(x * x for x in p) + MUON_MASS**2)) for p in (plus, minus)]
    in_lab = [boost_from_rest_frame(muon, NOMINAL.four_vector) for muon in muons]
    columns = event()
    for name, muon in zip(("mu_plus", "mu_minus"), in_lab, strict=True):
        columns |= {f"{name}.px": muon.px, f"{name}.py": muon.py, f"{name}.pz": muon.pz}
    found = kinematics(columns, NOMINAL.four_vector)
    a, b = np.array(plus), np.array(minus)
    fast, slow = (a, b) if np.linalg.norm(a) >= np.linalg.norm(b) else (b, a)
    for name, muon_p in (("fast", fast), ("slow", slow)):
        transverse = np.linalg.norm(np.cross(a + b, muon_p)) / np.linalg.norm(muon_p)
        assert_allclose(
            found[f"recoil_transverse_to_{name}_muon"], [transverse], rtol=1e-9, atol=1e-9, err_msg=name
        )
    energy = NOMINAL.sqrt_s - muons[0].energy[0] - muons[1].energy[0]
    assert_allclose(found["m2_recoil"], [energy**2 - np.sum((a + b) ** 2)], rtol=1e-9, atol=1e-9)


def test_the_example_passes_all_cuts() -> None:
    assert first_failed(event()) is None


@pytest.mark.parametrize(
    ("changes", "cut"),
    [
        ({"is_best_candidate": False}, "best_candidate"),
        ({"n_tracks": 3.0}, "two_tracks"),
        ({"n_tracks": math.nan}, "two_tracks"),
        ({"mu_minus__charge": 1.0}, "opposite_charge"),
        ({"mu_plus__dr": 0.51}, "from_interaction_point"),
        ({"mu_minus__dz": -2.1}, "from_interaction_point"),
        ({"mu_minus__muonID": 0.49}, "muon_id"),
        ({"mu_plus__muonID": math.nan}, "muon_id"),
        ({"mu_plus__pz": 4.0}, "muons_in_klm"),  # θ = 36.87°
        ({"trigger_ffo": 0.0}, "trigger"),
        ({"mu_minus__px": 1.2}, "trigger"),  # 53° between the muons
        ({"photon_energy_sum": 0.51}, "photon_energy"),
        ({"n_hard_photons": 1.0, "angle_to_back_to_back_photon": math.radians(166)}, "no_photon_near_recoil"),
        ({"n_hard_photons": 1.0}, "no_photon_near_recoil"),  # there is one, and its angle is missing
        ({"mu_minus__px": -3.0, "mu_minus__py": 0.79}, "pt_pair"),
        ({"mu_minus__px": -1.2, "mu_minus__py": 0.5}, "recoil_transverse_to_fast_muon"),
    ],
)
def test_what_each_cut_rejects(changes: dict[str, float], cut: str) -> None:
    assert first_failed(event(**changes)) == cut


def test_a_recoil_along_the_slower_muon_is_rejected() -> None:
    # p+ = (3, 0, 0), p− = (−2, 1, 0): the pair (1, 1, 0) has 3/√5 transverse to the slower one
    changes = {"mu_minus__px": -2.0, "mu_minus__py": 1.0}
    at = 3 / math.sqrt(5)
    loose = replace(NO_SHARES, min_recoil_transverse_to_slow_muon=at - 1e-6)
    tight = replace(NO_SHARES, min_recoil_transverse_to_slow_muon=at + 1e-6)
    assert first_failed(event(**changes), loose) is None
    assert first_failed(event(**changes), tight) == "recoil_transverse_to_slow_muon"


@pytest.mark.parametrize(("m2", "least"), [(-1.0, 0.0), (0.0, 0.0), (2.0, 0.3), (4.0, 0.6), (80.0, 0.6)])
def test_shares_are_asked_for_in_proportion_at_low_recoil_mass(m2: float, least: float) -> None:
    cut = signal_region(replace(Thresholds(), min_pt_pair_share=0.6, shares_in_full_from=4.0)).pt_pair_share
    passed = cut.function(np.array([least - 1e-6, least + 1e-6]), np.array([m2, m2]))
    np.testing.assert_array_equal(passed, [False, True])


def test_a_photon_far_from_the_recoil_is_allowed() -> None:
    angle = math.radians(164)
    assert first_failed(event(n_hard_photons=1.0, angle_to_back_to_back_photon=angle)) is None


def test_the_recoil_must_be_in_the_barrel_only_at_low_mass() -> None:
    forward = {"mu_plus__pz": -1.5, "mu_minus__pz": -1.2}  # the recoil has (−1.8, −1.6, 2.7): 41.7°
    narrow = replace(NO_SHARES, barrel_theta=(50.0, 128.7), barrel_below_m2_recoil=1.0)
    assert first_failed(event(**forward), narrow) is None
    assert first_failed(event(**forward), replace(narrow, barrel_below_m2_recoil=100.0)) == "recoil_in_barrel"


@pytest.mark.parametrize(("use_cdcklm", "cut"), [(True, None), (False, "trigger")])
def test_the_cdcklm_trigger_takes_muons_at_any_opening(use_cdcklm: bool, cut: str | None) -> None:
    close = event(trigger_ffo=0.0, trigger_cdcklm=1.0, mu_minus__px=1.2)
    assert first_failed(close, replace(Thresholds(), use_cdcklm=use_cdcklm)) == cut
