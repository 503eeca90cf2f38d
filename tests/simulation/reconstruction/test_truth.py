"""mcErrors and isSignal of candidates, on decays made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from darkbelle.simulation.reconstruction import (
    Daughter,
    ParticleList,
    TrackCuts,
    charged_list,
    combine,
    truth_tree,
)
from darkbelle.simulation.reconstruction.truth_tree import common_ancestors

if TYPE_CHECKING:
    from tests.simulation.conftest import ByHand, Row

    from darkbelle.simulation.detector import DetectedEvents

A, B, C, D = (1.0, 0.2, 0.1), (-0.5, 0.9, 0.3), (0.2, -0.4, 0.8), (0.3, 0.3, -0.9)
NOWHERE = (0.0, 0.0, 0.0)


def kaon_pion(detected: DetectedEvents) -> ParticleList:
    """Return D0 → K−π+ and conjugates, of tracks that are taken for both."""
    kaons, pions = (charged_list(detected, kind, TrackCuts()) for kind in ("kaon", "pion"))
    return combine(421, (Daughter(kaons, -1), Daughter(pions, 1)), truth_tree(detected.generated))


def flags(found: ParticleList) -> list[int]:
    return sorted(found.mc_errors.tolist())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], 0),
        ([(22, C, 0)], 1),  # radiated: two others beside it
        ([(111, NOWHERE, 0), (22, C, 3), (22, D, 3)], 2 | 16),  # a π0 and its photons
        ([(130, C, 0)], 64),
        ([(211, C, 0)], 32),
        ([(14, C, 0)], 8),
    ],
)
def test_what_is_missing_is_flagged(by_hand: ByHand, more: list[Row], expected: int) -> None:
    detected = by_hand([(421, NOWHERE, None), (-321, A, 0), (211, B, 0), *more])
    found = kaon_pion(detected)
    right = found.select((found.tracks == [0, 1]).all(axis=1) & (found.sign == 1))
    assert right.mc_errors.tolist() == [expected]
    tree = truth_tree(detected.generated)
    assert tree.pdg[right.matched].tolist() == [421]


def test_swapped_hypotheses_are_misidentified_and_of_the_wrong_flavour(by_hand: ByHand) -> None:
    found = kaon_pion(by_hand([(421, NOWHERE, None), (-321, A, 0), (211, B, 0)]))
    assert flags(found) == [0, 128 | 256]


def test_tracks_of_two_mothers_have_a_wrong_particle_added(by_hand: ByHand) -> None:
    rows: list[Row] = [(511, NOWHERE, None), (-421, NOWHERE, 0), (321, A, 1), (-211, B, 1), (211, C, 0)]
    found = kaon_pion(by_hand(rows))
    by_tracks = {
        tuple(tracks): errors for tracks, errors in zip(found.tracks.tolist(), found.mc_errors, strict=True)
    }
    assert by_tracks[0, 1] == 0
    # B0 is the common ancestor of the two pions, one taken for a kaon: its K+ is missing, and the D0
    assert by_tracks[1, 2] == 128 | 256 | 32 | 2


def test_tracks_of_nothing_in_common_have_an_internal_error_and_no_match(by_hand: ByHand) -> None:
    found = kaon_pion(by_hand([(-321, A, None), (211, B, None)]))
    assert flags(found) == [512, 512]
    assert found.matched.tolist() == [-1, -1]


def test_a_candidate_of_candidates_knows_its_resonances(by_hand: ByHand) -> None:
    rows: list[Row] = [(413, NOWHERE, None), (421, NOWHERE, 0), (-321, A, 1), (211, B, 1), (211, C, 0)]
    detected = by_hand(rows)
    tree = truth_tree(detected.generated)
    inner = kaon_pion(detected)
    pions = charged_list(detected, "pion", TrackCuts())
    outer = combine(413, (Daughter(inner, 1), Daughter(pions, 1)), tree)
    flat_parts = (
        Daughter(charged_list(detected, "kaon", TrackCuts()), -1),
        Daughter(pions, 1),
        Daughter(pions, 1),
    )
    flat = combine(413, flat_parts, tree)
    right = outer.select(outer.mc_errors == 0)
    assert right.tracks.tolist() == [[0, 1, 2]]
    # with the slow pion in the D0, that has the D* for its ancestor, which then stems from nothing
    wrong = outer.select((outer.tracks == [0, 2, 1]).all(axis=1))
    assert wrong.mc_errors.tolist() == [512]
    assert tree.pdg[wrong.daughter(0).matched].tolist() == [413]
    # without the D0 in between, it is a missing resonance
    assert 2 in flat.mc_errors.tolist()


def test_common_ancestors_are_the_first_ones(by_hand: ByHand) -> None:
    rows: list[Row] = [
        (511, NOWHERE, None),
        (-411, NOWHERE, 0),
        (321, A, 1),
        (-211, B, 1),
        (211, C, 0),
        (11, D, None),
    ]
    tree = truth_tree(by_hand(rows).generated)
    # stable: K, π−, π+, e; then B0 and D−
    pairs = np.array([[0, 1], [0, 2], [0, 3], [0, -1], [-1, 0]])
    assert common_ancestors(tree, pairs).tolist() == [5, 4, -1, -1, -1]
