"""Events made one after the other until enough of them pass a filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import SimulationError
from darkbelle.simulation.events import Generated, GeneratedEvents

__all__ = ["Passed", "generate_passed", "generate_passing"]

EXPECTED: Final = 0.1  # share that passes, before anything is known
FEWEST: Final = 500  # tries at a time: a generator may take time to start
MOST: Final = 120_000  # for memory
HOPELESS: Final = 1_000_000  # tries of which none passes


class Passed(NamedTuple):
    """Of a number of tries: the events that pass, and which of the tries each is, rising."""

    events: GeneratedEvents
    numbers: NDArray[np.integer]


def generate_passing(
    generate: Callable[[int, np.random.Generator], GeneratedEvents],
    passing: Callable[[GeneratedEvents], NDArray[np.bool_]],
    size: int,
    rng: np.random.Generator,
) -> Generated:
    """Return ``size`` events that pass, and how many were tried; see `generate_passed`.

    Parameters
    ----------
    generate
        Makes a number of events; several times, if need be.
    passing
        Tells which of them pass.
    """

    def attempt(tries: int, rng: np.random.Generator) -> Passed:
        events = generate(tries, rng)
        mask = passing(events)
        return Passed(events.select(mask), np.flatnonzero(mask))

    return generate_passed(attempt, size, rng)


def generate_passed(
    attempt: Callable[[int, np.random.Generator], Passed], size: int, rng: np.random.Generator
) -> Generated:
    """Return ``size`` events that pass, and how many were tried.

    Tries end before the event that would have been one too many: so ``size / tried`` has the
    mean of the share that passes, exactly (J. B. S. Haldane, Biometrika 33 (1945) 222).

    Parameters
    ----------
    attempt
        Tries to make a number of events, and returns those that pass; several times, if need be.

    Raises
    ------
    SimulationError
        None of a million events passes.
    """
    kept: list[GeneratedEvents] = []
    tried, found = 0, 0
    while True:
        share = found / tried if found else EXPECTED
        tries = int(np.clip(1.05 * (size + 1 - found) / share, FEWEST, MOST))
        events, numbers = attempt(tries, rng)
        if found + len(numbers) > size:
            kept.append(events.slice(0, size - found))
            return Generated(GeneratedEvents.concatenate(kept), tried + int(numbers[size - found]))
        kept.append(events)
        tried, found = tried + tries, found + len(numbers)
        if found == 0 and tried >= HOPELESS:
            raise SimulationError(f"none of {tried} events passes the generator's filter; loosen it")
