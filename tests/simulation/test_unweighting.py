from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from darkbelle.errors import SimulationError
from darkbelle.simulation.unweighting import Proposals, Unweighting
from darkbelle.vectors import FourVector


class _Point(NamedTuple):
    position: FourVector


def _rising(size: int, rng: np.random.Generator) -> Proposals[_Point]:
    """Weights 6x on the unit interval, nothing below x = 0.1."""
    x = rng.random(size)
    x = x[x > 0.1]
    return Proposals(_Point(FourVector(x, x, x, x)), 6.0 * x)


def test_pilot_finds_integral_and_largest_weight() -> None:
    pilot = Unweighting.from_pilot(_rising, 50_000, seed=1)
    # ∫ 6x from 0.1 to 1 = 2.97
    assert pilot.cross_section_fb == pytest.approx(2.97, abs=4.0 * pilot.error_fb)
    assert pilot.error_fb < 0.02
    assert pilot.largest == pytest.approx(6.0, rel=0.02)
    assert pilot == Unweighting.from_pilot(_rising, 50_000, seed=1)


def test_sample_follows_the_weights() -> None:
    size = 20_000
    x = Unweighting.from_pilot(_rising, 50_000, seed=1).sample(size, np.random.default_rng(2), "x")[0].px
    # density 2x/0.99 on 0.1 to 1: mean 2 (1 − 0.001)/(3·0.99), spread about 0.23
    assert len(x) == size
    assert x.mean() == pytest.approx(2.0 * 0.999 / (3.0 * 0.99), abs=4.0 * 0.23 / np.sqrt(size))


def test_weights_far_above_the_pilot_are_an_error() -> None:
    low = Unweighting(2.97, 0.01, 2.0, _rising)
    with pytest.raises(SimulationError, match="above the majorant"):
        low.sample(5000, np.random.default_rng(3), "x")
