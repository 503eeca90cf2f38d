"""The keys of events: who is whom, where an event begins, and a hash to find it elsewhere.

An event is (experiment, run, event, production), a row also has a candidate number. Nothing here loops
over events in Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import DuplicateEventsError, NtupleError
from darkbelle.ntuple.tables import Table, open_table

__all__ = [
    "EVENT_KEY",
    "EventKeys",
    "Integers",
    "changes",
    "check_keys",
    "event_keys",
    "keys_of_rows",
    "keys_of_table",
    "read_counter",
]

Integers = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_64_BITS: Final = 0xFFFFFFFFFFFFFFFF

EVENT_KEY: Final = ("experiment", "run", "event", "production")


@dataclass(frozen=True)
class EventKeys:
    """The keys of some rows, one column a counter, int64 of shape (n,), in the order of the rows.

    ``candidate`` is None where the file does not number its candidates; then rows of an event are told
    apart by their place within it.
    """

    experiment: Integers
    run: Integers
    event: Integers
    production: Integers
    candidate: Integers | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.event)

    @cached_property
    def new_run(self) -> NDArray[np.bool_]:
        """Which rows are of another experiment, run or production than the row before; the first is."""
        return changes(self.experiment, self.run, self.production)

    @cached_property
    def steps(self) -> Integers:
        """By how much the event number of each row but the first exceeds that of the row before."""
        return np.diff(self.event)

    @cached_property
    def _new_event(self) -> NDArray[np.bool_]:
        new = self.new_run.copy()
        new[1:] |= self.steps != 0
        return new

    @cached_property
    def _starts(self) -> Integers:
        return np.flatnonzero(self._new_event)

    def boundaries(self) -> Integers:
        """Return the rows in which another event begins than that of the row before, and at last n.

        The shape is (events + 1,), from 0 to n. Chunks cut at boundaries never split an event.
        """
        return np.append(self._starts, len(self))

    def run_lengths(self) -> Integers:
        """Return the number of rows from each boundary to the next; their sum is the number of rows."""
        return np.diff(self._starts, append=len(self))

    def candidates(self) -> Integers:
        """Return the candidate numbers, or without them the place of each row in its run of rows."""
        if self.candidate is not None:
            return self.candidate
        return np.arange(len(self)) - np.repeat(self._starts, self.run_lengths())

    def take(self, rows: NDArray[Any]) -> EventKeys:
        """Return the keys of chosen rows; ``rows`` holds indices or is a mask."""
        return EventKeys(
            self.experiment[rows],
            self.run[rows],
            self.event[rows],
            self.production[rows],
            None if self.candidate is None else self.candidate[rows],
        )

    def events(self) -> Integers:
        """Return the key of each event, shape (events, 4), columns in the order of `EVENT_KEY`."""
        return np.stack([getattr(self, name)[self._starts] for name in EVENT_KEY], axis=1)

    def hashes(self, seed: int = 0) -> Hashes:
        """Return a 64-bit hash of each event's key, shape (events,).

        It is the same on every machine and in every release of darkbelle: splitmix64 of the counters,
        one after the other. Among 1e8 different keys, two are alike with a probability of 3e-4.

        Parameters
        ----------
        seed
            Another seed gives independent hashes.

        References
        ----------
        Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, figure 17.
        """
        state = np.full(len(self._starts), seed & _64_BITS, dtype=np.uint64)
        for name in EVENT_KEY:
            _mix(state, getattr(self, name)[self._starts])
        return state

    def row_hashes(self, seed: int = 0) -> Hashes:
        """Return a 64-bit hash of each row's key with its candidate number, shape (n,)."""
        state = np.repeat(self.hashes(seed), self.run_lengths())
        _mix(state, self.candidates())
        return state

    def check_candidates(self, where: str) -> None:
        """Raise if a candidate number stands twice among the rows of its event, which follow one another.

        Parameters
        ----------
        where
            What the rows are, for the message.

        Raises
        ------
        DuplicateEventsError
            One does.
        """
        if self.candidate is None:
            return
        rows = np.flatnonzero(~self._new_event)
        if np.all(self.candidate[rows] > self.candidate[rows - 1]):
            return  # numbered upwards, as basf2 does
        distinct, counts = np.unique(self.row_hashes(), return_counts=True)
        if len(distinct) < len(self):
            raise DuplicateEventsError(
                f"{where}: {len(self) - len(distinct)} rows repeat a candidate of the same event, one of "
                f"them {counts.max()} times; the file was merged from copies, produce it again"
            )

    def check_contiguous(self, where: str, first_row: int = 0) -> None:
        """Raise unless the rows of each event follow one another.

        Parameters
        ----------
        where
            What the rows are, for the message.
        first_row
            Place of the first one in its file, likewise.

        Raises
        ------
        DuplicateEventsError
            An event ends and begins again.
        """
        if self._rises():
            return
        hashes = self.hashes()
        order = np.argsort(hashes, kind="stable")
        again = np.flatnonzero(hashes[order][1:] == hashes[order][:-1])
        if len(again):
            first = again[np.argmin(order[again])]
            one, other = (int(i) for i in order[first : first + 2])
            row, next_row = (first_row + int(self._starts[i]) for i in (one, other))
            named = ", ".join(
                f"{name} {value}" for name, value in zip(EVENT_KEY, self.events()[one], strict=True)
            )
            raise DuplicateEventsError(
                f"{where}: event ({named}) begins in row {row} and again in row {next_row}, and "
                f"{len(again) - 1} more do so; candidates of an event must follow one another: the file was "
                "sorted otherwise, or merged with a copy; sort it by experiment, run, event and production, "
                "or list it once"
            )

    def _rises(self) -> bool:
        """Tell whether each event's key is greater than the one before, comparing the event number last."""
        if not self.new_run[1:].any():
            return bool(np.all(self.steps >= 0))
        undecided = np.ones(len(self._starts) - 1, dtype=np.bool_)
        for name in ("experiment", "run", "production", "event"):
            column = getattr(self, name)
            if len(column) and np.all(column == column[0]):  # as most are in a file
                continue
            column = column[self._starts]
            earlier, later = column[:-1], column[1:]
            if np.any(undecided & (later < earlier)):
                return False
            undecided &= later == earlier
        return not undecided.any()


