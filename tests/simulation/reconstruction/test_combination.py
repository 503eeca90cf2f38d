from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from darkbelle.simulation.reconstruction import (
    Daughter,
    TrackCuts,
    charged_list,
    combine,
    neutral_pions,
    photon_list,
    truth_tree,
    visible_particles,
)
from darkbelle.simulation.reconstruction.combination import joined

if TYPE_CHECKING:
    from tests.simulation.conftest import ByHand, Row

from darkbelle.beams import NOMINAL


def pions(signs: list[int], rng: np.random.Generator) -> list[Row]:
    return [(211 * sign, tuple(rng.normal(size=3)), None) for sign in signs]


def test_pairs_are_those_of_one_event() -> None:
    first, second = joined(np.array([0, 0, 2, 3]), np.array([0, 2, 2, 4]))
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == [(0, 0), (1, 0), (2, 1), (2, 2)]


def test_every_combination_is_made_once(by_hand: ByHand) -> None:
    rng = np.random.default_rng(3)
    signs = [1, 1, -1, 1, -1]
    detected = by_hand(pions(signs, rng), pions([1, -1], rng), [])
    track = charged_list(detected, "pion", TrackCuts())
    parts = (Daughter(track, -1), Daughter(track, 1), Daughter(track, 1))
    found = combine(411, parts, truth_tree(detected.generated))
    expected = {
        (sign, single, *pair)
        for sign in (1, -1)
        for single in range(5)
        for pair in itertools.combinations(range(5), 2)
        if signs[single] == -sign and all(signs[i] == sign for i in pair)
    }
    made = [(int(sign), *tracks) for sign, tracks in zip(found.sign, found.tracks.tolist(), strict=True)]
    assert set(made) == expected
    assert len(made) == len(expected)
    assert np.all(found.event == 0)
    assert np.all(detected.tracks.charge[found.tracks].sum(axis=1) == found.sign)


def test_momenta_add_up_and_the_window_is_on_their_mass(by_hand: ByHand) -> None:
    rng = np.random.default_rng(4)
    detected = by_hand(pions([1, -1] * 10, rng))
    track, truth = charged_list(detected, "pion", TrackCuts()), truth_tree(detected.generated)
    parts = (Daughter(track, 1), Daughter(track, -1))
    every = combine(0, parts, truth, self_conjugate=True)
    assert len(every) == 100
    first, second = every.daughter(0).momenta, every.daughter(1).momenta
    mass = np.sqrt(first.plus(second).mass_squared())
    np.testing.assert_allclose(np.sqrt(every.momenta.mass_squared()), mass, rtol=1e-12)
    window = combine(0, parts, truth, self_conjugate=True, mass=(1.0, 2.0))
    assert window.tracks.tolist() == every.tracks[(mass >= 1.0) & (mass <= 2.0)].tolist()


def test_no_track_is_used_twice(by_hand: ByHand) -> None:
    detected = by_hand([(211, (1.0, 0, 0), None), (-211, (0, 1.0, 0), None), (211, (0.1, 0, 1.0), None)])
    track, truth = charged_list(detected, "pion", TrackCuts()), truth_tree(detected.generated)
    inner = combine(113, (Daughter(track, 1), Daughter(track, -1)), truth, self_conjugate=True)
    outer = combine(20213, (Daughter(track, 1), Daughter(inner, 0)), truth)
    assert sorted(map(tuple, outer.tracks.tolist())) == [(0, 2, 1), (2, 0, 1)]


def test_empty_lists_make_no_candidates(by_hand: ByHand) -> None:
    detected = by_hand([], [])
    track, truth = charged_list(detected, "pion", TrackCuts()), truth_tree(detected.generated)
    assert len(combine(421, (Daughter(track, -1), Daughter(track, 1)), truth)) == 0


def test_neutral_pions_are_pairs_of_photons_of_their_mass(by_hand: ByHand) -> None:
    half, opening = 0.5, 2 * np.arcsin(0.1349768 / 1.0)
    pair: list[Row] = [
        (111, (0, 0, 0), None),
        (22, (half, 0, 0), 0),
        (22, (half * np.cos(opening), half * np.sin(opening), 0), 0),
        (22, (0, 0, 0.7), None),
    ]
    detected = by_hand(pair)
    found = neutral_pions(detected, truth_tree(detected.generated), photon_energy=0.1)
    assert found.photons.tolist() == [[0, 1]]
    assert found.mc_errors.tolist() == [0]
    assert np.sqrt(found.momenta.mass_squared()) == pytest.approx([0.1349768])
    assert len(photon_list(detected, 0.6)) == 1


def test_cuts_choose_tracks(by_hand: ByHand) -> None:
    vertices = [[[0.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 8.0]]]
    rows: list[Row] = [(211, (1.0, 0, 0), None), (211, (1.0, 0, 0), None), (-13, (0.5, 0, 0), None)]
    detected = by_hand(rows, vertices=vertices)

    def kept(cuts: TrackCuts) -> list[int]:
        return charged_list(detected, "pion", cuts).tracks[:, 0].tolist()  # type: ignore[no-any-return]

    assert kept(TrackCuts()) == [0, 1, 2]
    assert kept(TrackCuts(dr=1.0)) == [0, 2]
    assert kept(TrackCuts(dz=5.0)) == [0, 1]
    assert kept(TrackCuts(momentum=0.7)) == [0, 1]
    assert kept(TrackCuts(identification=0.5)) == [0, 1]


def test_visible_particles_stand_event_by_event(by_hand: ByHand) -> None:
    photon: Row = (22, (0, 0, 0.3), None)
    detected = by_hand([photon, (211, (1.0, 0, 0), None)], [], [photon, photon])
    every = (np.ones(1, dtype=bool), np.ones(3, dtype=bool))
    seen = visible_particles(detected, *every, NOMINAL)
    assert seen.offsets.tolist() == [0, 2, 2, 4]
    assert seen.is_track.tolist() == [True, False, False, False]
    assert seen.row.tolist() == [0, 0, 1, 2]
    assert seen.event_sum(seen.lab.energy) == pytest.approx([0.3 + np.hypot(1.0, 0.13957039), 0.0, 0.6])
