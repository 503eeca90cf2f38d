"""Write ntuples of basf2's shape: a TTree a candidate list, big baskets, the same bytes every time."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import uproot
from numpy.typing import NDArray

from darkbelle.errors import NtupleError
from darkbelle.ntuple.names import escape
from darkbelle.ntuple.timestamps import erase_times

__all__ = ["Codec", "Columns", "split_rows", "write_batches", "write_ntuple", "write_trees"]

Columns = Mapping[str, NDArray[Any]]
Codec = Literal["zlib", "zstd", "lz4"]

# A basket is read whole. At 8 bytes a value this is 0.8 MB: few seeks, and little waste at the edges
# of a chunk of some 1e5 rows.
ROWS_A_BASKET: Final = 100_000

# Makes UUIDs of version 5 out of the identity of a file.
NAMESPACE: Final = uuid.UUID("5b1f0c0e-6f3a-5c5f-9d1f-0d2b7c6f7a11")


def write_ntuple(
    path: str | Path,
    columns: Columns,
    *,
    tree: str = "variables",
    codec: Codec = "zlib",
    identity: str | None = None,
) -> None:
    """Write columns as one flat tree, in basf2's shape. The same columns make the same bytes.

    The file appears at once and whole: it is written beside its place and then moved there.

    Parameters
    ----------
    path
        An existing file is replaced. Its name, not its folder, is part of the bytes.
    columns
        Arrays of shape (n,) by variable or branch name; names are escaped as basf2 does. Branches
        get the arrays' types.
    codec
        ``zlib`` is what basf2 writes, ``zstd`` and ``lz4`` read faster.
    identity
        What the file's UUID is made of; without it, names, types and values of all columns.

    Raises
    ------
    NtupleError
        Columns differ in length, are not one-dimensional, or two get one name.
    """
    write_trees(path, {tree: columns}, codec=codec, identity=identity)


def write_trees(
    path: str | Path,
    trees: Mapping[str, Columns],
    *,
    codec: Codec = "zlib",
    identity: str | None = None,
) -> None:
    """Write several flat trees into one file; see `write_ntuple`."""
    escaped = {tree: _checked(columns, f"tree {tree!r} of {path}") for tree, columns in trees.items()}
    identity = identity or _content_digest(escaped)
    with _new_file(Path(path), codec, identity) as file:
        for tree, columns in escaped.items():
            rows = len(next(iter(columns.values())))
            _fill(file, tree, columns, split_rows(columns), capacity=rows // ROWS_A_BASKET + 1)


def write_batches(
    path: str | Path,
    batches: Iterable[Columns],
    *,
    batch_count: int,
    identity: str,
    tree: str = "variables",
    codec: Codec = "zlib",
) -> None:
    """Write a flat tree batch by batch, one basket each, so that memory stays at one batch.

    Parameters
    ----------
    batches
        At least one; all of the same columns and types.
    batch_count
        How many there will be at most: space for that many baskets is set aside.
    identity
        What the file's UUID is made of.
    """
    checked = (_checked(batch, f"tree {tree!r} of {path}") for batch in batches)
    first = next(checked)
    with _new_file(Path(path), codec, identity) as file:
        _fill(file, tree, first, _chain(first, checked), capacity=batch_count)


def split_rows(columns: Columns, size: int = ROWS_A_BASKET) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield slices of columns of at most ``size`` rows; nothing for no rows."""
    rows = len(next(iter(columns.values())))
    for start in range(0, rows, size):
        yield {name: values[start : start + size] for name, values in columns.items()}


def _chain(first: Columns, rest: Iterable[Columns]) -> Iterator[Columns]:
    yield first
    yield from rest


def _checked(columns: Columns, where: str) -> dict[str, NDArray[Any]]:
    if not columns:
        raise NtupleError(f"{where}: no columns to write; give at least one")
    escaped: dict[str, NDArray[Any]] = {}
    for name, values in columns.items():
        branch = escape(name)
        if branch in escaped:
            raise NtupleError(f"{where}: two columns get the branch name {branch!r}; rename one of them")
        escaped[branch] = np.ascontiguousarray(values)
    lengths = {name: values.shape for name, values in escaped.items()}
    expected = next(iter(lengths.values()))
    for name, shape in lengths.items():
        if len(shape) != 1 or shape != expected:
            raise NtupleError(
                f"{where}: column {name!r} has shape {shape}, expected {expected[:1]} as column "
                f"{next(iter(lengths))!r} has; a row is a candidate and needs one value in each column"
            )
    return escaped


def _fill(file: Any, tree: str, types: Columns, batches: Iterable[Columns], *, capacity: int) -> None:
    branches = {name: values.dtype for name, values in types.items()}
    target = file.mktree(tree, branches, initial_basket_capacity=max(capacity, 1))
    for batch in batches:
        if len(next(iter(batch.values()))):
            target.extend(dict(batch))


@contextmanager
def _new_file(path: Path, codec: Codec, identity: str) -> Iterator[Any]:
    """Give a ROOT file to write to that takes its place when all went well."""
    name = uuid.uuid5(NAMESPACE, identity)
    path.parent.mkdir(parents=True, exist_ok=True)
    # ROOT files hold their own name, so the temporary file needs the final one: in another folder
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
        part = Path(folder) / path.name
        with uproot.recreate(part, compression=_compression(codec), uuid_function=lambda: name) as file:
            yield file
        erase_times(part)
        part.replace(path)


def _compression(codec: Codec) -> Any:
    if codec == "zlib":
        compression = uproot.ZLIB(1)
        # the reading side switches the class to isal, which would change our bytes
        compression.library = "zlib"
        return compression
    return uproot.ZSTD(3) if codec == "zstd" else uproot.LZ4(1)


def _content_digest(trees: Mapping[str, Columns]) -> str:
    digest = hashlib.sha256()
    for tree, columns in trees.items():
        digest.update(f"tree {tree}\n".encode())
        for name, values in columns.items():
            digest.update(f"{name} {values.dtype.str} {len(values)}\n".encode())
            digest.update(values.data)
    return digest.hexdigest()
