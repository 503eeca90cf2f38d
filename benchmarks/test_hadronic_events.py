"""Events with hadrons a second: from the generator, through beams and detector.

::

    pytest benchmarks/test_hadronic_events.py -s

CPU seconds of one process, the start of Pythia among them, and compiled kernels loaded before.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from benchmarks.conftest import Clock

from darkbelle.beams import NOMINAL
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import detect
from darkbelle.simulation.generators import generator

SIZE = 10_000
WARM_UP = 200
SCALAR = {"final_state": "mumu", "mass": 1.0, "ctau_cm": 10.0}


@pytest.mark.parametrize(
    ("process", "options"),
    [
        ("uubar", {}),
        ("ddbar", {}),
        ("ssbar", {}),
        ("ccbar", {}),
        ("ccbar", {"charm": "d_star"}),
        ("ccbar", {"charm": "d_plus"}),
        ("charged_b", {}),
        ("neutral_b", {}),
        ("b_to_k_s", {"kaon": "K+", **SCALAR}),
        ("b_to_k_s", {"kaon": "K*0", **SCALAR}),
        ("jpsi", {"final_state": "mumu"}),
    ],
)
def test_hadronic_events(process: str, options: dict[str, Any], clock: Clock) -> None:
    made_by = generator(process, **options)
    for size in (WARM_UP, SIZE):
        started = time.process_time()
        events = made_by.generate(size, np.random.default_rng(1)).events
        generated = time.process_time()
        detected = detect(place_in_lab(events, NOMINAL, np.random.default_rng(2)), np.random.default_rng(3))
        finished = time.process_time()
    assert len(events) == len(detected.generated) == SIZE
    clock.notes.append(
        f"{made_by.name:<30} generated {SIZE / (generated - started):7.0f} events/s, "
        f"beams and detector {SIZE / (finished - generated):7.0f}, both {SIZE / (finished - started):7.0f}"
    )
