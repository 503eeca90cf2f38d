from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from darkbelle.simulation.phase_space import (
    dalitz_from_unit_square,
    rotated_randomly,
    rotated_z_to,
    three_body_momenta,
)
from darkbelle.simulation.sampling import gauss_square
from darkbelle.vectors import FourVector

S, TWIN = 100.0, 0.10566


def area(s: float, mass: float) -> float:
    """The area of the Dalitz plane in x_a, x_b, by a line integral over the pair's mass."""

    def width(pair: float) -> float:
        # for the squared mass of a and b: s dx3 = −d(pair), width of x_a − x_b, halved by the Jacobian
        k = math.sqrt(max(0.0, (s - (math.sqrt(pair) + mass) ** 2) * (s - (math.sqrt(pair) - mass) ** 2)))
        return k / s**2 * math.sqrt(1 - 4 * TWIN**2 / pair)

    value, _ = quad(width, 4 * TWIN**2, (math.sqrt(s) - mass) ** 2, limit=200)
    return float(value)


@pytest.mark.parametrize("mass", [0.01, 1.0, 9.0])
def test_jacobian_integrates_to_the_area_of_the_dalitz_plane(mass: float) -> None:
    u, v, weight = gauss_square(96)
    mapped = dalitz_from_unit_square(u, v, S, mass, TWIN)
    assert np.sum(weight * mapped.jacobian) == pytest.approx(area(S, mass), rel=1e-4)


@given(u=st.floats(0.0, 1.0), v=st.floats(0.0, 1.0), mass=st.floats(1e-3, 9.7))
@settings(max_examples=200, deadline=None)
def test_momenta_conserve_and_lie_on_their_shells(u: float, v: float, mass: float) -> None:
    mapped = dalitz_from_unit_square(np.array([u]), np.array([v]), S, mass, TWIN)
    a, b, c = three_body_momenta(mapped, S, mass, TWIN)
    total = a.plus(b).plus(c)
    np.testing.assert_allclose(total.energy, 10.0, rtol=1e-9)
    np.testing.assert_allclose([total.px, total.py, total.pz], 0.0, atol=1e-12)
    np.testing.assert_allclose(a.plus(c).mass_squared() - TWIN**2, mapped.beside_b, rtol=1e-4, atol=1e-10)
    np.testing.assert_allclose(b.plus(c).mass_squared() - TWIN**2, mapped.beside_a, rtol=1e-4, atol=1e-10)


def test_random_rotations_are_rotations_and_uniform() -> None:
    size = 50_000
    pair = np.zeros((2, 4, size))
    pair[0, 0], pair[1, 1] = 1.0, 2.0
    turned = rotated_randomly(pair, np.random.default_rng(1))
    np.testing.assert_allclose(np.sum(turned[:, :3] ** 2, axis=1).T, [[1.0, 4.0]] * size, rtol=1e-12)
    np.testing.assert_allclose(np.sum(turned[0, :3] * turned[1, :3], axis=0), 0.0, atol=1e-12)
    # second moments of a direction: δ_ij / 3, with standard deviation 0.3 / √n
    moments = np.einsum("in,jn->ij", turned[0, :3], turned[0, :3]) / size
    np.testing.assert_allclose(moments, np.eye(3) / 3, atol=5 * 0.3 / np.sqrt(size))


@given(theta=st.floats(0.0, 3.1), phi=st.floats(-3.2, 3.2))
@settings(deadline=None)
def test_z_is_turned_onto_the_axis_and_lengths_stay(theta: float, phi: float) -> None:
    axis = (math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta))
    columns = (np.array([axis[0]]), np.array([axis[1]]), np.array([axis[2]]))
    z = rotated_z_to(FourVector.single(0.0, 0.0, 1.0, 1.0), columns)
    np.testing.assert_allclose([z.px[0], z.py[0], z.pz[0]], axis, atol=1e-12)
    any_vector = rotated_z_to(FourVector.single(0.3, -0.5, 0.7, 2.0), columns)
    assert any_vector.mass_squared()[0] == pytest.approx(4.0 - 0.09 - 0.25 - 0.49)
