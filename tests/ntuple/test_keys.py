from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkbelle.errors import DuplicateEventsError, NtupleError
from darkbelle.ntuple.keys import EventKeys, event_keys, keys_of_rows
from darkbelle.ntuple.reading import Layout, RowRange, open_rows
from darkbelle.ntuple.writing import write_ntuple

Columns = dict[str, NDArray[Any]]


def _keys(event: list[int], candidate: list[int] | None = None, **others: list[int]) -> EventKeys:
    columns = {name: np.zeros(len(event), dtype=np.int64) for name in ("experiment", "run", "production")}
    columns |= {name: np.array(values, dtype=np.int64) for name, values in others.items()}
    numbers = None if candidate is None else np.array(candidate, dtype=np.int64)
    return EventKeys(event=np.array(event, dtype=np.int64), candidate=numbers, **columns)


def test_boundaries_are_where_another_event_begins() -> None:
    keys = _keys([4, 4, 5, 5, 5, 9])
    assert keys.boundaries().tolist() == [0, 2, 5, 6]
    assert keys.run_lengths().tolist() == [2, 3, 1]
    assert keys.events().tolist() == [[0, 0, 4, 0], [0, 0, 5, 0], [0, 0, 9, 0]]


@pytest.mark.parametrize("counter", ["experiment", "run", "production"])
def test_every_counter_of_the_key_ends_an_event(counter: str) -> None:
    assert _keys([4, 4, 4], **{counter: [1, 1, 2]}).boundaries().tolist() == [0, 2, 3]


def test_no_rows_have_no_events() -> None:
    keys = _keys([])
    assert keys.boundaries().tolist() == [0]
    assert keys.run_lengths().tolist() == keys.hashes().tolist() == keys.row_hashes().tolist() == []
    keys.check_contiguous("nothing")


def test_keys_of_a_file_are_those_of_its_rows(modern_file: Path) -> None:
    of_file = event_keys(modern_file)
    of_rows = keys_of_rows(open_rows(RowRange(str(modern_file), "variables", 0, 6), Layout()))
    for name in ("experiment", "run", "event", "production", "candidate"):
        np.testing.assert_array_equal(getattr(of_file, name), getattr(of_rows, name))
    assert of_file.event.tolist() == [10, 10, 11, 12, 12, 12]
    assert of_file.production.tolist() == [7] * 6


def test_a_file_without_keys_says_so(tmp_path: Path) -> None:
    write_ntuple(tmp_path / "a.root", {"__weight__": np.ones(2, "f4"), "mu_p_px": np.ones(2, "f4")})
    with pytest.raises(
        NtupleError, match=r"a\.root: no __experiment__, __run__, __event__, so candidates cannot"
    ):
        event_keys(tmp_path / "a.root")
    rows = open_rows(RowRange(str(tmp_path / "a.root"), "variables", 0, 2), Layout({"mu": "mu_p"}))
    with pytest.raises(NtupleError, match="these rows: no __experiment__"):
        keys_of_rows(rows)


def _splitmix64(state: int) -> int:
    """The generator as its paper prints it, on Python's integers."""
    mask = 2**64 - 1
    state = (state + 0x9E3779B97F4A7C15) & mask
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
    return state ^ (state >> 31)


def test_splitmix64_gives_its_published_first_value() -> None:
    # Vigna's reference implementation, state 1234567
    assert _splitmix64(1234567) == 6457827717110365317


@given(*[st.integers(0, 2**32 - 1)] * 5, st.integers(0, 2**64 - 1))
@settings(deadline=None)
def test_hashes_are_splitmix64_of_the_counters(
    experiment: int, run: int, event: int, production: int, candidate: int, seed: int
) -> None:
    keys = _keys([event], [candidate], experiment=[experiment], run=[run], production=[production])
    expected = seed
    for value in (experiment, run, event, production):
        expected = _splitmix64(expected ^ value)
    assert keys.hashes(seed).tolist() == [expected]
    assert keys.row_hashes(seed).tolist() == [_splitmix64(expected ^ candidate)]


def test_a_million_events_have_a_million_hashes() -> None:
    n = 1_000_000
    run = np.repeat(np.arange(10), n // 10)
    keys = EventKeys(np.full(n, 1003), run, np.tile(np.arange(n // 10), 10), np.zeros(n, dtype=np.int64))
    assert len(np.unique(keys.hashes())) == n


def test_without_candidate_numbers_the_place_in_the_event_counts() -> None:
    assert _keys([4, 4, 5, 4]).candidates().tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("order", [[1, 2, 3], [3, 1, 2]])
def test_events_in_any_order_are_contiguous(order: list[int]) -> None:
    _keys([event for event in order for _ in range(2)]).check_contiguous("a file")


def test_an_event_that_begins_again_is_an_error() -> None:
    keys = _keys([5, 5, 3, 5, 3, 8])
    with pytest.raises(
        DuplicateEventsError, match=r"a file: event \(experiment 0, run 0, event \d, .* and 1 more"
    ):
        keys.check_contiguous("a file")


def test_one_event_number_in_two_productions_is_two_events(
    tmp_path: Path, modern_columns: Callable[..., Columns]
) -> None:
    columns = modern_columns([1, 2, 1, 2])
    columns["__production__"] = np.array([1, 1, 2, 2], dtype=np.int32)
    write_ntuple(tmp_path / "a.root", columns)
    keys = event_keys(tmp_path / "a.root")
    keys.check_contiguous("a file")
    assert len(np.unique(keys.hashes())) == 4