def changes(*columns: Integers) -> NDArray[np.bool_]:
    """Mark the rows in which any column, of shape (n,), differs from the row before; the first is marked."""
    changed = np.zeros(len(columns[0]), dtype=np.bool_)
    changed[:1] = True
    for column in columns:
        if len(column) and (column[0] != column[-1] or np.any(column != column[0])):  # most are all the same
            changed[1:] |= column[1:] != column[:-1]
    return changed


def event_keys(path: str | Path, tree: str = "variables") -> EventKeys:
    """Read the keys of all rows of a tree, and no other column.

    Raises
    ------
    UnreadableFileError, NtupleError
        As `darkbelle.ntuple.tables.open_table`; also if the tree has no event key.
    """
    return keys_of_table(open_table(path, tree))


def keys_of_table(table: Table, start: int = 0, stop: int | None = None) -> EventKeys:
    """Read the keys of a range of rows; raises as `event_keys`."""
    stop = table.entries if stop is None else stop
    check_keys(table)
    columns = {name: read_counter(table, f"__{name}__", start, stop) for name in EVENT_KEY}
    if "__candidate__" in table.types:
        columns["candidate"] = read_counter(table, "__candidate__", start, stop)
    return EventKeys(**columns)


def check_keys(table: Table) -> None:
    """Raise an NtupleError if a tree has no event key; nothing is read."""
    _need_keys([name for name in EVENT_KEY[:3] if f"__{name}__" not in table.types], table.path)


def keys_of_rows(rows: Any) -> EventKeys:
    """Return the keys of rows from `darkbelle.ntuple.reading.open_rows`.

    Raises
    ------
    NtupleError
        The rows have no event key.
    """
    _need_keys([name for name in EVENT_KEY[:3] if name not in rows.fields], "these rows")
    names = [name for name in (*EVENT_KEY, "candidate") if name in rows.fields]
    return EventKeys(**{name: np.asarray(rows[name], dtype=np.int64) for name in names})


def read_counter(table: Table, name: str, start: int, stop: int) -> Integers:
    """Return one of basf2's counters as int64, shape (stop - start,).

    ``__production__`` is 0 where it is absent: releases without it had one production a file. Older
    releases wrote ``__event__`` as a signed number, so that those above 2³¹ are negative on disk; they
    are put right.

    Raises
    ------
    NtupleError
        A counter that is stored as a float holds NaN or a fraction.
    """
    if name == "__production__" and name not in table.types:
        return np.zeros(stop - start, dtype=np.int64)
    values = table.read(name, start, stop)
    if values.dtype.kind == "f":
        whole = np.isfinite(values) & (values == np.floor(values))
        if not whole.all():
            row = int(np.argmin(whole))
            raise NtupleError(
                f"{table.path}: {name} of tree {table.tree!r} is {values[row]} in row {start + row}, "
                "expected a whole number; tables with and without it were joined, join them anew"
            )
    numbers = values.astype(np.int64)
    if name == "__event__" and values.dtype.kind in "if":
        numbers &= 0xFFFFFFFF
    return numbers


def _need_keys(missing: list[str], where: str) -> None:
    if missing:
        raise NtupleError(
            f"{where}: no {', '.join(f'__{name}__' for name in missing)}, so candidates cannot be "
            "assigned to events; before basf2 release 3 ntuples were like this, produce them anew"
        )


def _mix(state: Hashes, values: Integers) -> None:
    """Take values into the state of a splitmix64 hash, in place; arithmetic is modulo 2⁶⁴."""
    state ^= values.view(np.uint64) if values.flags.c_contiguous else values.astype(np.uint64)
    state += np.uint64(0x9E3779B97F4A7C15)
    state ^= state >> np.uint64(30)
    state *= np.uint64(0xBF58476D1CE4E5B9)
    state ^= state >> np.uint64(27)
    state *= np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
