"""Cuts, cutflows and N−1."""

from __future__ import annotations

from typing import NamedTuple

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from darkbelle.errors import ConfigurationError
from darkbelle.selections.cuts import Cut, evaluate, split_at_first_reading


class Region(NamedTuple):
    low: Cut
    high: Cut
    other: Cut


REGION = Region(
    Cut("low", ("x",), lambda x: x > 1),
    Cut("high", ("x",), lambda x: x < 4),
    Cut("other", ("y",), lambda y: y == 0),
)

# event:                     0    1    2    3    4
X = np.array([0.0, 2.0, 5.0, 3.0, 5.0])
Y = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
WEIGHTS = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
COLUMNS = {"x": X, "y": Y}


def test_selected_events_pass_all_cuts() -> None:
    assert_array_equal(evaluate(REGION, COLUMNS).selected, [False, True, False, False, False])


def test_cutflow_counts_what_is_left_after_each_cut() -> None:
    flow = evaluate(REGION, COLUMNS).cutflow(WEIGHTS)
    assert flow.cuts == ("low", "high", "other")
    assert_array_equal(flow.events, [5, 4, 2, 1])
    assert_array_equal(flow.weights, [31.0, 30.0, 10.0, 2.0])


def test_n_minus_one_leaves_out_one_cut_at_a_time() -> None:
    flow = evaluate(REGION, COLUMNS).cutflow(WEIGHTS)
    assert_array_equal(flow.n_minus_one_events, [2, 2, 2])  # besides event 1: 0, then 2, then 3
    assert_array_equal(flow.n_minus_one_weights, [3.0, 6.0, 10.0])


def test_without_gives_the_mask_of_an_n_minus_one_plot() -> None:
    decisions = evaluate(REGION, COLUMNS)
    assert_array_equal(decisions.without("low"), [True, True, False, False, False])
    assert_array_equal(decisions.without("low", "high"), [True, True, True, False, False])
    assert_array_equal(decisions.without(), decisions.selected)


def test_without_an_unknown_cut_says_which_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no cut 'lwo'.*low, high, other"):
        evaluate(REGION, COLUMNS).without("lwo")


def test_nan_fails_a_cut_even_when_the_function_would_pass_it() -> None:
    cut = Cut("not small", ("x",), lambda x: ~(x < 1))
    assert_array_equal(evaluate((cut,), {"x": np.array([np.nan, 2.0])}).selected, [False, True])


def test_a_cut_may_decide_on_nan_itself() -> None:
    cut = Cut("absent or large", ("x",), lambda x: np.isnan(x) | (x > 1), decides_nan=True)
    columns = {"x": np.array([np.nan, 2.0, 0.0])}
    decisions = evaluate((cut,), columns)
    assert_array_equal(decisions.selected, [True, True, False])
    assert decisions.nan == {}


def test_nan_is_counted_by_column() -> None:
    columns = {"x": np.array([np.nan, 2.0, np.nan]), "y": np.array([0, 1, 2])}
    assert evaluate(REGION, columns).nan == {"x": 2}


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"cut 'other' reads the column 'y'.*there are x"):
        evaluate(REGION, {"x": X})


@pytest.mark.parametrize("size", [0, 255])
def test_a_region_has_a_limited_number_of_cuts(size: int) -> None:
    with pytest.raises(ConfigurationError, match=f"got {size}"):
        evaluate((REGION.low,) * size, COLUMNS)


def test_no_events_give_an_empty_cutflow() -> None:
    empty = {"x": np.empty(0), "y": np.empty(0)}
    flow = evaluate(REGION, empty).cutflow(np.empty(0))
    assert_array_equal(flow.events, [0, 0, 0, 0])
    assert_array_equal(flow.n_minus_one_weights, [0.0, 0.0, 0.0])


def test_a_region_is_split_before_the_first_cut_on_a_changed_column() -> None:
    assert split_at_first_reading(REGION, ("y",)) == ((REGION.low, REGION.high), (REGION.other,))
    assert split_at_first_reading(REGION, ("x", "y")) == ((), tuple(REGION))
    assert split_at_first_reading(REGION, ("z",)) == (tuple(REGION), ())


def test_events_that_pass_the_first_cuts() -> None:
    assert_array_equal(evaluate(REGION, COLUMNS).pass_first(1), [False, True, True, True, True])
    assert_array_equal(evaluate(REGION, COLUMNS).pass_first(2), [False, True, False, True, False])


bits = hnp.arrays(bool, st.tuples(st.integers(1, 5), st.integers(0, 40)))


@given(passes=bits, data=st.data())
@settings(deadline=None)
def test_cutflow_and_masks_equal_those_of_plain_boolean_algebra(
    passes: np.ndarray[tuple[int, int], np.dtype[np.bool_]], data: st.DataObject
) -> None:
    cuts = [Cut(f"cut{i}", (f"c{i}",), lambda bit: bit) for i in range(len(passes))]
    weights = data.draw(hnp.arrays(np.float64, passes.shape[1], elements=st.integers(-4, 4)))
    decisions = evaluate(cuts, {f"c{i}": row for i, row in enumerate(passes)})
    flow = decisions.cutflow(weights)
    for i in range(len(cuts) + 1):
        alive = passes[:i].all(axis=0)
        assert flow.events[i] == alive.sum()
        assert flow.weights[i] == weights[alive].sum()
    for i, cut in enumerate(cuts):
        others = np.delete(passes, i, axis=0).all(axis=0)
        assert_array_equal(decisions.without(cut.name), others)
        assert flow.n_minus_one_events[i] == others.sum()
        assert flow.n_minus_one_weights[i] == weights[others].sum()
    assert_array_equal(decisions.selected, passes.all(axis=0))
