"""Describe a file before it is used: entries, identity, branches, and what is odd about it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from darkbelle.ntuple.tables import open_table

__all__ = ["FileDescription", "describe_file"]


class FileDescription(NamedTuple):
    """What there is to know about a file without reading its columns.

    Parameters
    ----------
    path, tree
        What was described.
    entries
        Number of rows.
    uuid
        Identity of the file's contents: ROOT's UUID, or for parquet one made of its footer.
    size
        Bytes.
    branches
        Distinct names of numeric branches and their types, in the file's order.
    duplicates
        Names that stand there more than once, and how often.
    unequal_duplicates
        Those of them whose values differ: they cannot be read.
    event_based
        Whether rows are events with lists of candidates.
    """

    path: str
    tree: str
    entries: int
    uuid: str
    size: int
    branches: dict[str, str]
    duplicates: dict[str, int]
    unequal_duplicates: tuple[str, ...]
    event_based: bool


def describe_file(path: str | Path, tree: str = "variables") -> FileDescription:
    """Open one tree of a file and describe it. Only duplicated branches are read, to compare them.

    Raises
    ------
    UnreadableFileError, NtupleError
        As `darkbelle.ntuple.tables.open_table`.
    """
    table = open_table(path, tree)
    return FileDescription(
        path=str(path),
        tree=tree,
        entries=table.entries,
        uuid=table.identity,
        size=Path(path).stat().st_size if "://" not in str(path) else -1,
        branches={name: str(dtype) for name, dtype in table.types.items()},
        duplicates=table.duplicates,
        unequal_duplicates=table.unequal_duplicates(),
        event_based=bool(table.jagged),
    )
