"""Every compiled loop over four-vectors gives what plain Python gives, to the last bits."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import darkbelle.kernels
from darkbelle.beams import NOMINAL
from darkbelle.vectors import FourVector


def compiled_loops() -> list[Callable[..., Any]]:
    loops = []
    for module in pkgutil.iter_modules(darkbelle.kernels.__path__, "darkbelle.kernels."):
        contents = vars(importlib.import_module(module.name)).items()
        loops += [f for name, f in contents if hasattr(f, "py_func") and f.__module__ == module.name]
    return [loop for loop in loops if "FourVector" in loop.__annotations__.values()]


def empty_like_output(loop: Callable[..., Any], size: int) -> Any:
    kind = vars(sys.modules[loop.__module__])[loop.__annotations__["out"]]
    fields = getattr(kind, "_fields", None)
    return kind(*np.full((len(fields), size), -1.0)) if fields else np.full(size, -1.0)


@pytest.mark.parametrize("loop", compiled_loops(), ids=lambda loop: loop.__name__)
@pytest.mark.parametrize("size", [0, 1000])
def test_compiled_equals_plain(loop: Any, size: int, random_vectors: FourVector) -> None:
    vectors = FourVector(*(column[:size] for column in random_vectors))
    kinds = [kind for name, kind in loop.__annotations__.items() if name not in {"out", "return"}]
    offsets = np.concatenate([[0], np.arange(0, size + 1, 5)])  # an event without particles, others of five
    others = {"FourVector": NOMINAL.four_vector, "Indices": offsets, "float": -1.0}
    arguments: list[Any] = [vectors, *(others[kind] for kind in kinds[1:])]
    rows = offsets.size - 1 if "Indices" in kinds else size
    compiled, plain = empty_like_output(loop, rows), empty_like_output(loop, rows)
    loop(*arguments, compiled)
    with np.errstate(all="ignore"):
        loop.py_func(*arguments, plain)
    np.testing.assert_allclose(np.asarray(compiled), np.asarray(plain), rtol=1e-14, atol=1e-14)


def test_all_loops_were_found() -> None:
    names = {loop.__name__ for loop in compiled_loops()}
    assert names >= {"_boost", "_opening_angle", "_recoil_mass_squared", "_momentum_along"}
