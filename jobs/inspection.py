"""Look at one file before anything is run: whether it is what its dataset says, and where it may be cut."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.datasets import Dataset
from darkbelle.errors import DuplicateEventsError, MissingBranchError, NtupleError
from darkbelle.jobs.identity import fingerprint
from darkbelle.jobs.plan import Kind, PlannedFile, Quarantined
from darkbelle.jobs.required import required_fields
from darkbelle.ntuple.keys import EventKeys, keys_of_table
from darkbelle.ntuple.tables import open_table
from darkbelle.processors import ChannelProcessor

__all__ = ["InspectedFile", "Span", "chunk_edges", "inspect"]


KINDS: Final[dict[type[Exception], Kind]] = {
    DuplicateEventsError: "duplicate",
    MissingBranchError: "missing branch",
    Exception: "unreadable",
}


class Span(NamedTuple):
    """The lowest and highest event number of one run in a file: files of disjoint spans share no event."""

    experiment: int
    run: int
    production: int
    first: int
    last: int


@dataclass(frozen=True)
class InspectedFile:
    """A good file of a dataset, and the events in it."""

    dataset: str
    planned: PlannedFile
    spans: tuple[Span, ...]
    events: int


def inspect(
    name: str, path: str, dataset: Dataset, processor: ChannelProcessor, chunk_rows: int
) -> InspectedFile | Quarantined:
    """Return a good file, or why it is bad.

    Read are the event keys, the names of the branches, and the samples of the fingerprint.
    """
    rows = 0
    try:
        table = open_table(path, dataset.tree)
        rows = table.entries
        required_fields(table, dataset, processor)
        keys = keys_of_table(table)
        keys.check_contiguous(f"{path}, tree {dataset.tree!r}")
        _check_candidates(keys, path)
        mark = fingerprint(path)
        size = Path(path).stat().st_size
    except (NtupleError, OSError) as error:
        kind = next(kind for type_, kind in KINDS.items() if isinstance(error, type_))
        return Quarantined(dataset=name, path=path, kind=kind, reason=str(error), rows=rows)
    boundaries = keys.boundaries()
    planned = PlannedFile(
        path=path, size=size, uuid=table.identity, fingerprint=mark, edges=chunk_edges(boundaries, chunk_rows)
    )
    return InspectedFile(name, planned, _spans(keys), len(boundaries) - 1)


def _check_candidates(keys: EventKeys, path: str) -> None:
    """Raise if a candidate of an event stands twice among the event's rows."""
    if keys.candidate is None:
        return
    next_of_event = np.ones(max(len(keys) - 1, 0), dtype=np.bool_)
    next_of_event[keys.boundaries()[1:-1] - 1] = False
    if not np.any(next_of_event & (np.diff(keys.candidate) <= 0)):
        return  # numbered upwards, as basf2 does
    distinct, counts = np.unique(keys.row_hashes(), return_counts=True)
    if len(distinct) < len(keys):
        raise DuplicateEventsError(
            f"{path}: {len(keys) - len(distinct)} rows repeat a candidate of the same event, one of them "
            f"{counts.max()} times; the file was merged from copies, produce it again"
        )


def _spans(keys: EventKeys) -> tuple[Span, ...]:
    """Return the spans of the events of some rows."""
    if not len(keys):
        return ()
    new = np.zeros(len(keys), dtype=np.bool_)
    new[0] = True
    for column in (keys.experiment, keys.run, keys.production):
        if column[0] != column[-1] or np.any(column != column[0]):  # most are the same in all of a file
            new[1:] |= column[1:] != column[:-1]
    starts = np.flatnonzero(new)
    lowest = np.minimum.reduceat(keys.event, starts)
    highest = np.maximum.reduceat(keys.event, starts)
    spans: dict[tuple[int, int, int], tuple[int, int]] = {}
    for start, low, high in zip(starts, lowest.tolist(), highest.tolist(), strict=True):
        group = (int(keys.experiment[start]), int(keys.run[start]), int(keys.production[start]))
        known = spans.get(group, (low, high))
        spans[group] = (min(low, known[0]), max(high, known[1]))
    return tuple(Span(*group, *ends) for group, ends in sorted(spans.items()))


def chunk_edges(boundaries: NDArray[np.int64], chunk_rows: int) -> tuple[int, ...]:
    """Return row edges of chunks of about equal size, each on an event boundary.

    Parameters
    ----------
    boundaries
        First row of each event, and the number of rows; rising, from 0.
    chunk_rows
        Rows a chunk, about: edges go to the nearest event.

    >>> import numpy as np
    >>> chunk_edges(np.array([0, 2, 3, 7, 8]), 4)
    (0, 3, 8)
    """
    rows = int(boundaries[-1])
    chunks = max(1, -(-rows // chunk_rows))
    targets = np.linspace(0, rows, chunks + 1)
    after = np.clip(np.searchsorted(boundaries, targets), 1, len(boundaries) - 1)
    nearer = np.where(targets - boundaries[after - 1] < boundaries[after] - targets, after - 1, after)
    return tuple(int(edge) for edge in np.unique(boundaries[nearer]))
