"""A particle gun: events made by hand, and what the detector makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from darkbelle.simulation.events import GeneratedEvents
from darkbelle.vectors import FourVector

Gun = Callable[..., GeneratedEvents]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture
def gun() -> Gun:
    """Return a function that makes equal events of particles (pdg, momentum, theta and phi in degrees)."""

    def shoot(*particles: tuple[int, float, float, float], events: int = 1) -> GeneratedEvents:
        return _events(particles, events)

    return shoot


def _events(particles: Sequence[tuple[int, float, float, float]], events: int) -> GeneratedEvents:
    pdg, momentum, theta, phi = (np.array(column) for column in zip(*particles, strict=True))
    theta, phi = np.deg2rad(theta), np.deg2rad(phi)
    masses = {11: 0.000511, 13: 0.10566, 22: 0.0, 211: 0.13957, 321: 0.49368, 14: 0.0, 130: 0.4976}
    mass = np.array([masses[abs(code)] for code in pdg])
    columns = (
        momentum * np.sin(theta) * np.cos(phi),
        momentum * np.sin(theta) * np.sin(phi),
        momentum * np.cos(theta),
        np.hypot(momentum, mass),
    )
    return GeneratedEvents.from_slots(
        pdg, FourVector(*(np.tile(column, (events, 1)) for column in columns)), frame="lab"
    )
