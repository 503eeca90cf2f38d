"""The vertex fit against a general minimiser, against the truth, and at the edges of its problem."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import least_squares

from darkbelle.errors import KernelInputError
from darkbelle.kernels import perigee, vertex
from darkbelle.kernels.symmetric import invert
from darkbelle.kernels.vertex import PairVertices, fit_pair_vertices
from darkbelle.simulation.detector.helix import curvature_radius
from darkbelle.simulation.detector.helix import perigee as perigee_of
from darkbelle.vectors import Column

FIELD = 1.5
ERRORS = np.array([20e-4, 1e-3, 1e-6, 30e-4, 1e-3])


def single(value: float) -> Column:
    return np.array([value])


class Pairs:
    """True vertices, true helices of both charges from there, and what was measured of them."""

    def __init__(
        self,
        rng: np.random.Generator,
        size: int,
        radius: tuple[float, float],
        momentum: tuple[float, float],
        opening: float = 1.0,
    ) -> None:
        distance, azimuth = rng.uniform(*radius, size), rng.uniform(-np.pi, np.pi, size)
        self.vertex = (distance * np.cos(azimuth), distance * np.sin(azimuth), rng.normal(0, 10, size))
        self.transverse = rng.uniform(*momentum, (2, size))
        self.phi = azimuth + rng.normal(0, opening, (2, size))
        self.slope = rng.normal(0, 0.7, (2, size))
        self.helices, self.measured, self.covariances = [], [], []
        for track, sign in enumerate((1.0, -1.0)):
            charge = sign * np.ones(size)
            bend = curvature_radius(self.transverse[track], FIELD)
            at = perigee_of(self.vertex, charge, bend, self.phi[track], self.slope[track])
            helix = np.stack([at.d0, at.phi, charge / bend, at.z0, self.slope[track]], axis=1)
            root = (rng.normal(0, 0.3, (size, 5, 5)) + np.eye(5)) * ERRORS[:, None]
            errors = np.einsum("nij,nj->ni", root, rng.normal(size=(size, 5)))
            self.helices.append(helix)
            self.measured.append(helix + errors)
            self.covariances.append(root @ root.transpose(0, 2, 1))

    def fit(self, helices: list[Column] | None = None) -> PairVertices:
        first, second = helices or self.measured
        return fit_pair_vertices(first, second, self.covariances[0], self.covariances[1], FIELD)


@pytest.mark.parametrize(
    ("radius", "momentum", "opening"),
    [
        ((0.1, 1.0), (0.5, 3.0), 1.0),
        ((1.0, 10.0), (0.3, 3.0), 1.0),
        ((10.0, 60.0), (0.3, 3.0), 1.0),
        ((0.1, 20.0), (3.0, 7.0), 0.05),  # nearly parallel
        ((1.0, 30.0), (20.0, 5000.0), 0.3),  # nearly straight
    ],
)
def test_pulls_are_standard_normal(
    rng: np.random.Generator, radius: tuple[float, float], momentum: tuple[float, float], opening: float
) -> None:
    size = 20_000
    pairs = Pairs(rng, size, radius, momentum, opening)
    fitted = pairs.fit()
    assert fitted.converged.mean() > 0.999
    errors = np.sqrt(np.einsum("nii->ni", fitted.covariance))
    pulls = (np.stack(fitted[:3], axis=1) - np.stack(pairs.vertex, axis=1)) / errors
    right = np.all(np.abs(pulls) < 6, axis=1)  # NaN is not; some start at the other crossing
    assert right.mean() > 0.995
    assert pulls[right].std(axis=0) == pytest.approx(1.0, abs=0.02)
    assert pulls[right].mean(axis=0) == pytest.approx(0.0, abs=0.03)
    # one degree of freedom, without the pairs at the wrong crossing: mean 1, variance 2
    assert fitted.chi_squared[right].mean() == pytest.approx(1.0, abs=0.05)


def test_unsmeared_pairs_give_their_vertex_and_their_momenta_there(rng: np.random.Generator) -> None:
    pairs = Pairs(rng, 500, (0.1, 60.0), (0.3, 4.0))
    fitted = pairs.fit(pairs.helices)
    # two helices may cross twice in three dimensions as well as errors allow: no more than one in a hundred
    right = np.abs(fitted.x - pairs.vertex[0]) < 1e-4
    assert right.mean() > 0.99
    for got, expected in zip(fitted[:3], pairs.vertex, strict=True):
        np.testing.assert_allclose(got[right], expected[right], atol=1e-4)
    first = pairs.transverse[0] * np.cos(pairs.phi[0]), pairs.transverse[0] * np.sin(pairs.phi[0])
    np.testing.assert_allclose(fitted.first_px[right], first[0][right], atol=1e-5)
    np.testing.assert_allclose(fitted.first_py[right], first[1][right], atol=1e-5)
    second_z = pairs.transverse[1] * pairs.slope[1]
    np.testing.assert_allclose(fitted.second_pz[right], second_z[right], atol=1e-5)
    assert np.all(fitted.chi_squared[right] < 1e-4)


def test_the_minimum_is_that_of_a_general_minimiser(rng: np.random.Generator) -> None:
    """Scipy minimises the same problem written with plain circles: centre, distance and angle."""
    pairs = Pairs(rng, 12, (0.5, 40.0), (0.4, 3.0))
    fitted = pairs.fit()
    for i in range(12):
        roots = [np.linalg.cholesky(np.linalg.inv(c[i])).T for c in pairs.covariances]

        def residuals(state: Column, i: int = i, roots: list[Column] = roots) -> Column:
            parts = []
            for track in range(2):
                phi, omega, slope = state[3 + 3 * track : 6 + 3 * track]
                charge, bend = np.sign(omega), 1 / abs(omega)
                at = perigee_of(tuple(state[:3, None]), *(np.array([v]) for v in (charge, bend, phi, slope)))
                difference = pairs.measured[track][i] - [at.d0[0], at.phi[0], omega, at.z0[0], slope]
                difference[1] = np.remainder(difference[1] + np.pi, 2 * np.pi) - np.pi
                parts.append(roots[track] @ difference)
            return np.concatenate(parts)

        start = [fitted.x[i] + 0.01, fitted.y[i] - 0.01, fitted.z[i] + 0.01]
        for track in range(2):
            at_vertex = pairs.phi[track][i], *pairs.measured[track][i, [2, 4]]
            start += list(at_vertex)
        scale = [0.01, 0.01, 0.01, *([1e-3, 1e-6, 1e-3] * 2)]
        best = least_squares(residuals, start, x_scale=scale, xtol=1e-14, ftol=1e-14, gtol=1e-14)
        assert fitted.chi_squared[i] == pytest.approx(2 * best.cost, abs=1e-4)
        covariance = np.linalg.inv(best.jac.T @ best.jac)[:3, :3]
        errors = np.sqrt(np.diag(covariance))
        np.testing.assert_allclose(np.array(fitted[:3])[:, i], best.x[:3], atol=0.02 * errors.min())
        scaled = (fitted.covariance[i] - covariance) / np.outer(errors, errors)
        assert np.abs(scaled).max() < 0.02


@pytest.mark.parametrize("apart", [-1e-3, 0.0, 1e-3])
def test_circles_that_only_touch_meet_where_they_do(apart: float) -> None:
    """Both on one side of the tangent at (10, 0), along y; the smaller circle within the larger."""
    covariance = np.diag(ERRORS**2)[None]
    helices = []
    for bend, slope, x in ((60.0, 0.3, 10.0 + apart), (200.0, -0.2, 10.0)):
        place = single(x), single(0.0), single(1.0)
        at = perigee_of(place, single(1.0), single(bend), single(np.pi / 2), single(slope))
        helices.append(np.column_stack([at.d0, at.phi, 1 / bend, at.z0, slope]))
    first, second = helices
    fitted = fit_pair_vertices(first, second, covariance, covariance, FIELD)
    assert fitted.converged[0]
    assert (fitted.x[0], fitted.y[0], fitted.z[0]) == pytest.approx((10.0, 0.0, 1.0), abs=2e-3)


def test_straight_tracks_meet_as_lines_do() -> None:
    covariance = np.diag(ERRORS**2)[None]
    # along x at y = 1, and along y at x = 2: x sin φ − y cos φ is −1 and 2
    first, second = np.array([[-1.0, 0, 0, 0.5, 0]]), np.array([[2.0, np.pi / 2, 0, 0.5, 0]])
    fitted = fit_pair_vertices(first, second, covariance, covariance, FIELD)
    assert (fitted.x[0], fitted.y[0], fitted.z[0]) == pytest.approx((2.0, 1.0, 0.5), abs=1e-6)
    # along each track the other's d0 measures, and the 2 cm to the perigee add 2 · 1 mrad
    assert np.sqrt(fitted.covariance[0, 0, 0]) == pytest.approx(np.hypot(20e-4, 1e-3), rel=0.01)


def test_what_cannot_be_fitted_is_nan_and_not_converged(rng: np.random.Generator) -> None:
    pairs = Pairs(rng, 3, (1.0, 10.0), (0.5, 3.0))
    pairs.measured[0][0, 3] = np.nan
    pairs.covariances[1][1, 2, 2] = -1.0
    fitted = pairs.fit()
    assert fitted.converged.tolist() == [False, False, True]
    for column in fitted[:-1]:
        assert np.all(np.isnan(column[:2]))
        assert np.all(np.isfinite(column[2]))


def test_no_pairs_are_no_problem(rng: np.random.Generator) -> None:
    assert Pairs(rng, 0, (1.0, 10.0), (0.5, 3.0)).fit().x.shape == (0,)


def test_wrong_shapes_are_refused(rng: np.random.Generator) -> None:
    pairs = Pairs(rng, 3, (1.0, 10.0), (0.5, 3.0))
    with pytest.raises(KernelInputError, match=r"helices .* shape \(n, 5\)"):
        pairs.fit([pairs.measured[0][:, :4], pairs.measured[1][:, :4]])
    with pytest.raises(KernelInputError, match="2 helices have 3 covariances"):
        pairs.fit([pairs.measured[0][:2], pairs.measured[1][:2]])


def test_compiled_equals_plain(rng: np.random.Generator) -> None:
    pairs = Pairs(rng, 20, (0.1, 30.0), (0.3, 3.0))
    compiled = pairs.fit()
    with pytest.MonkeyPatch.context() as patch:
        for module in (vertex, perigee):
            for name, function in list(vars(module).items()):
                plain: Any = getattr(function, "py_func", None)
                if plain is not None:
                    patch.setattr(module, name, plain)
        interpreted = pairs.fit()
    for name in PairVertices._fields:
        ours: Column = getattr(compiled, name)
        np.testing.assert_allclose(ours, getattr(interpreted, name), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("omega", [0.0, 1e-5, -0.004, 0.02])
def test_derivatives_of_the_perigee_are_those_of_differences(omega: float) -> None:
    state = np.array([7.0, -3.0, 2.0, 0.8, omega, 0.6])

    def at(state: Column) -> Column:
        expected = np.empty(5)
        perigee.perigee_at(state[:3], state[3:], expected, np.empty((5, 6)))
        return expected

    jacobian = np.empty((5, 6))
    perigee.perigee_at(state[:3], state[3:], np.empty(5), jacobian)
    for k, step in enumerate([1e-4, 1e-4, 1e-4, 1e-5, 1e-6, 1e-4]):
        change = np.zeros(6)
        change[k] = step
        numeric = (at(state + change) - at(state - change)) / (2 * step)
        np.testing.assert_allclose(jacobian[:, k], numeric, rtol=1e-5, atol=1e-5)


def test_inverses_are_numpys(rng: np.random.Generator) -> None:
    root: NDArray[np.float64] = rng.normal(size=(5, 5)) * ERRORS[:, None]
    matrix, inverse = root @ root.T, np.empty((5, 5))
    assert invert(matrix.copy(), inverse)
    np.testing.assert_allclose(inverse @ matrix, np.eye(5), atol=1e-7)
    assert not invert(-np.eye(3), np.empty((3, 3)))
    assert not invert(np.full((2, 2), np.nan), np.empty((2, 2)))
