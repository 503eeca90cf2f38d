from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from darkbelle.errors import ConfigurationError
from darkbelle.fitting.edge import SHAPES, EdgeShape, edge_shape
from darkbelle.fitting.edge.shapes import arctan_step, erf_step

FULL = {"edge": 1.777, "width": 0.004, "step": 0.5, "tilt": 1.5, "slope": 0.7, "curvature": 3.0}
LIMITS = (1.70, 1.85)

every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))


def free(shape: EdgeShape) -> np.ndarray:
    return np.array([FULL[name] for name in shape.parameters])


def test_the_first_shape_is_the_published_one() -> None:
    # arXiv:2305.19116, by hand at P1 + P2, where the arctangent is π/4
    density = edge_shape("arctan").density(np.array([1.781]), np.array([1.777, 0.004, 0.5, 0.7, 3.0]))
    assert density[0] == pytest.approx(1 - 0.5 * np.pi / 4 + 0.7 * 0.004 + 3.0 * 0.004**2, rel=1e-12)


@every_shape
def test_integrals_are_those_of_the_density(shape: EdgeShape) -> None:
    values = free(shape)
    for mass in (1.70, 1.7765, 1.778, 1.85):
        numeric, _ = quad(lambda m: shape.density(np.array([m]), values)[0], FULL["edge"], mass, epsabs=1e-13)
        assert shape.integral(np.array([mass]), values)[0] == pytest.approx(numeric, abs=1e-11)


@every_shape
def test_gradients_are_differences_of_the_integral(shape: EdgeShape) -> None:
    masses, values = np.array([1.70, 1.7765, 1.778, 1.85]), free(shape)
    gradient = shape.integral_gradient(masses, values)
    # the integral starts at the edge, which moves: only differences of it are used, and compared
    for row, name in zip(gradient, shape.parameters, strict=True):
        step = 1e-6 * FULL[name]
        up, down = values.copy(), values.copy()
        up[shape.parameters.index(name)] += step
        down[shape.parameters.index(name)] -= step
        numeric = (shape.integral(masses, up) - shape.integral(masses, down)) / (2 * step)
        np.testing.assert_allclose(np.diff(row), np.diff(numeric), rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("function", [arctan_step, erf_step])
def test_steps_go_from_minus_to_plus_a_right_angle_with_unit_slope(function: object) -> None:
    assert callable(function)
    far, near = function(np.array([-1e6, 1e6])), function(np.array([-1e-6, 1e-6]))
    np.testing.assert_allclose(far.value, [-np.pi / 2, np.pi / 2], rtol=1e-5)
    np.testing.assert_allclose(near.value, [-1e-6, 1e-6], rtol=1e-9)
    np.testing.assert_allclose(near.derivative, 1.0, rtol=1e-9)


def test_an_unknown_shape_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="there are: arctan, tilted_arctan"):
        edge_shape("cusp")
