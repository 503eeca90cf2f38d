"""Events a second through detector and reconstruction, to the rows of an ntuple, on one core.

::

    pytest benchmarks/test_reconstruction.py -s
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from benchmarks.conftest import Clock
from benchmarks.test_detector import seconds

from darkbelle.beams import NOMINAL
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import detect
from darkbelle.simulation.generators import generator
from darkbelle.simulation.steering import steering

THREE_ON_ONE = {"modes": ("3prong", "1prong")}
DISPLACED = {"kaon": "K+", "final_state": "mumu", "mass": 1.5, "ctau_cm": 1.0}


@pytest.mark.parametrize(
    ("process", "options", "name", "events"),
    [
        ("mumu", {}, "dimuon", 20_000),
        ("mumu", {}, "lepton_pairs", 20_000),
        ("tautau", THREE_ON_ONE, "tau_3x1", 20_000),
        ("tautau", THREE_ON_ONE, "four_tracks", 20_000),
        ("charged_b", {}, "jpsi", 1000),
        ("charged_b", {}, "k_short", 1000),
        ("b_to_k_s", DISPLACED, "b_to_k_llp", 1000),
    ],
)
def test_detector_and_steering(
    process: str, options: dict[str, Any], name: str, events: int, clock: Clock
) -> None:
    rng = np.random.default_rng(1)
    made = place_in_lab(generator(process, **options).generate(events, rng).events, NOMINAL, rng)
    seeing, detected = seconds(lambda: detect(made, np.random.default_rng(2)))
    writing, rows = seconds(lambda: steering(name)(detected))
    assert rows["nTracks"].size > 0
    clock.notes.append(
        f"{process} to {name}: detector {events / seeing:.0f}, reconstruction {events / writing:.0f}, "
        f"both {events / (seeing + writing):.0f} events/s"
    )
