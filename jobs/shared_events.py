"""Find events that stand in more than one place, among rows whose spans of event numbers meet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.datasets import Dataset
from darkbelle.jobs.identity import check_identity
from darkbelle.jobs.progress import Progress, silent
from darkbelle.ntuple.keys import EventKeys, Integers, keys_of_table
from darkbelle.ntuple.tables import open_table

__all__ = ["Part", "Repeats", "Shared", "common_scope", "repeated_events", "shared_with_earlier"]

ROWS_AT_A_TIME: Final = 30_000_000  # half a GB while the hashes of their events are sorted


class Part(NamedTuple):
    """Rows of a file: all of them, or those of a chunk."""

    dataset: str
    path: str
    tree: str
    fingerprint: str
    start: int
    stop: int

    def __str__(self) -> str:
        """Return what a reader needs to find the rows."""
        return f"{self.path}, entries {self.start} to {self.stop}"


class Repeats(NamedTuple):
    """Events that stand in more than one part, an entry for each part that has one; shape (n,)."""

    keys: Integers  # shape (n, 4): experiment, run, event, production
    rows: Integers  # how many rows it has there
    owner: NDArray[np.intp]  # place of the part in the list


class Shared(NamedTuple):
    """What a part has in common with an earlier one: how many events, of how many rows, and an example."""

    owner: int
    other: int
    events: int
    rows: int
    example: str


def common_scope(name: str, dataset: Dataset) -> str:
    """Return what is the same for datasets that may have no event in common.

    Data are one set of collisions, whichever datasets they are in; candidates for different regions are of
    the same ones. Two samples of simulation may well share event numbers.
    """
    return f"data {dataset.region or ''}" if dataset.is_data else f"simulation {name}"


def repeated_events(
    parts: Sequence[Part], groups: Sequence[NDArray[np.intp]], progress: Progress = silent
) -> Iterator[Repeats]:
    """Yield the events that stand in several parts, some groups at a time.

    The keys of each part in a group are read once, as a rule, and half a GB of memory is needed. Only a
    group of more than 30 million rows, such as one run all of whose files overlap, is read once for each
    30 million of them.

    Parameters
    ----------
    parts
        Rows of files.
    groups
        Places of those that may share events; see `darkbelle.ntuple.spans.meeting`.

    Raises
    ------
    UnreadableFileError
        A file has changed since it was planned, or cannot be read any more.
    """
    with progress("comparing", len({int(i) for group in groups for i in group})) as advance:
        for chosen in _batches(groups, [part.stop - part.start for part in parts]):
            passes = math.ceil(sum(parts[i].stop - parts[i].start for i in chosen) / ROWS_AT_A_TIME)
            for rest in range(passes):
                yield _repeats(parts, chosen, rest, passes)
            advance(len(chosen))


def shared_with_earlier(repeats: Iterable[Repeats]) -> list[Shared]:
    """Return which parts share events with an earlier one that is kept, in order.

    A part that does is not kept, so what it shares with a later one is no matter.
    """
    together = [np.concatenate(columns) for columns in zip(*repeats, strict=True)]
    if not together:
        return []
    keys, rows, owner = together
    distinct, event = np.unique(keys, axis=0, return_inverse=True)
    kept_in = np.full(len(distinct), -1)
    found = []
    for i in np.unique(owner).tolist():
        mine = event[owner == i]
        repeated = kept_in[mine] >= 0
        if not repeated.any():
            kept_in[mine] = i
            continue
        first = int(mine[np.argmax(repeated)])
        experiment, run, number, production = distinct[first]
        found.append(
            Shared(
                owner=i,
                other=int(kept_in[first]),
                events=len(np.unique(mine[repeated])),
                rows=int(rows[owner == i][repeated].sum()),
                example=f"experiment {experiment}, run {run}, event {number}, production {production}",
            )
        )
    return found


def _batches(groups: Iterable[NDArray[np.intp]], rows: Sequence[int]) -> Iterator[list[int]]:
    """Take groups together as long as they have not too many rows."""
    chosen: set[int] = set()
    size = 0
    for group in groups:
        more = [i for i in group.tolist() if i not in chosen]
        if chosen and size + sum(rows[i] for i in more) > ROWS_AT_A_TIME:
            yield sorted(chosen)
            chosen, size, more = set(), 0, group.tolist()
        chosen.update(more)
        size += sum(rows[i] for i in more)
    if chosen:
        yield sorted(chosen)


def _repeats(parts: Sequence[Part], chosen: Sequence[int], rest: int, passes: int) -> Repeats:
    """Return the repeated events among those whose hash leaves this rest when divided by the passes."""
    hashes = {}
    for i, keys in _keys(parts, chosen):
        of_events = keys.hashes()
        hashes[i] = of_events[of_events % np.uint64(passes) == rest] if passes > 1 else of_events
    together = np.sort(np.concatenate(list(hashes.values())))
    several = np.unique(together[1:][together[1:] == together[:-1]])
    having = [i for i, of_part in hashes.items() if len(several) and np.isin(several, of_part).any()]
    columns: list[tuple[Integers, ...]] = [(np.empty((0, 4), np.int64), *2 * (np.empty(0, np.int64),))]
    for i, keys in _keys(parts, having):
        mine = np.isin(keys.hashes(), several)
        columns.append((keys.events()[mine], keys.run_lengths()[mine], np.full(np.count_nonzero(mine), i)))
    events, rows, owner = (np.concatenate(column) for column in zip(*columns, strict=True))
    # two different events may have the same hash
    _, place, counts = np.unique(events, axis=0, return_inverse=True, return_counts=True)
    repeated = counts[place] > 1
    return Repeats(events[repeated], rows[repeated], owner[repeated])


def _keys(parts: Sequence[Part], chosen: Sequence[int]) -> Iterator[tuple[int, EventKeys]]:
    """Yield places and keys of parts, in order."""
    for (path, tree, fingerprint), members in groupby(chosen, key=lambda i: parts[i][1:4]):
        check_identity(path, fingerprint)
        table = open_table(path, tree)
        for i in members:
            yield i, keys_of_table(table, parts[i].start, parts[i].stop)
