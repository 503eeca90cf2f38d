"""What becomes of particles on their way, where it is extreme."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from darkbelle.simulation.detector.parameters import NOMINAL_DETECTOR
from darkbelle.simulation.detector.passage import passage
from darkbelle.simulation.detector.response import detect
from darkbelle.simulation.events import GeneratedEvents


@pytest.mark.parametrize("theta", [1e-9, 1e-3, 0.5, 179.9999])
def test_an_electron_along_the_beams_keeps_a_direction(
    gun: Callable[..., GeneratedEvents], rng: np.random.Generator, theta: float
) -> None:
    events = gun((11, 3.0, theta, 40.0), events=200)
    charged = passage(events, NOMINAL_DETECTOR, rng).charged
    assert np.all(charged.momentum > 0.0)
    np.testing.assert_allclose(charged.momentum + charged.radiated, 3.0)
    assert len(detect(events, rng).tracks.px) == 0
