"""Cuts as data: a region is a named tuple of cuts, and its cutflow and N−1 come for free."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError
from darkbelle.results import Cutflow

__all__ = ["Columns", "Cut", "Decisions", "Mask", "evaluate", "split_at_first_reading"]

Mask = NDArray[np.bool_]
Columns = Mapping[str, NDArray[Any]]

MAX_CUTS = 254  # a cut's position is kept in one byte an event


@dataclass(frozen=True)
class Cut:
    """One condition on an event.

    Parameters
    ----------
    name
        What is required, as the cutflow shows it.
    reads
        Names of the columns that go into the function, in its order.
    function
        Takes those columns, each of shape (n,), and returns a boolean array of shape (n,).
    decides_nan
        A NaN in one of the columns fails the event whatever the function says, unless this is set:
        then the function has the word.
    """

    name: str
    reads: tuple[str, ...]
    function: Callable[..., Mask]
    decides_nan: bool = False


@dataclass(frozen=True)
class Decisions:
    """What the cuts of a region say on each event.

    Two bytes an event hold all that a cutflow and N−1 need: ``failures`` is the number of cuts that
    the event fails and ``first_failed`` the position of the first of them, the number of cuts where
    there is none. Both have shape (n,). ``nan`` counts events by column with NaN that a cut reads
    and does not decide on itself; columns without NaN are left out.
    """

    cuts: tuple[str, ...]
    failures: NDArray[np.uint8]
    first_failed: NDArray[np.uint8]
    nan: dict[str, int]

    @property
    def selected(self) -> Mask:
        """Which events pass all cuts."""
        mask: Mask = self.failures == 0
        return mask

    def pass_first(self, count: int) -> Mask:
        """Return which events pass the first ``count`` cuts."""
        mask: Mask = self.first_failed >= count
        return mask

    def without(self, *cuts: str) -> Mask:
        """Return which events pass all cuts, or fail but one and that one is among ``cuts``."""
        allowed = np.zeros(len(self.cuts) + 1, dtype=np.uint8)
        allowed[[self._position(cut) for cut in cuts]] = 1
        mask: Mask = self.failures <= allowed[self.first_failed]
        return mask

    def _position(self, cut: str) -> int:
        if cut not in self.cuts:
            raise ConfigurationError(
                f"there is no cut {cut!r} in this region, there are {', '.join(self.cuts)}"
            )
        return self.cuts.index(cut)

    def cutflow(self, weights: NDArray[np.float64]) -> Cutflow:
        """Return the cutflow, and how many events pass all cuts but one, for event weights of shape (n,)."""
        one_failure = self.failures == 1
        alone, alone_weights = self.first_failed[one_failure], weights[one_failure]
        events, total = self._by_position(self.first_failed), self._by_position(self.first_failed, weights)
        return Cutflow(
            cuts=self.cuts,
            events=_remaining(events),
            weights=_remaining(total),
            n_minus_one_events=events[-1] + self._by_position(alone)[:-1],
            n_minus_one_weights=total[-1] + self._by_position(alone, alone_weights)[:-1],
        )

    def _by_position(
        self, positions: NDArray[np.uint8], weights: NDArray[np.float64] | None = None
    ) -> NDArray[Any]:
        return np.bincount(positions, weights, minlength=len(self.cuts) + 1)


def evaluate(cuts: Sequence[Cut], columns: Columns) -> Decisions:
    """Apply all cuts of a region to all events.

    Parameters
    ----------
    cuts
        A region: a named tuple of cuts, or any sequence. Their order is that of the cutflow.
    columns
        By name, each of shape (n,).

    Raises
    ------
    ConfigurationError
        A cut reads a column that is not there, or the region has no cut or too many.
    """
    if not 0 < len(cuts) <= MAX_CUTS:
        raise ConfigurationError(f"a region has between 1 and {MAX_CUTS} cuts, got {len(cuts)}")
    size = _column(columns, cuts[0].reads[0], cuts[0].name).size
    nan = _nan_masks(cuts, columns)
    failures = np.zeros(size, dtype=np.uint8)
    first_failed = np.zeros(size, dtype=np.uint8)
    alive = np.ones(size, dtype=np.bool_)
    for cut in cuts:
        passed = _passes(cut, columns, nan)
        failures += ~passed
        alive &= passed
        first_failed += alive
    counts = {name: int(np.count_nonzero(mask)) for name, mask in nan.items()}
    return Decisions(tuple(cut.name for cut in cuts), failures, first_failed, counts)


def split_at_first_reading(
    cuts: Sequence[Cut], changed: Collection[str]
) -> tuple[tuple[Cut, ...], tuple[Cut, ...]]:
    """Split a region before the first cut that reads one of the changed columns.

    What the cuts before it say holds when those columns change, so that only events which pass them
    need be looked at again. It pays to put such cuts first.
    """
    reading = (i for i, cut in enumerate(cuts) if set(cut.reads) & set(changed))
    position = next(reading, len(cuts))
    return tuple(cuts[:position]), tuple(cuts[position:])


def _passes(cut: Cut, columns: Columns, nan: Mapping[str, Mask]) -> Mask:
    passed = cut.function(*(_column(columns, name, cut.name) for name in cut.reads))
    if not cut.decides_nan:
        for name in cut.reads:
            if name in nan:
                passed = passed & ~nan[name]
    return passed


def _nan_masks(cuts: Sequence[Cut], columns: Columns) -> dict[str, Mask]:
    """Return where NaN is in the columns that have any; most have none, so that it is looked for once."""
    read = {
        name: _column(columns, name, cut.name) for cut in cuts if not cut.decides_nan for name in cut.reads
    }
    # a sum is a number only if all its terms are: one pass and no temporary for nearly all columns
    with np.errstate(invalid="ignore", over="ignore"):
        suspects = [name for name, values in sorted(read.items()) if np.isnan(np.sum(values))]
    masks = {name: np.isnan(read[name]) for name in suspects}
    return {name: mask for name, mask in masks.items() if mask.any()}


def _remaining(dropped_at: NDArray[Any]) -> NDArray[Any]:
    """Return the number left before the first cut and after each; exact for weights on the grid."""
    remaining: NDArray[Any] = np.cumsum(dropped_at[::-1])[::-1]
    return remaining


def _column(columns: Columns, name: str, cut: str) -> NDArray[Any]:
    if name not in columns:
        raise ConfigurationError(
            f"cut {cut!r} reads the column {name!r}, which is not there; there are {', '.join(columns)}"
        )
    return columns[name]
