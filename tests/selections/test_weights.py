"""Weights on the grid."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from darkbelle.errors import NtupleError
from darkbelle.selections.weights import event_weights, on_grid
from darkbelle.vectors import Column

weights = hnp.arrays(np.float64, st.integers(1, 200), elements=st.floats(-100, 100, width=32))


@given(values=weights, seed=st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_sums_do_not_depend_on_the_order(values: Column, seed: int) -> None:
    rounded = on_grid(values)
    shuffled = np.random.default_rng(seed).permutation(rounded)
    assert np.cumsum(rounded)[-1] == np.cumsum(shuffled)[-1]
    assert np.cumsum(rounded**2)[-1] == np.cumsum(shuffled**2)[-1]


@given(values=weights)
@settings(deadline=None)
def test_rounding_moves_a_weight_by_half_a_step_at_most(values: Column) -> None:
    assert np.all(np.abs(on_grid(values) - values) <= 2.0**-17)


def test_integers_stay_as_they_are() -> None:
    assert_array_equal(on_grid([1.0, 100.0, -3.0]), [1.0, 100.0, -3.0])


def test_one_half_step_goes_to_the_even_neighbour() -> None:
    assert_array_equal(on_grid([2.0**-17, 3 * 2.0**-17]), [0.0, 2 * 2.0**-16])


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_weight_that_is_no_number_is_an_error(broken: float) -> None:
    with pytest.raises(NtupleError, match="got 1 NaN or infinite of 2"):
        on_grid([1.0, broken])


def test_event_weights_are_the_product_of_what_is_there() -> None:
    sampling = np.array([2.0, 4.0], dtype=np.float32)
    correction = np.array([0.5, 1.5])
    assert_array_equal(event_weights(2, sampling, None, correction), [1.0, 6.0])
    assert_array_equal(event_weights(2), [1.0, 1.0])
