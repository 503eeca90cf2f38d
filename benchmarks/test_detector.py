"""Events a second of the detector, and pairs of tracks a second of the vertex fit, on one core.

::

    pytest benchmarks/test_detector.py -s
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pytest
from benchmarks.conftest import Clock

from darkbelle.beams import NOMINAL
from darkbelle.kernels import fit_pair_vertices
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import detect
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.generators import generator

T = TypeVar("T")
EVENTS = 10_000


def seconds(function: Callable[[], T]) -> tuple[float, T]:
    """Return the least CPU seconds of some calls, after one that loads what was compiled."""
    result, best = function(), np.inf
    for _ in range(5):
        started = time.process_time()
        result = function()
        best = min(best, time.process_time() - started)
    return best, result


def events_of(process: str) -> GeneratedEvents:
    rng = np.random.default_rng(1)
    return place_in_lab(generator(process).generate(EVENTS, rng).events, NOMINAL, rng)


@pytest.mark.parametrize("process", ["mumu", "tautau"])
def test_detector(process: str, clock: Clock) -> None:
    events = events_of(process)
    best, detected = seconds(lambda: detect(events, np.random.default_rng(2)))
    assert 1.0 < len(detected.tracks) / EVENTS < 4.0
    clock.notes.append(f"detector, {process}: {EVENTS / best:.0f} events/s")


def test_vertex_fit(clock: Clock) -> None:
    tracks = detect(events_of("tautau"), np.random.default_rng(2)).tracks
    first = tracks.offsets[:-1][tracks.multiplicity >= 2]
    helices, covariances = np.stack(tracks.helix, axis=1), tracks.covariance
    best, fitted = seconds(
        lambda: fit_pair_vertices(
            helices[first], helices[first + 1], covariances[first], covariances[first + 1], 1.5
        )
    )
    assert fitted.converged.mean() > 0.99
    clock.notes.append(f"vertex fit: {first.size / best:.0f} pairs/s")
