from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkbelle.simulation.detector.helix import (
    arc_to_radius,
    arc_to_z,
    curvature_radius,
    perigee,
    point_after,
)

one = np.ones(1)


def test_a_track_of_0p28_gev_just_reaches_the_barrel_calorimeter() -> None:
    # R[m] = pT/(0.299792458 B): 0.28/(0.449688677) = 0.6227 m
    assert 2 * curvature_radius(0.28 * one, 1.5)[0] == pytest.approx(124.53, abs=0.01)


def test_a_positive_particle_turns_clockwise_as_the_lorentz_force_says() -> None:
    """Integrate dp/dt = q v x B in small steps, B along +z."""
    transverse, charge, field = 1.0, 1.0, 1.5
    steps, step = 200_000, 100.0 / 200_000  # cm
    phi = 0.0
    x = y = 0.0
    for _ in range(steps):
        x += step * np.cos(phi)
        y += step * np.sin(phi)
        # dφ/ds = −q 0.0029979 B / pT per cm
        phi -= charge * 0.00299792458 * field / transverse * step
    dx, dy, dz, turned = point_after(
        100.0 * one, charge * one, curvature_radius(transverse * one, field), 0.0 * one, 0.5 * one
    )
    assert (dx[0], dy[0], turned[0]) == pytest.approx((x, y, phi), abs=1e-3)
    assert dz[0] == pytest.approx(50.0)
    assert dy[0] < 0


def test_a_circle_that_is_too_small_never_gets_to_the_radius() -> None:
    assert np.isinf(arc_to_radius(10.0 * one, 20.1)[0])
    assert arc_to_radius(10.0 * one, 20.0)[0] == pytest.approx(10 * np.pi)
    # a circle with d0 = 5 on the far side of the axis reaches 25 at half a turn, and nothing beyond
    assert arc_to_radius(10.0 * one, 24.999, 5.0 * one)[0] == pytest.approx(10 * np.pi, rel=0.01)
    assert np.isinf(arc_to_radius(10.0 * one, 25.001, 5.0 * one)[0])


def test_the_end_plane_ahead_is_the_one_that_counts() -> None:
    arc = arc_to_z(np.array([1.0, -1.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.0, 150.0]), 100.0, -50.0)
    assert arc[:2] == pytest.approx([100.0, 50.0])
    assert np.isinf(arc[2])
    assert arc[3] == 0.0


@settings(deadline=None)
@given(
    x=st.floats(-20, 20),
    y=st.floats(-20, 20),
    phi=st.floats(-3, 3),
    curvature=st.floats(30, 3000),
    charge=st.sampled_from([-1.0, 1.0]),
    cotangent=st.floats(-2, 2),
)
def test_nothing_on_the_circle_is_nearer_than_the_perigee(
    x: float, y: float, phi: float, curvature: float, charge: float, cotangent: float
) -> None:
    at = perigee((x * one, y * one, 0 * one), charge * one, curvature * one, phi * one, cotangent * one)
    arcs = np.linspace(-np.pi, np.pi, 20001) * curvature
    many = np.ones(arcs.size)
    dx, dy, dz, turned = point_after(arcs, charge * many, curvature * many, phi * many, cotangent * many)
    distance = np.hypot(x + dx, y + dy)
    nearest = np.argmin(distance)
    assert abs(at.d0[0]) == pytest.approx(distance[nearest], abs=1e-3 * curvature)
    assert abs(at.d0[0]) <= distance[nearest] + 1e-6
    # where distances hardly differ, the place of the least is not sharp
    if distance.max() > 1.5 * distance[nearest] and abs(at.d0[0]) < 0.5 * curvature:
        assert np.cos(turned[nearest] - at.phi[0]) == pytest.approx(1.0, abs=1e-3)
        assert at.z0[0] == pytest.approx(dz[nearest], abs=2e-3 * curvature * (1 + abs(cotangent)))
