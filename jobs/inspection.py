"""Look at one file before anything is run: whether it is what its dataset says, and where it may be cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkbelle.datasets import Dataset
from darkbelle.errors import DuplicateEventsError, MissingBranchError, NtupleError
from darkbelle.jobs.identity import fingerprint
from darkbelle.jobs.plan import Kind, PlannedFile, Quarantined
from darkbelle.jobs.required import required_fields
from darkbelle.ntuple.keys import Integers, check_keys, keys_of_table, read_counter
from darkbelle.ntuple.spans import spans_of
from darkbelle.ntuple.tables import Table, open_table
from darkbelle.processors import ChannelProcessor

__all__ = ["InspectedFile", "chunk_edges", "inspect"]

NEAR: Final = (
    100  # rows before and after the place of an edge in which the end of an event is looked for first
)

KINDS: Final[dict[type[Exception], Kind]] = {
    DuplicateEventsError: "duplicate",
    MissingBranchError: "missing branch",
    Exception: "unreadable",
}


@dataclass(frozen=True)
class InspectedFile:
    """A good file of a dataset, and the events in it, none and no spans if their keys were not read."""

    dataset: str
    planned: PlannedFile
    spans: Integers
    events: int


def inspect(
    name: str,
    path: str,
    dataset: Dataset,
    processor: ChannelProcessor,
    chunk_rows: int,
    *,
    check_events: bool = False,
) -> InspectedFile | Quarantined:
    """Return a good file, or why it is bad.

    Read are the names of the branches, the samples of the fingerprint, and the event numbers around the
    edges of chunks; to check events, the keys of all rows as well.
    """
    rows = 0
    try:
        table = open_table(path, dataset.tree)
        rows = table.entries
        required_fields(table, dataset, processor)
        check_keys(table)
        edges = chunk_edges(rows, chunk_rows, partial(_event_numbers, table))
        spans, events = _checked_events(table) if check_events else (np.empty((0, 5), dtype=np.int64), 0)
        mark = fingerprint(path)
        size = Path(path).stat().st_size
    except (NtupleError, OSError) as error:
        kind = next(kind for type_, kind in KINDS.items() if isinstance(error, type_))
        return Quarantined(dataset=name, path=path, kind=kind, reason=str(error), rows=rows)
    planned = PlannedFile(path=path, size=size, uuid=table.identity, fingerprint=mark, edges=edges)
    return InspectedFile(name, planned, spans, events)


def _event_numbers(table: Table, start: int, stop: int) -> Integers:
    return read_counter(table, "__event__", start, stop)


def _checked_events(table: Table) -> tuple[Integers, int]:
    """Return spans and number of the events of a file, once none of them stands twice."""
    keys = keys_of_table(table)
    where = f"{table.path}, tree {table.tree!r}"
    keys.check_contiguous(where)
    keys.check_candidates(where)
    return spans_of(keys), len(keys.run_lengths())


def chunk_edges(rows: int, chunk_rows: int, event_numbers: Callable[[int, int], Integers]) -> tuple[int, ...]:
    """Return row edges of chunks of about equal size, each where another event begins.

    Looked for is a change of the event number alone. So of two events that follow one another in different
    runs, with the same number, neither is split, but there is no edge between them.

    Parameters
    ----------
    rows
        Of the file.
    chunk_rows
        Rows a chunk, about: edges go to the nearest event.
    event_numbers
        Reads the numbers from one row to before another; it is asked for those near the edges.

    >>> import numpy as np
    >>> numbers = np.array([5, 5, 6, 7, 7, 7, 7, 9])
    >>> chunk_edges(8, 4, lambda start, stop: numbers[start:stop])
    (0, 3, 8)
    """
    if not rows:
        return (0,)
    chunks = -(-rows // chunk_rows)
    targets = np.linspace(0, rows, chunks + 1)
    near = NEAR
    while True:
        boundaries = _boundaries(targets[1:-1], rows, near, event_numbers)
        after = np.maximum(np.searchsorted(boundaries, targets), 1)
        nearer = np.where(targets - boundaries[after - 1] < boundaries[after] - targets, after - 1, after)
        edges = boundaries[nearer]
        if near >= rows or np.all(np.abs(edges - targets) <= near):
            return tuple(int(edge) for edge in np.unique(edges))
        near *= 10  # an event is that long


def _boundaries(
    places: NDArray[np.float64], rows: int, near: int, event_numbers: Callable[[int, int], Integers]
) -> NDArray[np.int64]:
    """Return the first rows of events that begin near some places, and both ends of the file."""
    windows: list[list[int]] = []
    for place in places:
        start, stop = max(0, int(place) - near), min(rows, int(place) + 1 + near)
        if windows and start <= windows[-1][1]:
            windows[-1][1] = stop
        else:
            windows.append([start, stop])
    found = [start + 1 + np.flatnonzero(np.diff(event_numbers(start, stop))) for start, stop in windows]
    return np.unique(np.concatenate([[0, rows], *found]).astype(np.int64))
