"""Open an ntuple: a TTree of a ROOT file or a parquet table, behind one interface.

What can be wrong with a file is found here and said with its name and a cure. Nothing but the columns
asked for is read.
"""

from __future__ import annotations

import struct
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot
from isal import isal_zlib
from numpy.typing import NDArray

from darkbelle.errors import NtupleError, UnreadableFileError
from darkbelle.ntuple.names import missing_branch

__all__ = ["SKIPPED_TREE", "Jagged", "Table", "list_trees", "open_table"]

SKIPPED_TREE: Final = "persistent"  # basf2's own metadata

_TREES: Final = frozenset({"TTree", "TNtuple", "TNtupleD", "TChain"})

# What uproot, its codecs and pyarrow raise when bytes are not what they should be.
_DAMAGE: Final[tuple[Any, ...]] = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    TypeError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    struct.error,
    zlib.error,
    isal_zlib.error,
    pa.ArrowException,
    uproot.deserialization.DeserializationError,
)


class Jagged(NamedTuple):
    """Several values a row: row i holds ``content[offsets[i]:offsets[i + 1]]``."""

    offsets: NDArray[np.int64]
    content: NDArray[Any]


class Table(ABC):
    """Columns of numbers by name. Columns of other types are there, but cannot be read.

    Parameters
    ----------
    path, tree
        Where it comes from.
    entries
        Number of rows.
    identity
        UUID of the file; for parquet its size and a checksum of its footer, which has each column's
        extremes and compressed sizes.
    """

    def __init__(self, path: str, tree: str, entries: int, identity: str) -> None:
        self.path = path
        self.tree = tree
        self.entries = entries
        self.identity = identity

    @cached_property
    @abstractmethod
    def types(self) -> dict[str, np.dtype[Any]]:
        """The element type of each numeric column, by name on disk, in the file's order."""

    @cached_property
    @abstractmethod
    def jagged(self) -> frozenset[str]:
        """The names of the columns that hold several values a row."""

    @cached_property
    @abstractmethod
    def duplicates(self) -> dict[str, int]:
        """How often each name stands in the file, where that is more than once."""

    @abstractmethod
    def _read(self, name: str, start: int, stop: int) -> NDArray[Any]: ...

    @abstractmethod
    def _read_jagged(self, name: str, start: int, stop: int) -> Jagged: ...

    @abstractmethod
    def _read_copies(self, name: str, start: int, stop: int) -> Iterable[NDArray[Any]]: ...

    def read(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Return one column, shape (stop - start,), in its type on disk.

        Raises
        ------
        MissingBranchError
            There is no such column; the message names those most like it.
        UnreadableFileError
            The rows cannot be read.
        """
        stop = self._within(name, start, stop)
        with self._reading(name, start, stop):
            values = self._read(name, start, stop)
            copies = list(self._read_copies(name, start, stop)) if name in self.duplicates else []
        if not _all_equal(values, copies):
            raise NtupleError(
                f"{self.path}: tree {self.tree!r} has {self.duplicates[name]} branches {name!r} whose values "
                f"differ in rows {start} to {stop}; two variables were given one alias, rename one of them"
            )
        if values.dtype.kind != self.types[name].kind:
            raise NtupleError(
                f"{self.path}: column {name!r} is declared as {self.types[name]} but has empty cells in rows "
                f"{start} to {stop}; write it as float64, where NaN says that a value is missing"
            )
        return values

    def read_jagged(self, name: str, start: int = 0, stop: int | None = None) -> Jagged:
        """Return a column that holds several values a row; raises as `read` does."""
        stop = self._within(name, start, stop)
        with self._reading(name, start, stop):
            return self._read_jagged(name, start, stop)

    def unequal_duplicates(self) -> tuple[str, ...]:
        """Return the duplicated names whose columns differ; NaN equals NaN. Reads those columns."""
        unequal = []
        for name in self.duplicates:
            with self._reading(name, 0, self.entries):
                first, *others = self._read_copies(name, 0, self.entries)
            if not _all_equal(first, others):
                unequal.append(name)
        return tuple(unequal)

    def check_range(self, start: int, stop: int) -> None:
        """Raise an NtupleError unless the rows ``start`` to ``stop`` are there."""
        if not 0 <= start <= stop <= self.entries:
            raise NtupleError(
                f"{self.path}: rows {start} to {stop} of tree {self.tree!r} were asked for, which has "
                f"{self.entries}; the file changed since the plan was made, plan again"
            )

    def _within(self, name: str, start: int, stop: int | None) -> int:
        if name not in self.types:
            raise missing_branch(f"{self.path}, tree {self.tree!r}", name, self.types)
        stop = self.entries if stop is None else stop
        self.check_range(start, stop)
        return stop

    @contextmanager
    def _reading(self, name: str, start: int, stop: int) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            raise UnreadableFileError(
                f"{self.path}: cannot read branch {name!r} of tree {self.tree!r}, rows {start} to {stop}: "
                f"{type(error).__name__}: {error}; the file is damaged or truncated, copy or produce it again"
            ) from error


class RootTable(Table):
    """A flat TTree or TNtuple."""

    def __init__(self, path: str, tree: str, source: Any) -> None:
        super().__init__(path, tree, int(source.num_entries), str(source.file.uuid))
        self._branches: dict[str, list[Any]] = {}
        for branch in source.branches:
            self._branches.setdefault(branch.name, []).append(branch)

    @cached_property
    def types(self) -> dict[str, np.dtype[Any]]:
        return {
            name: dtype for name, (branch, *_) in self._branches.items() if (dtype := _branch_type(branch))
        }

    @cached_property
    def jagged(self) -> frozenset[str]:
        return frozenset(
            name
            for name, (branch, *_) in self._branches.items()
            if isinstance(branch.interpretation, uproot.interpretation.jagged.AsJagged)
        )

    @cached_property
    def duplicates(self) -> dict[str, int]:
        return {name: len(branches) for name, branches in self._branches.items() if len(branches) > 1}

    def _read(self, name: str, start: int, stop: int) -> NDArray[Any]:
        return _array(self._branches[name][0], start, stop)

    def _read_jagged(self, name: str, start: int, stop: int) -> Jagged:
        array = self._branches[name][0].array(entry_start=start, entry_stop=stop, library="ak")
        layout = array.layout.to_ListOffsetArray64(True)
        return Jagged(np.asarray(layout.offsets), ak.to_numpy(layout.content[: layout.offsets[-1]]))

    def _read_copies(self, name: str, start: int, stop: int) -> Iterable[NDArray[Any]]:
        if name not in self.jagged:
            return (_array(branch, start, stop) for branch in self._branches[name])
        arrays = (branch.array(entry_start=start, entry_stop=stop) for branch in self._branches[name])
        return (ak.to_numpy(ak.flatten(array)) for array in arrays)


class ParquetTable(Table):
    """A table that basf2 or pandas wrote: raw variable names, columns in any order."""

    def __init__(self, path: str, tree: str, source: pq.ParquetFile) -> None:
        metadata = source.metadata
        digest = zlib.crc32(repr(metadata.to_dict()).encode())
        super().__init__(path, tree, metadata.num_rows, f"parquet-{Path(path).stat().st_size}-{digest:08x}")
        self._source = source
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._edges = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])

    @cached_property
    def types(self) -> dict[str, np.dtype[Any]]:
        schema = self._source.schema_arrow
        return {
            field.name: np.dtype(field.type.to_pandas_dtype())
            for field in schema
            if pa.types.is_integer(field.type)
            or pa.types.is_floating(field.type)
            or pa.types.is_boolean(field.type)
        }

    @cached_property
    def jagged(self) -> frozenset[str]:
        return frozenset()

    @cached_property
    def duplicates(self) -> dict[str, int]:
        counts = Counter(self._source.schema_arrow.names)
        return {name: count for name, count in counts.items() if count > 1}

    def _read(self, name: str, start: int, stop: int) -> NDArray[Any]:
        first = int(np.searchsorted(self._edges, start, side="right")) - 1
        last = int(np.searchsorted(self._edges, stop, side="left"))
        groups = list(range(first, max(last, first)))
        if not groups or start == stop:
            return np.empty(0, dtype=self.types[name])
        # one column at a time is read by the caller's choice: threads would only fight over the core
        column = self._source.read_row_groups(groups, columns=[name], use_threads=False).column(0)
        offset = int(self._edges[first])
        return np.asarray(column.to_numpy())[start - offset : stop - offset]

    def _read_jagged(self, name: str, start: int, stop: int) -> Jagged:
        values = self._read(name, start, stop)
        return Jagged(np.arange(len(values) + 1, dtype=np.int64), values)

    def _read_copies(self, name: str, start: int, stop: int) -> Iterable[NDArray[Any]]:
        positions = [i for i, other in enumerate(self._source.schema_arrow.names) if other == name]
        table = self._source.read(use_threads=False).slice(start, stop - start)
        return (table.column(i).to_numpy() for i in positions)


def _branch_type(branch: Any) -> np.dtype[Any] | None:
    interpretation = branch.interpretation
    if isinstance(interpretation, uproot.interpretation.jagged.AsJagged):
        interpretation = interpretation.content
    if not isinstance(interpretation, uproot.interpretation.numerical.AsDtype):
        return None
    dtype = interpretation.to_dtype
    return dtype if dtype.subdtype is None and dtype.fields is None else None


def _all_equal(first: NDArray[Any], others: Iterable[NDArray[Any]]) -> bool:
    return all(np.array_equal(first, other, equal_nan=True) for other in others)


def _array(branch: Any, start: int, stop: int) -> NDArray[Any]:
    values: NDArray[Any] = branch.array(entry_start=start, entry_stop=stop, library="np")
    return values


def open_table(path: str | Path, tree: str = "variables") -> Table:
    """Open one tree of a ROOT file, or a parquet table, whose tree's name is of no matter.

    Parameters
    ----------
    path
        ``*.parquet`` or ``*.pq`` is a parquet table, all else a ROOT file.
    tree
        Name of the tree, without a cycle.

    Raises
    ------
    UnreadableFileError
        The file is gone, empty, truncated, or not of its format.
    NtupleError
        The tree is not in the file, or is basf2's own ``persistent``.
    """
    path = str(path)
    if is_parquet(path):
        return ParquetTable(path, tree, _open_parquet(path))
    if tree == SKIPPED_TREE:
        raise NtupleError(
            f"{path}: tree {tree!r} holds basf2's own metadata and no candidates; name the tree that "
            f"your steering file wrote, one of {', '.join(list_trees(path)) or 'none'}"
        )
    file = _open_root(path)
    trees = _trees(file)
    if tree not in trees:
        raise NtupleError(
            f"{path} has no tree {tree!r}; it has {', '.join(map(repr, trees)) or 'no trees at all'}; "
            "set 'tree' of the dataset to one of these"
        )
    try:
        return RootTable(path, tree, file[tree])
    except _DAMAGE as error:
        raise _unopened(path, error) from error


def list_trees(path: str | Path) -> tuple[str, ...]:
    """Return the names of a ROOT file's trees, without ``persistent``; raises as `open_table`."""
    return _trees(_open_root(str(path)))


def is_parquet(path: str) -> bool:
    """Tell whether a file's name says that it is a parquet table."""
    return path.endswith((".parquet", ".pq"))


def _trees(file: Any) -> tuple[str, ...]:
    classes = file.classnames(recursive=True, cycle=False)
    return tuple(name for name, kind in classes.items() if kind in _TREES and name != SKIPPED_TREE)


def _open_root(path: str) -> Any:
    # igzip undoes ZLIB a fifth faster than the standard library; the setting is uproot's own global
    uproot.ZLIB.library = "isal"
    remote = "://" in path
    if not remote:
        _check_file(path)
    try:
        if remote:
            return uproot.open(path, array_cache=None)
        # a cache would keep each column that was read as long as the file's objects live
        file = uproot.open({path: None}, handler=uproot.source.file.MemmapSource, array_cache=None)
    except _DAMAGE as error:
        raise _unopened(path, error) from error
    size, expected = Path(path).stat().st_size, file.file.fEND
    if size < expected:
        raise UnreadableFileError(
            f"{path} is truncated: it has {size} bytes and should have {expected}; copy or produce it again"
        )
    return file


def _open_parquet(path: str) -> pq.ParquetFile:
    _check_file(path)
    try:
        return pq.ParquetFile(path, memory_map=True)
    except _DAMAGE as error:
        raise _unopened(path, error) from error


def _check_file(path: str) -> None:
    file = Path(path)
    if not file.is_file():
        raise UnreadableFileError(f"{path} is not a file; correct the path in the dataset, or fetch it")
    if file.stat().st_size == 0:
        raise UnreadableFileError(f"{path} has 0 bytes; the job that wrote it failed, produce it again")


def _unopened(path: str, error: BaseException) -> UnreadableFileError:
    reason = " ".join(str(error).split())[:200]
    return UnreadableFileError(
        f"cannot open {path}: {type(error).__name__}: {reason}; it is truncated or not of its format, "
        "copy or produce it again"
    )
