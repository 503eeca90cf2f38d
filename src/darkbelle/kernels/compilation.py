"""The one place that decides how kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["kernel"]

F = TypeVar("F", bound=Callable[..., object])

OPTIONS = {
    "cache": True,  # compiled once a machine: NUMBA_CACHE_DIR says where
    "nogil": True,  # threads of a Dask worker run side by side
    "error_model": "numpy",  # 0/0 is NaN, as in the plain functions, instead of an exception
}


def kernel(function: F) -> F:
    """Compile a loop over columns; `function.py_func` stays the plain Python one."""
    return cast(F, numba.njit(**OPTIONS)(function))
