from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.errors import SimulationError
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.hit_or_miss import generate_passing
from darkbelle.vectors import FourVector


def _numbered(first: count[int], size: int) -> GeneratedEvents:
    """Events of one photon whose energy is their number."""
    energy = np.array([next(first) for _ in range(size)], dtype=np.float64)[:, None]
    return GeneratedEvents.from_slots(np.array([22]), FourVector(0 * energy, 0 * energy, energy, energy))


@pytest.mark.parametrize("size", [1, 7, 300, 2000])
def test_tries_end_before_the_event_that_is_one_too_many(size: int) -> None:
    # every seventh passes: 0, 7, 14, …, so the one after ``size`` of them has the number 7·size
    numbers = count()
    events, tried = generate_passing(
        lambda tries, _: _numbered(numbers, tries),
        lambda made: made.energy % 7 == 0,
        size,
        np.random.default_rng(1),
    )
    assert tried == 7 * size
    np.testing.assert_array_equal(events.energy, 7.0 * np.arange(size))


def test_the_share_that_passes_is_estimated_without_bias() -> None:
    # p = 0.2 from three events each: naively 3/n would be 9 % high on average
    def generate(tries: int, rng: np.random.Generator) -> GeneratedEvents:
        x = rng.random((tries, 1))
        return GeneratedEvents.from_slots(np.array([22]), FourVector(0 * x, 0 * x, x, x))

    def passing(events: GeneratedEvents) -> NDArray[np.bool_]:
        return events.energy < 0.2

    shares = np.array(
        [
            3 / generate_passing(generate, passing, 3, np.random.default_rng(seed)).tried
            for seed in range(4000)
        ]
    )
    error = shares.std() / np.sqrt(len(shares))
    assert error < 0.002
    assert shares.mean() == pytest.approx(0.2, abs=4.0 * error)


def test_a_filter_that_nothing_passes_is_an_error() -> None:
    one = _numbered(count(), 60_000)
    with pytest.raises(SimulationError, match="loosen it"):
        generate_passing(
            lambda tries, _: one.slice(0, tries),
            lambda made: np.zeros(len(made), dtype=bool),
            9000,
            np.random.default_rng(1),
        )
