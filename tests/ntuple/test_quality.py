from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.ntuple.quality import MissingShare, count_missing, missing_shares


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_and_infinities_are_counted_apart(dtype: type) -> None:
    values: NDArray[Any] = np.array([1, np.nan, np.inf, -np.inf, np.nan, np.nan], dtype=dtype)
    assert count_missing({"x": values, "y": np.zeros(3, dtype=dtype)}) == {"nan/x": 3, "inf/x": 2}


def test_infinities_that_cancel_are_found() -> None:
    assert count_missing({"x": np.array([np.inf, -np.inf])}) == {"inf/x": 2}


def test_large_numbers_are_not_missing() -> None:
    assert count_missing({"x": np.full(10, 1e308)}) == {}


def test_counts_of_chunks_add_up() -> None:
    values = np.array([np.nan, 1.0, np.nan, 2.0])
    parts = [count_missing({"x": part})["nan/x"] for part in np.split(values, 2)]
    assert sum(parts) == count_missing({"x": values})["nan/x"] == 2


def test_integers_and_empty_columns_have_nothing_missing() -> None:
    assert count_missing({"run": np.arange(3), "x": np.empty(0)}) == {}


def test_shares_come_with_the_largest_first() -> None:
    counts = {"nan/x": 1, "beams/event": 100, "inf/y": 4, "nan/z": 2}
    assert missing_shares(counts, 8) == (
        MissingShare("y", "inf", 4, 0.5),
        MissingShare("z", "nan", 2, 0.25),
        MissingShare("x", "nan", 1, 0.125),
    )
    assert missing_shares({}, 0) == ()
