from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.simulation.steering.four_tracks import four_track_candidates
from darkbelle.simulation.tau_modes import MODES

if TYPE_CHECKING:
    from tests.simulation.conftest import ByHand, Row

MUON, PION = 0.1056583755, 0.13957039
MU_P: Row = (-13, (1.5, 0.3, 1.0), None)
MU_M: Row = (13, (-1.2, 0.4, 0.5), None)
PI_P: Row = (211, (0.2, -0.9, 0.4), None)
PI_M: Row = (-211, (-0.4, 0.5, 0.6), None)


def energy(row: Row, mass: float) -> float:
    return float(np.sqrt(np.dot(row[1], row[1]) + mass**2))


def test_recoil_and_mass_of_all_four(by_hand: ByHand) -> None:
    rows = four_track_candidates(by_hand([MU_P, MU_M, PI_P, PI_M], []))
    assert rows["__event__"].tolist() == [0]
    pair_energy = energy(MU_P, MUON) + energy(MU_M, MUON)
    pair = np.add(MU_P[1], MU_M[1])
    left = np.array([NOMINAL.px, NOMINAL.py, NOMINAL.pz]) - pair
    assert rows["m2Recoil"] == pytest.approx((NOMINAL.energy - pair_energy) ** 2 - left @ left)
    total_energy = pair_energy + energy(PI_P, PION) + energy(PI_M, PION)
    total = pair + np.add(PI_P[1], PI_M[1])
    assert rows["M_4tracks"] == pytest.approx(np.sqrt(total_energy**2 - total @ total))
    assert rows["M"] == pytest.approx(np.sqrt(pair_energy**2 - pair @ pair))
    assert rows["other_p_mcPDG"] == 211
    assert rows["other_m_mcPDG"] == -211


def test_the_modes_of_true_taus_are_told(by_hand: ByHand) -> None:
    nowhere = (0.0, 0.0, 0.0)
    taus: list[Row] = [(15, nowhere, None), (-15, nowhere, None)]
    rows = four_track_candidates(
        by_hand([MU_P, MU_M, PI_P, PI_M], [*taus, MU_P, MU_M, (*PI_P[:2], 1), (*PI_M[:2], 0)])
    )
    pion = list(MODES).index("pi")
    assert rows["genTauMinusMode"].tolist() == [-1, pion]
    assert rows["genTauPlusMode"].tolist() == [-1, pion]


def test_every_pair_of_muons_is_a_row(by_hand: ByHand) -> None:
    soft_p: Row = (-13, (0.2, -0.9, 0.4), None)
    soft_m: Row = (13, (-0.4, 0.5, 0.6), None)
    rows = four_track_candidates(by_hand([MU_P, MU_M, soft_p, soft_m], [MU_P, MU_M, soft_p, PI_M]))
    assert rows["__event__"].tolist() == [0, 0, 0, 0, 1, 1]
    assert rows["__ncandidates__"].tolist() == [4, 4, 4, 4, 2, 2]
    used = [tuple(rows[f"{name}_px"][:4]) for name in ("mu_p", "other_p")]
    assert sorted(used[0]) == sorted(used[1])  # each positive muon is once the pair's, once the other


@pytest.mark.parametrize(
    "event", [[MU_P, MU_M, PI_P], [MU_P, MU_M, PI_P, PI_P], [MU_P, PI_M, PI_P, PI_M], [MU_P, MU_M] * 3]
)
def test_other_events_are_not_written(by_hand: ByHand, event: list[Row]) -> None:
    assert len(four_track_candidates(by_hand(event))["M"]) == 0
