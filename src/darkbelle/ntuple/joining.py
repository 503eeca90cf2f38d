"""Join trees of one file on the event key: basf2 writes a tree for each list of particles.

The rows of another tree become a list in each row of the main one. They may stand in any order, and
the candidates of an event need not follow one another there. Nothing is copied: lists are begins and
ends into the other tree's rows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from darkbelle.errors import NtupleError
from darkbelle.ntuple.keys import EventKeys, Integers

__all__ = ["Match", "count_unmatched", "match_events"]


class Match(NamedTuple):
    """Which rows of another tree belong to each row of n.

    Parameters
    ----------
    starts, stops
        Row i has the entries ``order[starts[i]:stops[i]]``; shape (n,).
    order
        Rows of the other tree, event by event, in the order of the file within an event.
    unmatched
        Rows of the other tree whose event has no row here, shape (k,), rising.
    """

    starts: Integers
    stops: Integers
    order: Integers
    unmatched: Integers

    def lists(self, others: Any) -> Any:
        """Return the list of the other tree's rows for each row, none of its columns being read."""
        content = others.layout
        if not np.array_equal(self.order, np.arange(len(self.order))):
            content = others[self.order].layout
        layout = ak.contents.ListArray(ak.index.Index64(self.starts), ak.index.Index64(self.stops), content)
        return ak.Array(layout, behavior=others.behavior, attrs=others.attrs)


def match_events(keys: EventKeys, others: EventKeys) -> Match:
    """Find for each row the rows of another tree with the same event key.

    Runs of rows with one key are found on both sides and matched by a sorted hash, and each match is
    then checked key by key.

    Raises
    ------
    NtupleError
        Two different events have one hash (never seen; its probability is some 1e-7 for a million).
    """
    hashes, others_hashes = keys.hashes(), others.hashes()
    run_order = np.argsort(others_hashes, kind="stable")
    ordered = others_hashes[run_order]
    first = np.searchsorted(ordered, hashes, side="left")
    last = np.searchsorted(ordered, hashes, side="right")
    _check(keys, others, first, last, run_order)

    lengths = others.run_lengths()[run_order]
    edges = np.concatenate([[0], np.cumsum(lengths)])
    order = _concatenated_ranges(others.boundaries()[:-1][run_order], lengths)
    repeat = keys.run_lengths()
    found = np.isin(others_hashes, hashes)
    return Match(
        starts=np.repeat(edges[first], repeat),
        stops=np.repeat(edges[last], repeat),
        order=order,
        unmatched=np.flatnonzero(np.repeat(~found, others.run_lengths())),
    )


def count_unmatched(rows: Any, trees: tuple[str, ...]) -> dict[str, int]:
    """Count the rows that found nothing in each joined tree, as ``unmatched/<tree>``.

    Parameters
    ----------
    rows
        From `darkbelle.ntuple.reading.open_rows`; no column is read.
    """
    return {f"unmatched/{tree}": int(ak.sum(ak.num(rows[tree], axis=1) == 0)) for tree in trees}


def _concatenated_ranges(starts: Integers, lengths: Integers) -> Integers:
    """Return start, start + 1, … for each start, one after the other."""
    offsets = np.cumsum(lengths) - lengths
    ranges: Integers = np.arange(int(lengths.sum())) + np.repeat(starts - offsets, lengths)
    return ranges


def _check(keys: EventKeys, others: EventKeys, first: Integers, last: Integers, run_order: Integers) -> None:
    """Raise unless runs that were matched by hash have one key."""
    counts = last - first
    here = np.repeat(np.arange(len(first)), counts)
    there = run_order[_concatenated_ranges(first, counts)]
    unequal = np.any(keys.events()[here] != others.events()[there], axis=1)
    if unequal.any():
        i = int(np.argmax(unequal))
        raise NtupleError(
            f"events {keys.events()[here[i]].tolist()} and {others.events()[there[i]].tolist()} have one "
            "64-bit hash, so their trees cannot be joined; split the file between the two"
        )
