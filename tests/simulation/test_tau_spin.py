from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkbelle.simulation.directions import rotation_between, unit
from darkbelle.simulation.tau_decays import decay_taus
from darkbelle.simulation.tau_spin import align_spins, pair_axes, spin_correlation
from darkbelle.vectors import FourVector

Matrix = NDArray[np.complex128]

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
NIL, ONE = np.zeros((2, 2)), np.eye(2)
GAMMA = [np.block([[ONE, NIL], [NIL, -ONE]]), *(np.block([[NIL, s], [-s, NIL]]) for s in PAULI)]
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def _slash(p: NDArray[np.float64]) -> Matrix:
    lowered = METRIC @ p
    return np.asarray(sum(lowered[i] * GAMMA[i] for i in range(4)), dtype=np.complex128)


def _spin_vector(spin: NDArray[np.float64], p: float, gamma: float) -> NDArray[np.float64]:
    """Boost (0, spin) along z to momentum p in units of the mass."""
    return np.array([p * spin[2], spin[0], spin[1], gamma * spin[2]])


def _rate(cosine: float, gamma: float, spins: tuple[NDArray[np.float64], NDArray[np.float64]]) -> float:
    """Traces of Dirac matrices for e−e+ → γ* → τ−τ+ with mass 1, massless beams, given spins."""
    p = np.sqrt(gamma**2 - 1.0)
    minus, plus = np.array([gamma, 0, 0, p]), np.array([gamma, 0, 0, -p])
    sine = np.sqrt(1.0 - cosine**2)
    electron = gamma * np.array([1.0, sine, 0.0, cosine])
    positron = gamma * np.array([1.0, -sine, 0.0, -cosine])
    project = [
        (np.eye(4) + GAMMA5 @ _slash(_spin_vector(spin, sign * p, gamma))) / 2.0
        for spin, sign in zip(spins, (1.0, -1.0), strict=True)
    ]
    u = (_slash(minus) + np.eye(4)) @ project[0]
    v = (_slash(plus) - np.eye(4)) @ project[1]
    total = 0.0 + 0.0j
    for i in range(4):
        for j in range(4):
            leptons = np.trace(_slash(positron) @ GAMMA[i] @ _slash(electron) @ GAMMA[j])
            taus = np.trace(u @ GAMMA[i] @ v @ GAMMA[j])
            total += METRIC[i, i] * METRIC[j, j] * leptons * taus
    return float(total.real)


@settings(deadline=None, max_examples=20)
@given(cosine=st.floats(-0.99, 0.99), gamma=st.floats(1.01, 8.0))
def test_correlation_is_that_of_dirac_traces(cosine: float, gamma: float) -> None:
    found = spin_correlation(np.array([cosine]), np.array([gamma]))[0]
    nil = np.zeros(3)
    axes = np.eye(3)
    # the spin enters linearly: unpolarised is the mean of both signs
    unpolarised = _rate(cosine, gamma, (nil, nil))
    for i in range(3):
        for j in range(3):
            same = _rate(cosine, gamma, (axes[i], axes[j])) + _rate(cosine, gamma, (-axes[i], -axes[j]))
            opposite = _rate(cosine, gamma, (axes[i], -axes[j])) + _rate(cosine, gamma, (-axes[i], axes[j]))
            assert (same - opposite) / 4.0 / unpolarised == pytest.approx(found[i, j], abs=1e-9)


def test_polarimeter_of_a_single_pion_is_its_direction() -> None:
    for pdg, sign in ((15, 1.0), (-15, -1.0)):
        decays = decay_taus(pdg, np.full(50, "pi"), np.random.default_rng(1))
        slot = np.argmax(np.abs(decays.pdg) == 211, axis=1)
        row = np.arange(50)
        pion = np.stack([column[row, slot] for column in decays.momenta[:3]], axis=1)
        np.testing.assert_allclose(decays.polarimeter, sign * unit(pion), atol=1e-6)


def test_aligned_decays_have_the_correlation_asked_for() -> None:
    size = 40_000
    rng = np.random.default_rng(2)
    matrix = spin_correlation(np.array([0.4]), np.array([2.5]))[0]
    minus = decay_taus(15, np.full(size, "pi"), rng)
    plus = decay_taus(-15, np.full(size, "pi"), rng)
    aligned = align_spins(minus, plus, np.broadcast_to(matrix, (size, 3, 3)), rng)
    # density 1 + R_ij h_i h'_j on two spheres: the mean of h_i h'_j is R_ij/9, its error 1/(3 √n)
    found = minus.polarimeter.T @ aligned.polarimeter / size
    np.testing.assert_allclose(found, matrix / 9.0, atol=4.0 / (3.0 * np.sqrt(size)))
    np.testing.assert_allclose(aligned.polarimeter.mean(axis=0), 0.0, atol=4.0 / np.sqrt(3.0 * size))
    # decays turn as a whole
    slot = np.argmax(aligned.pdg == 211, axis=1)
    pion = np.stack([c[np.arange(size), slot] for c in aligned.momenta[:3]], axis=1)
    np.testing.assert_allclose(unit(pion), -aligned.polarimeter, atol=1e-6)


def test_axes_without_radiation_are_those_of_the_beams() -> None:
    minus = FourVector.single(3.0, 0.0, 4.0, 5.5)
    plus = FourVector.single(-3.0, 0.0, -4.0, 5.5)
    axes, cosine = pair_axes(minus, plus)
    assert cosine[0] == pytest.approx(0.8)
    np.testing.assert_allclose(axes[0], [[-0.8, 0.0, 0.6], [0.0, -1.0, 0.0], [0.6, 0.0, 0.8]], atol=1e-12)


def test_rotations_take_one_direction_to_the_other() -> None:
    rng = np.random.default_rng(3)
    start, end = unit(rng.normal(size=(100, 3))), unit(rng.normal(size=(100, 3)))
    rotation = rotation_between(start, end)
    np.testing.assert_allclose(np.einsum("nij,nj->ni", rotation, start), end, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
