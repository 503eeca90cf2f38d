from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.simulation.steering.dimuon import dimuon_candidates
from darkbelle.simulation.steering.lepton_pairs import LeptonPairList, lepton_pair_candidates

if TYPE_CHECKING:
    from tests.simulation.conftest import ByHand, Row

PLUS, MINUS = (1.5, 0.3, 1.0), (-1.2, 0.4, 0.5)


@pytest.mark.parametrize(("first", "second", "channel"), [(11, 11, 1), (11, 13, 2), (13, 11, 3), (13, 13, 4)])
def test_identification_says_the_channel(by_hand: ByHand, first: int, second: int, channel: int) -> None:
    rows = lepton_pair_candidates(by_hand([(-first, PLUS, None), (second, MINUS, None)]))
    assert rows["channel"].tolist() == [channel]
    assert rows["l_p_mcPDG"] == -first
    assert rows["l_p_isSignal"] == 1
    assert rows["l_m_mcPDG"] == second


def test_what_a_photon_takes_is_taken_off_the_recoil(by_hand: ByHand) -> None:
    pair: list[Row] = [(-13, PLUS, None), (13, MINUS, None)]
    soft: Row = (22, (0.0, 0.2, 0.1), None)
    hard: Row = (22, (0.1, -0.7, 0.5), None)
    rows = lepton_pair_candidates(by_hand([*pair, soft, hard], pair))
    assert rows["gamma_E"] == pytest.approx([np.sqrt(0.75), np.nan], nan_ok=True)
    momentum = np.add(np.add(PLUS, MINUS), hard[1])
    energy = sum(np.sqrt(np.dot(p, p) + 0.1056583755**2) for p in (PLUS, MINUS)) + np.sqrt(0.75)
    left = np.array([NOMINAL.px, NOMINAL.py, NOMINAL.pz]) - momentum
    assert rows["m2Recoil_gamma"] == pytest.approx(
        [(NOMINAL.energy - energy) ** 2 - left @ left, np.nan], nan_ok=True
    )


def test_muon_pairs_are_those_of_dimuon(by_hand: ByHand) -> None:
    detected = by_hand([(-13, PLUS, None), (13, MINUS, None), (22, (0.5, 0.5, 0.5), None)])
    pairs, both = lepton_pair_candidates(detected), dimuon_candidates(detected)
    for name in ("M", "m2Recoil", "pRecoilTheta", "useCMSFrame(angleToMostB2BInList(gamma:hard))", "nTracks"):
        assert pairs[name].tolist() == both[name].tolist()


def test_an_uncertain_track_is_a_row_for_each_hypothesis(by_hand: ByHand) -> None:
    detected = by_hand([(-13, PLUS, None), (13, MINUS, None)])
    rows = lepton_pair_candidates(detected, cuts=LeptonPairList(identification=0.0))
    assert rows["channel"].tolist() == [1, 2, 3, 4]
    assert rows["l_p_isSignal"].tolist() == [0, 0, 1, 1]
