"""From weighted proposals to a cross section and to events of weight one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar, cast

import numpy as np

from darkbelle.simulation.sampling import Overshoot
from darkbelle.vectors import Column, FourVector

__all__ = ["Proposals", "Unweighting", "joined", "taken"]

MOST_PROPOSALS = 500_000  # at a time, for memory
CUT_OFF = 3e-4  # of the cross section: what may lie above the largest weight in the pilot sample

Events = TypeVar("Events", bound=tuple[FourVector, ...])  # a named tuple of columns, one row an event


class Proposals(NamedTuple, Generic[Events]):
    """Proposed events with their weights, shape (n,), in fb.

    Proposals of weight zero are left out: the sum of weights over the number of proposals asked for
    is the cross section.
    """

    events: Events
    weight: Column


@dataclass(frozen=True)
class Unweighting(Generic[Events]):
    """What a pilot sample tells about a source of proposals.

    Parameters
    ----------
    cross_section_fb, error_fb
        With its statistical uncertainty.
    largest
        The weight that is accepted always; heavier events are accepted no more often.
    propose
        The source, ``propose(size, rng)``.
    """

    cross_section_fb: float
    error_fb: float
    largest: float
    propose: Callable[[int, np.random.Generator], Proposals[Events]]

    @classmethod
    def from_pilot(
        cls, propose: Callable[[int, np.random.Generator], Proposals[Events]], size: int, seed: int
    ) -> Unweighting[Events]:
        """Draw ``size`` proposals, always the same for one seed, and note what they say."""
        rng = np.random.default_rng(seed)
        sizes = [min(MOST_PROPOSALS, size - start) for start in range(0, size, MOST_PROPOSALS)]
        weights = np.concatenate([propose(part, rng).weight for part in sizes])
        mean = float(np.sum(weights)) / size
        variance = float(np.sum(weights**2)) / size - mean**2
        return cls(mean, math.sqrt(variance / size), _largest(weights), propose)

    def sample(self, size: int, rng: np.random.Generator, what: str) -> Events:
        """Return ``size`` events of weight one; ``what`` names them in an error.

        Raises
        ------
        SimulationError
            More than 1e-3 of the cross section lies above the largest weight.
        """
        efficiency = self.cross_section_fb / self.largest
        overshoot = Overshoot()
        kept: list[Events] = []
        missing = size
        while missing > 0:
            events, weight = self.propose(min(int(1.1 * missing / efficiency) + 100, MOST_PROPOSALS), rng)
            accepted = np.flatnonzero(overshoot.accept(weight / self.largest, rng))[:missing]
            kept.append(taken(events, accepted))
            missing -= len(accepted)
        overshoot.check(what)
        return joined(kept)


def _largest(weights: Column) -> float:
    """Return the least weight above which no more than `CUT_OFF` of the cross section lies."""
    falling = np.sort(weights)[::-1]
    excess = np.cumsum(falling) - np.arange(1, len(falling) + 1) * falling
    return float(falling[np.searchsorted(excess, CUT_OFF * np.sum(falling), side="right") - 1])


def taken(events: Events, index: Any) -> Events:
    """Return the events at a mask or at indices."""
    return _remade(events, [FourVector(*(column[index] for column in vector)) for vector in events])


def joined(parts: Sequence[Events]) -> Events:
    """Return the events of all parts in order."""
    return _remade(
        parts[0],
        [
            FourVector(*(np.concatenate(columns) for columns in zip(*vectors, strict=True)))
            for vectors in zip(*parts, strict=True)
        ],
    )


def _remade(events: Events, vectors: Sequence[FourVector]) -> Events:
    made = getattr(type(events), "_make", tuple)(vectors)  # a plain tuple of vectors stays one
    return cast(Events, made)
