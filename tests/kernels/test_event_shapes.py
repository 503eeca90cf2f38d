"""Event shapes against sums over pairs and numpy's eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import eval_legendre

from darkbelle.kernels import EventShapes, event_shapes
from darkbelle.vectors import Column, FourVector


def shapes(momenta: Column, offsets: list[int] | None = None) -> EventShapes:
    px, py, pz = np.asarray(momenta, dtype=float).T
    vectors = FourVector.with_mass(px.copy(), py.copy(), pz.copy(), 0.14)
    return event_shapes(vectors, np.array([0, len(momenta)] if offsets is None else offsets))


def test_equals_the_definitions(rng: np.random.Generator) -> None:
    for multiplicity in (2, 3, 10):
        momenta = rng.normal(size=(multiplicity, 3))
        found = shapes(momenta)
        size = np.linalg.norm(momenta, axis=1)
        products = np.outer(size, size)
        r2 = (products * eval_legendre(2, momenta @ momenta.T / products)).sum() / products.sum()
        values = np.linalg.eigvalsh(momenta.T @ momenta / (size**2).sum())
        assert_allclose(found.fox_wolfram_r2, r2, rtol=1e-12)
        assert_allclose(found.sphericity, 1.5 * (values[0] + values[1]), atol=1e-12)
        assert_allclose(found.aplanarity, 1.5 * values[0], atol=1e-12)


def test_values_one_knows() -> None:
    line = shapes(np.array([[0, 0, 2.0], [0, 0, -1.0]]))
    assert_allclose(np.ravel(line), [1.0, 0.0, 0.0], atol=1e-12)
    ball = shapes(np.vstack([np.eye(3), -np.eye(3)]))
    assert_allclose(np.ravel(ball), [0.0, 1.0, 0.5], atol=1e-12)
    plane = shapes(np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]))
    assert_allclose(np.ravel(plane), [0.25, 0.75, 0.0], atol=1e-12)


def test_events_do_not_mix(rng: np.random.Generator) -> None:
    momenta = rng.normal(size=(12, 3))
    found = shapes(momenta, [0, 5, 5, 12])
    assert np.isnan(found.fox_wolfram_r2[1])
    assert found.fox_wolfram_r2[2] == pytest.approx(shapes(momenta[5:]).fox_wolfram_r2[0])
    assert found.sphericity[0] == pytest.approx(shapes(momenta[:5]).sphericity[0])


def test_a_particle_at_rest_adds_nothing(rng: np.random.Generator) -> None:
    momenta = rng.normal(size=(4, 3))
    with_rest = np.vstack([momenta, np.zeros((1, 3))])
    assert_allclose(np.ravel(shapes(with_rest)), np.ravel(shapes(momenta)), rtol=1e-12)
