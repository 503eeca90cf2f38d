"""Events made one after the other until enough of them pass a filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import SimulationError
from darkbelle.simulation.events import Generated, GeneratedEvents

__all__ = ["generate_passing"]

EXPECTED: Final = 0.1  # share that passes, before anything is known
FEWEST: Final = 500  # tries at a time: a generator may take time to start
MOST: Final = 120_000  # for memory
HOPELESS: Final = 1_000_000  # tries of which none passes


def generate_passing(
    generate: Callable[[int, np.random.Generator], GeneratedEvents],
    passing: Callable[[GeneratedEvents], NDArray[np.bool_]],
    size: int,
    rng: np.random.Generator,
) -> Generated:
    """Return ``size`` events that pass, and how many were tried.

    Tries end before the event that would have been one too many: so ``size / tried`` has the
    mean of the share that passes, exactly (J. B. S. Haldane, Biometrika 33 (1945) 222).

    Parameters
    ----------
    generate
        Makes a number of events; several times, if need be.
    passing
        Tells which of them pass.

    Raises
    ------
    SimulationError
        None of a million events passes.
    """
    kept: list[GeneratedEvents] = []
    tried, found = 0, 0
    while True:
        share = found / tried if found else EXPECTED
        events = generate(int(np.clip(1.05 * (size + 1 - found) / share, FEWEST, MOST)), rng)
        index = np.flatnonzero(passing(events))
        if found + len(index) > size:
            last = int(index[size - found])
            kept.append(_chosen(events, index[: size - found]))
            return Generated(GeneratedEvents.concatenate(kept), tried + last)
        kept.append(_chosen(events, index))
        tried, found = tried + len(events), found + len(index)
        if found == 0 and tried >= HOPELESS:
            raise SimulationError(f"none of {tried} events passes the generator's filter; loosen it")


def _chosen(events: GeneratedEvents, index: NDArray[np.integer]) -> GeneratedEvents:
    mask = np.zeros(len(events), dtype=bool)
    mask[index] = True
    return events.select(mask)
