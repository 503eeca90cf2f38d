from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkbelle.ntuple.keys import EventKeys
from darkbelle.ntuple.spans import meeting, spans_of

RUN = (7, 3, 0)


def keys(events: Any, run: Any = 3) -> EventKeys:
    events = np.asarray(events, dtype=np.int64)
    ones = np.ones(len(events), dtype=np.int64)
    return EventKeys(experiment=7 * ones, run=ones * run, event=events, production=0 * ones)


def holds(spans: NDArray[np.int64], run: int, event: int) -> bool:
    return any(span[1] == run and span[3] <= event <= span[4] for span in spans.tolist())


def test_rows_of_one_run_have_one_span() -> None:
    assert spans_of(keys([5, 5, 6, 7, 7, 8])).tolist() == [[*RUN, 5, 8]]


def test_no_rows_have_no_span() -> None:
    assert spans_of(keys([])).shape == (0, 5)


def test_each_run_has_its_span_wherever_its_rows_are() -> None:
    found = spans_of(keys([5, 6, 4, 5, 6], run=np.array([3, 3, 2, 2, 3])))
    assert found.tolist() == [[7, 2, 0, 4, 5], [*RUN, 5, 6]]


def test_files_of_jobs_that_were_merged_have_a_span_each() -> None:
    jobs = [np.arange(first, first + 1000) for first in (80_000, 0, 30_000)]
    expected = [[*RUN, first, first + 999] for first in (0, 30_000, 80_000)]
    assert spans_of(keys(np.concatenate(jobs))).tolist() == expected


def test_rows_in_no_order_have_one_span() -> None:
    events = np.random.default_rng(1).permutation(100_000)
    assert spans_of(keys(events)).tolist() == [[*RUN, 0, 99_999]]


def test_many_runs_in_turn_do_not_make_many_spans() -> None:
    # so that what is kept of a chunk stays small
    assert spans_of(keys(np.arange(10_000), run=np.arange(10_000) % 2)).tolist() == [
        [7, 0, 0, 0, 9998],
        [7, 1, 0, 1, 9999],
    ]


def test_groups_are_those_that_meet_in_the_same_run() -> None:
    ends = [(1, 5), (6, 9), (5, 6), (20, 30)]
    parts = [keys(np.arange(first, last + 1)) for first, last in ends]
    parts += [keys([1, 2, 3], run=4), keys([3], run=4)]
    assert [group.tolist() for group in meeting([spans_of(part) for part in parts])] == [[0, 2, 1], [4, 5]]


def test_a_part_may_be_in_several_groups() -> None:
    parts = [keys([1, 2, 1, 2], run=np.array([3, 3, 4, 4])), keys([2, 3]), keys([2, 3], run=4)]
    assert [group.tolist() for group in meeting([spans_of(part) for part in parts])] == [[0, 1], [0, 2]]


def test_nothing_meets_nothing() -> None:
    assert meeting([]) == []
    assert meeting([spans_of(keys([])), spans_of(keys([]))]) == []


def test_event_numbers_may_be_as_large_as_64_bits_allow() -> None:
    ends = [[0, 0, 0, 2**63 - 2, 2**63 - 1], [0, 1, 0, 0, 2**63 - 1], [0, 0, 0, 0, 2**63 - 2]]
    assert [group.tolist() for group in meeting([np.array([span]) for span in ends])] == [[2, 0]]


PARTS = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60) | st.integers(10**6, 10**6 + 5)), max_size=8),
    max_size=6,
)


@settings(deadline=None)
@given(PARTS)
def test_whoever_shares_an_event_is_in_one_group(parts: list[list[tuple[int, int]]]) -> None:
    spans = [
        spans_of(keys([event for _, event in part], run=np.array([run for run, _ in part], dtype=np.int64)))
        for part in parts
    ]
    groups = [set(group.tolist()) for group in meeting(spans)]
    for i, part in enumerate(parts):
        assert all(holds(spans[i], *event) for event in part)
        for j in range(i):
            if set(part) & set(parts[j]):
                assert any({i, j} <= group for group in groups)
