"""From candidates to events: grouping, choosing the best candidate, and counting how many there were.

Rows are candidates and the candidates of an event follow one another. What processors need on millions
of rows works on flat columns and gives masks; `group_candidates` and `best_candidate` do the same for
awkward arrays, for those who explore.
"""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import ArrayLike, NDArray

from darkbelle.errors import ConfigurationError, KernelInputError
from darkbelle.ntuple.keys import EventKeys, Integers, keys_of_rows

__all__ = ["best_candidate", "best_candidate_mask", "group_candidates", "multiplicity"]

Mask = NDArray[np.bool_]

# Multiplicities from here on are counted together.
MANY = 10


def group_candidates(rows: Any) -> Any:
    """Group rows into events: an entry of the result is the list of an event's candidates.

    Only the keys are read; all other columns stay virtual.

    Raises
    ------
    DuplicateEventsError
        The candidates of an event do not follow one another.
    NtupleError
        The rows have no event key.
    """
    keys = keys_of_rows(rows)
    keys.check_contiguous("these rows")
    return ak.unflatten(rows, keys.run_lengths())


def best_candidate(
    events: Any, *, by: str | None = None, largest: bool = True, seed: int | None = None
) -> Any:
    """Return one candidate of each event as rows, by a field or at random.

    Parameters
    ----------
    events
        What `group_candidates` returned.
    by
        Field such as ``"chi_probability"`` or ``"mu_plus.muonID"``.
    largest, seed
        See `best_candidate_mask`.
    """
    rows = ak.flatten(events, axis=1)
    values = None
    if by is not None:
        values = rows
        for name in by.split("."):
            values = values[name]
        values = np.asarray(values)
    return rows[best_candidate_mask(keys_of_rows(rows), score=values, largest=largest, seed=seed)]


def best_candidate_mask(
    keys: EventKeys,
    *,
    score: ArrayLike | None = None,
    largest: bool = True,
    seed: int | None = None,
    among: Mask | None = None,
) -> Mask:
    """Mark one row in each event, by a score or at random. It does not depend on the chunking.

    Parameters
    ----------
    keys
        Of n rows, the candidates of an event following one another.
    score
        Shape (n,). The best is the largest, or with ``largest=False`` the smallest. NaN is worse than
        any number. Of equal ones the lowest candidate number wins.
    seed
        Instead of a score: every candidate is as likely. The choice is made by a hash of seed, event
        and candidate number, so the same candidate is chosen wherever and whenever.
    among
        Only rows where this is True compete, shape (n,); an event without such a row has no mark.

    Returns
    -------
    numpy.ndarray
        Boolean, shape (n,).

    Raises
    ------
    ConfigurationError
        Both or neither of ``score`` and ``seed`` are given.
    KernelInputError
        A column has another length than the keys.
    """
    if (score is None) == (seed is None):
        raise ConfigurationError("best candidate: give either a score or a seed, got both or neither")
    if seed is not None:
        order: NDArray[Any] = ~keys.row_hashes(seed)
    else:
        order = _descending(np.asarray(score), largest=largest)
    for name, column in (("score", order), ("among", among)):
        if column is not None and column.shape != (len(keys),):
            raise KernelInputError(f"{name} has shape {column.shape}, expected ({len(keys)},), one a row")
    if among is None:
        return _first_of_best(keys, order)
    mask = np.zeros(len(keys), dtype=np.bool_)
    chosen = np.flatnonzero(among)
    mask[chosen[_first_of_best(keys.take(chosen), order[chosen])]] = True
    return mask


def multiplicity(
    keys: EventKeys, *, among: Mask | None = None, n_candidates: Integers | None = None
) -> dict[str, int]:
    """Count events by their number of candidates, as additive counts for a report.

    Parameters
    ----------
    among
        Count these rows only, shape (n,).
    n_candidates
        What basf2 counted when it wrote the ntuple, shape (n,). Events with fewer rows now were
        sampled or cut since: they are counted as ``candidates/events_cut_before``.

    Returns
    -------
    dict
        ``candidates/rows``, ``candidates/events``, and ``candidates/events_with_<n>`` for those
        multiplicities that occur, from 10 on as ``10_or_more``.
    """
    if among is not None:
        keys = keys.take(np.flatnonzero(among))
    lengths = keys.run_lengths()
    counts = {"candidates/rows": len(keys), "candidates/events": len(lengths)}
    for number, events in enumerate(np.bincount(np.minimum(lengths, MANY), minlength=MANY + 1).tolist()):
        if events:
            name = f"{MANY}_or_more" if number == MANY else str(number)
            counts[f"candidates/events_with_{name}"] = events
    if n_candidates is not None:
        before = n_candidates if among is None else n_candidates[among]
        counts["candidates/events_cut_before"] = int(np.sum(before[keys.boundaries()[:-1]] > lengths))
    return counts


def _descending(score: NDArray[Any], *, largest: bool) -> NDArray[np.float64]:
    values = np.array(score, dtype=np.float64)
    if not largest:
        np.negative(values, out=values)
    values[np.isnan(values)] = -np.inf
    return values


def _first_of_best(keys: EventKeys, order: NDArray[Any]) -> Mask:
    """Mark the row of the highest order in each event; of equal ones that of the lowest candidate."""
    starts, lengths = keys.boundaries()[:-1], keys.run_lengths()
    if len(starts) == len(keys):
        return np.ones(len(keys), dtype=np.bool_)
    best: Mask = order == np.repeat(np.maximum.reduceat(order, starts), lengths)
    if np.count_nonzero(best) == len(starts):
        return best
    last = np.iinfo(np.int64).max
    number = np.where(best, keys.candidates(), last)
    best &= number == np.repeat(np.minimum.reduceat(number, starts), lengths)
    rows = np.where(best, np.arange(len(keys)), last)  # rows written twice have one candidate number
    mask = np.zeros(len(keys), dtype=np.bool_)
    mask[np.minimum.reduceat(rows, starts)] = True
    return mask
