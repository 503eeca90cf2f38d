"""Rewrite ntuples with only the columns that are needed, in big baskets, as ROOT or as parquet.

basf2 writes baskets of some 1 600 bytes and hundreds of branches: opening and seeking then take
longer than decompressing. The rows stay what they are, in their order.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError, NtupleError
from darkbelle.ntuple.names import COUNTERS, missing_branch, resolve
from darkbelle.ntuple.tables import Table, open_table
from darkbelle.ntuple.writing import Codec, write_batches

__all__ = ["SlimmedFile", "slim"]

BATCH_ROWS: Final = 200_000  # 64 MB for forty columns of doubles

Format = Literal["root", "parquet"]
Progress = Callable[[str, int, int], None]


class SlimmedFile(NamedTuple):
    """One rewritten file: where from, where to, how many rows, and its bytes before and after."""

    source: str
    path: str
    rows: int
    bytes_before: int
    bytes_after: int


def slim(
    files: Sequence[str | Path],
    columns: Sequence[str],
    out_dir: str | Path,
    *,
    tree: str = "variables",
    format: Format = "root",  # noqa: A002  # the word that users type
    codec: Codec = "zstd",
    progress: Progress | None = None,
) -> tuple[SlimmedFile, ...]:
    """Rewrite files with basf2's counters and the columns given, and check that no row is lost.

    One batch of rows is in memory at a time. Files keep their names but for the suffix, and appear
    whole or not at all. `darkbelle.ntuple.reading.open_rows` reads both formats.

    Parameters
    ----------
    columns
        basf2 variables or branches; the counters come along by themselves.
    out_dir
        Made if it is not there.
    progress
        Called with file, rows done and rows of the file after each batch.

    Raises
    ------
    ConfigurationError
        Two files would get one name, or one would replace itself.
    MissingBranchError
        A column is not in a file.
    NtupleError
        A column holds lists, or a file was written with another number of rows than it was read with.
    """
    targets = _targets(files, Path(out_dir), format)
    slimmed = []
    for source, target in targets.items():
        table = open_table(source, tree)
        names = _names(table, columns)
        batches = _batches(table, names, progress)
        if format == "parquet":
            _write_parquet(target, batches, codec)
        else:
            identity = f"slim of {table.identity}, tree {tree}, columns {','.join(names)}"
            count = table.entries // BATCH_ROWS + 1
            write_batches(target, batches, batch_count=count, identity=identity, tree=tree, codec=codec)
        _check_rows(table, target)
        before, after = Path(source).stat().st_size, target.stat().st_size
        slimmed.append(SlimmedFile(source, str(target), table.entries, before, after))
    return tuple(slimmed)


def _targets(files: Sequence[str | Path], folder: Path, format: Format) -> dict[str, Path]:  # noqa: A002
    targets = {str(file): folder / Path(file).with_suffix(f".{format}").name for file in files}
    sources: dict[Path, str] = {}
    for source, target in targets.items():
        if target in sources or target.resolve() == Path(source).resolve():
            raise ConfigurationError(
                f"{source} would be written to {target}, which is "
                f"{f'the target of {sources[target]} already' if target in sources else 'itself'}; "
                "slim files of one name into different folders, and not into their own"
            )
        sources[target] = source
    return targets


def _names(table: Table, columns: Sequence[str]) -> tuple[str, ...]:
    names = [name for name in table.types if name in COUNTERS]
    for column in columns:
        if column in COUNTERS:
            continue  # kept if there; some are made up where they are absent
        name = resolve(column, table.types)
        if name is None:
            raise missing_branch(f"{table.path}, tree {table.tree!r}", column, table.types)
        if name in table.jagged:
            raise NtupleError(
                f"{table.path}: branch {name!r} of tree {table.tree!r} holds a list in each row; only flat "
                "ntuples can be slimmed, write one with basf2's VariablesToNtuple"
            )
        names.append(name)
    return tuple(dict.fromkeys(names))


def _batches(
    table: Table, names: Sequence[str], progress: Progress | None
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield batches of columns, one of no rows if there are none."""
    for start in range(0, max(table.entries, 1), BATCH_ROWS):
        stop = min(start + BATCH_ROWS, table.entries)
        yield {name: _native(table.read(name, start, stop)) for name in names}
        if progress is not None:
            progress(table.path, stop, table.entries)


def _native(values: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))


def _write_parquet(path: Path, batches: Iterator[dict[str, NDArray[Any]]], codec: Codec) -> None:
    first = next(batches)
    schema = pa.schema([(name, pa.from_numpy_dtype(values.dtype)) for name, values in first.items()])
    compression = {"zlib": "gzip", "zstd": "zstd", "lz4": "lz4"}[codec]
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
        part = Path(folder) / path.name
        # doubles of physics have no repeated values: dictionaries only cost time
        with pq.ParquetWriter(part, schema, compression=compression, use_dictionary=False) as writer:
            writer.write_table(pa.table(first, schema=schema))
            for batch in batches:
                writer.write_table(pa.table(batch, schema=schema))
        part.replace(path)


def _check_rows(table: Table, target: Path) -> None:
    written = open_table(target, table.tree).entries
    if written != table.entries:
        target.unlink()
        raise NtupleError(
            f"{table.path} has {table.entries} rows but {target} got {written}; it was removed, is the disk "
            "full? slim again"
        )
