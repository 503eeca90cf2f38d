from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from darkbelle.kernels import libm

ONE = [name for name in libm.__all__ if name not in {"arctan2", "power"}]
# what the standard library has, which is the C library's
PLAIN: dict[str, Callable[..., float]] = {
    "arccos": math.acos, "arcsin": math.asin, "arcsinh": math.asinh, "arctan2": math.atan2,
    "arctanh": math.atanh, "cos": math.cos, "exp": math.exp, "expm1": math.expm1, "log": math.log,
    "power": math.pow, "sin": math.sin, "tan": math.tan, "tanh": math.tanh,
}  # fmt: skip
POINTS = np.random.default_rng(1).random(2000)


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_columns_get_what_single_numbers_get_to_the_last_bit(name: str) -> None:
    arguments = (POINTS, POINTS[::-1].copy()) if name not in ONE else (POINTS,)
    found = getattr(libm, name)(*arguments)
    expected = [PLAIN[name](*values) for values in zip(*(a.tolist() for a in arguments), strict=True)]
    assert found.tolist() == expected


@pytest.mark.parametrize("name", libm.__all__)
def test_they_are_numpys_within_two_bits(name: str) -> None:
    arguments: tuple[Any, ...] = (
        (POINTS, 3.7) if name not in ONE else (POINTS - (0.5 if name == "cbrt" else 0.0),)
    )
    found, expected = getattr(libm, name)(*arguments), getattr(np, name)(*arguments)
    np.testing.assert_allclose(found, expected, rtol=1e-15)


@pytest.mark.parametrize("name", libm.__all__)
def test_impossible_arguments_give_what_numpy_gives(name: str) -> None:
    values = np.array([np.nan, np.inf, -np.inf, -2.0, 0.0, 1.0])
    arguments = (values, values[::-1].copy()) if name not in ONE else (values,)
    with np.errstate(all="ignore"):
        found, expected = getattr(libm, name)(*arguments), getattr(np, name)(*arguments)
    np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_shapes_and_whole_numbers_are_numpys() -> None:
    assert libm.exp(np.zeros((0, 3))).shape == (0, 3)
    assert libm.power(np.ones((2, 1)), np.ones(3)).shape == (2, 3)
    assert libm.log(np.array([1, 1])).tolist() == [0.0, 0.0]
