from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError, DuplicateEventsError, KernelInputError
from darkbelle.ntuple.candidates import best_candidate, best_candidate_mask, group_candidates, multiplicity
from darkbelle.ntuple.keys import EventKeys
from darkbelle.ntuple.reading import Layout, RowRange, columns_read, open_rows
from darkbelle.ntuple.writing import write_ntuple

LAYOUT = Layout({"mu_plus": "mu_p", "mu_minus": "mu_m"}, {"n_tracks": "nTracks"})

counts_and_scores = st.lists(
    st.lists(st.sampled_from([1.0, 2.0, 3.0, -np.inf, np.nan]), min_size=1, max_size=5), max_size=8
)


def _keys(lengths: list[int], candidate: NDArray[np.int64] | None = None) -> EventKeys:
    event = np.repeat(np.arange(len(lengths)), lengths)
    zeros = np.zeros(len(event), dtype=np.int64)
    return EventKeys(zeros, zeros, event, zeros, candidate)


@given(counts_and_scores, st.booleans(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_best_is_what_a_loop_finds(events: list[list[float]], largest: bool, shuffle: object) -> None:
    numbers = [list(range(len(scores))) for scores in events]
    for candidates in numbers:
        shuffle.shuffle(candidates)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    keys = _keys([len(scores) for scores in events], np.array([*chain(*numbers)], dtype=np.int64))
    expected: list[bool] = []
    for scores, candidates in zip(events, numbers, strict=True):
        worth = [-np.inf if np.isnan(s) else (s if largest else -s) for s in scores]
        best = min(range(len(scores)), key=lambda i: (-worth[i], candidates[i]))
        expected += [i == best for i in range(len(scores))]
    score = np.array([*chain(*events)], dtype=np.float64)
    assert best_candidate_mask(keys, score=score, largest=largest).tolist() == expected


@given(st.lists(st.integers(1, 4), min_size=1, max_size=20), st.integers(0, 2**63), st.data())
@settings(deadline=None)
def test_the_choice_does_not_depend_on_the_chunks(lengths: list[int], seed: int, data: st.DataObject) -> None:
    keys = _keys(lengths)
    edges = keys.boundaries()
    cut = edges[data.draw(st.integers(0, len(edges) - 1))]
    whole = best_candidate_mask(keys, seed=seed)
    parts = [
        best_candidate_mask(keys.take(part), seed=seed)
        for part in (np.arange(cut), np.arange(cut, len(keys)))
    ]
    assert np.concatenate(parts).tolist() == whole.tolist()
    assert np.add.reduceat(whole, edges[:-1]).tolist() == [1] * len(lengths)


def test_the_random_choice_follows_the_candidate_and_not_its_row() -> None:
    numbers = np.tile(np.arange(4), 500)
    forth = best_candidate_mask(_keys([4] * 500, numbers), seed=1)
    back = best_candidate_mask(_keys([4] * 500, np.ascontiguousarray(numbers[::-1])), seed=1)
    assert numbers[forth].tolist() == numbers[::-1][back].tolist()


def test_every_candidate_is_chosen_as_often() -> None:
    keys = _keys([4] * 10_000)
    chosen = keys.candidates()[best_candidate_mask(keys, seed=7)]
    counts = np.bincount(chosen, minlength=4)
    # chi-square of 3 degrees of freedom stays below 16.3 with probability 0.999
    assert np.sum((counts - 2500) ** 2 / 2500) < 16.3


def test_another_seed_chooses_otherwise() -> None:
    keys = _keys([2] * 1000)
    agree = np.mean(best_candidate_mask(keys, seed=1) == best_candidate_mask(keys, seed=2))
    assert 0.4 < agree < 0.6


def test_rows_outside_do_not_compete() -> None:
    keys = _keys([3, 2, 1])
    among = np.array([False, True, True, False, False, True])
    mask = best_candidate_mask(keys, score=[9.0, 1.0, 2.0, 5.0, 6.0, 0.0], among=among)
    assert mask.tolist() == [False, False, True, False, False, True]


def test_rows_written_twice_still_leave_one_candidate() -> None:
    keys = _keys([2], np.zeros(2, dtype=np.int64))
    assert best_candidate_mask(keys, score=[1.0, 1.0]).tolist() == [True, False]


@pytest.mark.parametrize("options", [{}, {"score": np.zeros(2), "seed": 1}])
def test_a_score_or_a_seed_is_needed(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="either a score or a seed, got both or neither"):
        best_candidate_mask(_keys([2]), **options)  # type: ignore[arg-type]


def test_a_score_of_another_length_is_refused() -> None:
    with pytest.raises(KernelInputError, match=r"score has shape \(3,\), expected \(2,\)"):
        best_candidate_mask(_keys([2]), score=np.zeros(3))


def test_multiplicities_are_counted() -> None:
    keys = _keys([1, 1, 2, 12])
    assert multiplicity(keys) == {
        "candidates/rows": 16,
        "candidates/events": 4,
        "candidates/events_with_1": 2,
        "candidates/events_with_2": 1,
        "candidates/events_with_10_or_more": 1,
    }


def test_events_that_lost_candidates_before_are_counted() -> None:
    keys = _keys([1, 2])
    assert multiplicity(keys, n_candidates=np.array([3, 2, 2]))["candidates/events_cut_before"] == 1
    among = np.array([True, True, False])
    assert multiplicity(keys, among=among)["candidates/events_with_1"] == 2


def test_grouping_reads_the_keys_only(modern_file: Path) -> None:
    rows = open_rows(RowRange(str(modern_file), "variables", 0, 6), LAYOUT, {"dataset": "x"})
    events = group_candidates(rows)
    assert len(events) == 3
    assert set(columns_read(rows)) == {
        "__experiment__",
        "__run__",
        "__event__",
        "__production__",
        "__candidate__",
    }
    assert events.candidate.tolist() == [[0, 1], [0], [0, 1, 2]]
    assert events.metadata == {"dataset": "x"}
    np.testing.assert_array_equal(np.concatenate(events.mu_plus.px.tolist()), rows.mu_plus.px)


def test_the_best_candidate_of_events_is_a_row(modern_file: Path) -> None:
    rows = open_rows(RowRange(str(modern_file), "variables", 0, 6), LAYOUT)
    best = best_candidate(group_candidates(rows), by="mu_plus.px")
    px = np.asarray(rows.mu_plus.px)
    assert best.event.tolist() == [10, 11, 12]
    assert best.mu_plus.px.tolist() == [px[:2].max(), px[2], px[3:].max()]
    smallest = best_candidate(group_candidates(rows), by="mu_plus.px", largest=False)
    assert smallest.mu_plus.px.tolist() == [px[:2].min(), px[2], px[3:].min()]
    assert len(best_candidate(group_candidates(rows), seed=1)) == 3


def test_candidates_that_do_not_follow_one_another_are_an_error(tmp_path: Path) -> None:
    columns = {f"__{name}__": np.ones(3, dtype=np.int32) for name in ("experiment", "run", "production")}
    write_ntuple(tmp_path / "a.root", columns | {"__event__": np.array([1, 2, 1], dtype=np.uint32)})
    rows = open_rows(RowRange(str(tmp_path / "a.root"), "variables", 0, 3), Layout())
    with pytest.raises(
        DuplicateEventsError, match=r"event 1, production 1\) begins in row 0 and again in row 2"
    ):
        group_candidates(rows)
