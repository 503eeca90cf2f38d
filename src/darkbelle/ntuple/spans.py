"""Spans of event numbers: a few numbers that say of millions of rows which events cannot be among them.

Rows whose spans do not meet share no event, so nobody has to compare them. A span is a row of five
integers: experiment, run, production, and the least and the greatest event number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkbelle.ntuple.keys import EventKeys, Integers, changes

__all__ = ["meeting", "spans_of"]

GAPS: Final = 32  # a jump by more than this part of all event numbers parts two spans
MOST: Final = 200  # more spans than this are made one a run


def spans_of(keys: EventKeys) -> Integers:
    """Return spans that hold the events of some rows and, mostly, few others.

    Rows that follow one another are taken together, until the run changes or the event number jumps
    far: a file that was merged from the files of several jobs has a span for each.

    Returns
    -------
    numpy.ndarray
        Shape (spans, 5), sorted; no two have an event number in common. It depends on the rows only.

    >>> import numpy as np
    >>> zeros = np.zeros(5, dtype=np.int64)
    >>> spans_of(EventKeys(zeros, zeros, np.array([7, 8, 8, 901, 902]), zeros)).tolist()
    [[0, 0, 0, 7, 8], [0, 0, 0, 901, 902]]
    """
    if not len(keys):
        return np.empty((0, 5), dtype=np.int64)
    starts = np.flatnonzero(keys.new_run)
    jumps = _jumps(keys)
    if len(jumps) <= MOST:
        starts = np.union1d(starts, jumps)
    ends = (np.minimum.reduceat(keys.event, starts), np.maximum.reduceat(keys.event, starts))
    stretches = np.stack([*(c[starts] for c in (keys.experiment, keys.run, keys.production)), *ends], axis=1)
    stretches = stretches[_order(stretches)]
    spans = _united(stretches, _blocks(stretches))
    return spans if len(spans) <= MOST else _united(stretches, changes(*stretches[:, :3].T))


def meeting(spans: Sequence[Integers]) -> list[NDArray[np.intp]]:
    """Return which of several parts may share events, as groups of their places.

    Parameters
    ----------
    spans
        Those of each part, as `spans_of` returns them.

    Returns
    -------
    list of numpy.ndarray
        Groups of two and more parts whose spans meet, directly or by way of others, sorted by run and event
        number. A part may be in several; two parts that are in no group together share no event.

    >>> import numpy as np
    >>> [group.tolist() for group in meeting([np.array([[0, 0, 0, i, i + 5]]) for i in (1, 9, 4)])]
    [[0, 2, 1]]
    """
    together = np.concatenate([np.empty((0, 5), dtype=np.int64), *spans])
    order = _order(together)
    starts = np.flatnonzero(_blocks(together[order]))
    owner = np.repeat(np.arange(len(spans)), [len(part) for part in spans])[order]
    sizes = np.diff(starts, append=len(order))
    several = zip(starts[sizes > 1], sizes[sizes > 1], strict=True)
    return [_distinct(owner[start : start + size]) for start, size in several]


def _distinct(owners: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return each owner once, in the order of the first appearances."""
    _, first = np.unique(owners, return_index=True)
    return owners[np.sort(first)]


def _jumps(keys: EventKeys) -> NDArray[np.intp]:
    """Return the rows whose event number is far from that of the row before."""
    far = max(1, (int(keys.event.max()) - int(keys.event.min())) // GAPS)
    return 1 + np.flatnonzero((keys.steps > far) | (keys.steps < -far))


def _order(spans: Integers) -> NDArray[np.intp]:
    """Return the order by experiment, run, production and least event number."""
    return np.lexsort(spans.T[3::-1])


def _blocks(spans: Integers) -> NDArray[np.bool_]:
    """Mark, among sorted spans, those that meet none before them."""
    new = changes(*spans[:, :3].T)
    if not len(spans):
        return new
    # places on one axis, run after run; ranks, since products of event numbers might overflow
    ranks = np.unique(spans[:, 3:], return_inverse=True)[1].reshape(-1, 2)
    places = (np.cumsum(new) * (ranks.max() + 1))[:, None] + ranks
    reached = np.maximum.accumulate(places[:, 1])
    new[1:] |= places[1:, 0] > reached[:-1]
    return new


def _united(spans: Integers, new: NDArray[np.bool_]) -> Integers:
    """Return one span for those from each mark to the next, of the same run."""
    starts = np.flatnonzero(new)
    united = spans[starts]
    united[:, 4] = np.maximum.reduceat(spans[:, 4], starts)
    return united
