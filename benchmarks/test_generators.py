"""Events a second of each generator, and to ntuple rows, on one core.

::

    python -m pytest benchmarks/test_generators.py

Conservation of energy is asserted of what was timed; times are printed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from benchmarks.conftest import Clock

from darkbelle.beams import NOMINAL
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import detect
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.generators import generator
from darkbelle.simulation.steering.dimuon import dimuon_candidates

EVENTS = 10_000
CASES: dict[str, dict[str, Any]] = {
    "tautau": {},
    "tau_to_lalpha": {"lepton": "mu", "mass": 1.0},
    "zprime": {"mass": 1.0},
    "zprime_tautau": {"mass": 5.0},
    "scalar_tautau": {"mass": 5.0},
    "alp_tautau": {"mass": 5.0},
    "mumutautau": {},
    "eetautau": {},
    "mumumumu": {},
    "ee": {},
}
TO_ROWS = ("tautau", "zprime", "zprime_tautau")


@pytest.mark.parametrize("process", CASES)
def test_generating(process: str, clock: Clock) -> None:
    made = generator(process, **CASES[process])
    made.generate(200, np.random.default_rng(1))
    seconds, events = clock.timed(lambda: made.generate(EVENTS, np.random.default_rng(2)).events)
    energy = np.bincount(events.event_of_particle, events.energy)
    np.testing.assert_allclose(energy, NOMINAL.sqrt_s, atol=1e-4)
    clock.notes.append(f"{made.name:<24}generating        {EVENTS / seconds:9.0f} events/s")


@pytest.mark.parametrize("process", TO_ROWS)
def test_to_rows(process: str, clock: Clock) -> None:
    made = generator(process, **CASES[process])

    def rows() -> tuple[GeneratedEvents, dict[str, Any]]:
        rng = np.random.default_rng(3)
        events = made.generate(EVENTS, rng).events
        return events, dimuon_candidates(detect(place_in_lab(events, NOMINAL, rng), rng))

    seconds, (events, columns) = clock.timed(rows)
    assert len(events) == EVENTS
    assert columns["m2Recoil"].size > 0
    clock.notes.append(f"{made.name:<24}to rows of pairs  {EVENTS / seconds:9.0f} events/s")
