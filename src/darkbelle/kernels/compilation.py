"""The one place that decides how kernels are compiled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from darkbelle.vectors import Column

__all__ = ["elementary", "kernel"]

F = TypeVar("F", bound=Callable[..., object])

OPTIONS = {
    "cache": True,  # compiled once a machine: NUMBA_CACHE_DIR says where
    "nogil": True,  # threads of a Dask worker run side by side
    "error_model": "numpy",  # 0/0 is NaN, as in the plain functions, instead of an exception
}


def kernel(function: F) -> F:
    """Compile a loop over columns; `function.py_func` stays the plain Python one."""
    compiled = numba.njit(**OPTIONS)(function)
    _depend_on_all_kernels(compiled)
    return cast(F, compiled)


def elementary(function: Callable[..., float]) -> Callable[..., Column]:
    """Compile a function of numbers into a universal function of arrays, see `darkbelle.kernels.libm`."""
    compiled: Callable[..., Column] = numba.vectorize(cache=OPTIONS["cache"])(function)
    return compiled


def _depend_on_all_kernels(compiled: Any) -> None:
    """Have the cache of a kernel go stale when any kernel changes, not only one in its own file.

    A kernel holds the compiled code of those that it calls, of which numba's cache knows nothing.
    """
    cached = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if cached is not None:  # with NUMBA_DISABLE_JIT there is none
        cached._source_stamp = (cached._source_stamp, _digest_of_all_kernels())


@cache
def _digest_of_all_kernels() -> str:
    root = Path(__file__).parents[1]
    folders = [folder for folder in root.iterdir() if folder.is_dir()]  # those linked are not walked into
    sources = sorted(path for folder in folders for path in folder.rglob("*.py"))
    digest = hashlib.sha256()
    for source in sources:
        content = source.read_bytes()
        if b"@kernel" in content:
            digest.update(content)
    return digest.hexdigest()
