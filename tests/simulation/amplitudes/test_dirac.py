from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.simulation.amplitudes import dirac
from darkbelle.simulation.amplitudes.dirac import Spinor, Vector

MASS = 0.3
P = (np.sqrt(0.25 + 0.49 + 0.04 + MASS**2), 0.5, -0.7, 0.2)

# the same matrices from Kronecker products of Pauli matrices
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
GAMMA = np.array([np.kron([[0, 1], [1, 0]], np.eye(2)), *(np.kron([[0, 1], [-1, 0]], s) for s in PAULI)])
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def slash(vector: Vector) -> NDArray[np.complex128]:
    return np.tensordot(METRIC @ np.array(vector), GAMMA, axes=1)


def test_particle_spinors_sum_to_the_projector() -> None:
    summed = sum(np.outer(dirac.particle_column(P, MASS, s), dirac.particle_row(P, MASS, s)) for s in (0, 1))
    np.testing.assert_allclose(summed, slash(P) + MASS * np.eye(4), atol=1e-14)


def test_antiparticle_spinors_sum_to_the_projector() -> None:
    summed = sum(
        np.outer(dirac.antiparticle_column(P, MASS, s), dirac.antiparticle_row(P, MASS, s)) for s in (0, 1)
    )
    np.testing.assert_allclose(summed, slash(P) - MASS * np.eye(4), atol=1e-14)


@pytest.fixture
def spinors() -> tuple[Spinor, Spinor]:
    row = (0.3 - 0.2j, 1.1j, -0.7 + 0.4j, 0.9 + 0j)
    column = (-0.5 + 0.1j, 0.8 - 0.6j, 1.2j, 0.4 + 0.3j)
    return row, column


@pytest.mark.parametrize("vector", [P, (0.3 + 0.1j, -1j, 0.5 + 0j, 2.0 - 1j)])
def test_slash_acts_as_the_matrix(spinors: tuple[Spinor, Spinor], vector: Vector) -> None:
    row, column = spinors
    np.testing.assert_allclose(dirac.slash_times_column(vector, column), slash(vector) @ column, atol=1e-14)
    np.testing.assert_allclose(dirac.row_times_slash(row, vector), row @ slash(vector), atol=1e-14)


def test_current_is_the_matrix_element_of_gamma(spinors: tuple[Spinor, Spinor]) -> None:
    row, column = spinors
    expected = np.einsum("a,mab,b->m", row, GAMMA, column)
    np.testing.assert_allclose(dirac.current(row, column), expected, atol=1e-14)


def test_massless_spinors_are_regular_along_both_axes() -> None:
    for pz in (1.0, -1.0):
        column = dirac.particle_column((1.0, 0.0, 0.0, pz), 0.0, 0)
        assert np.all(np.isfinite(column))


def test_compiled_and_plain_spinors_are_equal() -> None:
    plain = dirac._root_spinor.py_func(P, MASS, 1, -1.0)  # type: ignore[attr-defined]  # numba's
    np.testing.assert_allclose(dirac.antiparticle_column(P, MASS, 1), plain, rtol=1e-15)
