from __future__ import annotations

from dataclasses import replace

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.simulation.acceptance import inside_tracking, nominal_lab
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.vectors import FourVector


def _pairs(size: int) -> FourVector:
    """Back-to-back muons that share the nominal √s, shape (size, 2)."""
    rng = np.random.default_rng(1)
    energy = NOMINAL.sqrt_s / 2.0
    direction = rng.normal(size=(size, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    both = energy * np.stack([direction, -direction], axis=1)
    return FourVector(both[..., 0], both[..., 1], both[..., 2], np.full((size, 2), energy))


def test_nominal_lab_is_where_collisions_without_spread_are_placed() -> None:
    events = GeneratedEvents.from_slots(np.array([22, 22]), _pairs(50))
    calm = replace(NOMINAL, her_spread=0.0, ler_spread=0.0)
    placed = place_in_lab(events, calm, np.random.default_rng(2))
    for found, expected in zip(nominal_lab(events.momenta), placed.momenta, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_acceptance_is_a_cone_about_the_solenoid_axis() -> None:
    momenta: FourVector = FourVector(*(column.ravel() for column in _pairs(2000)))
    lab = nominal_lab(momenta)
    degrees = np.degrees(np.arctan2(np.hypot(lab.px, lab.py), lab.pz))
    inside = inside_tracking(momenta)
    assert inside[(degrees > 17.0) & (degrees < 150.0)].all()
    assert not inside[(degrees < 16.0) | (degrees > 151.0)].any()
    hard = inside_tracking(momenta, least_momentum=5.0)
    np.testing.assert_array_equal(hard, inside & (lab.energy > 5.0))
