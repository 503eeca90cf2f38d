from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkbelle.constants import MUON_MASS
from darkbelle.kernels.boosts import boost_from_rest_frame
from darkbelle.simulation.amplitudes import dirac
from darkbelle.simulation.amplitudes.dirac import Momentum
from darkbelle.simulation.amplitudes.zprime import current_squares, emission_current
from darkbelle.simulation.phase_space import dalitz_from_unit_square, rotated_randomly, three_body_momenta
from darkbelle.vectors import Column, FourVector

S = 10.58**2

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
# Dirac's representation here, the chiral one in the code
GAMMA = np.array([np.kron(np.diag([1, -1]), np.eye(2)), *(np.kron([[0, 1], [-1, 0]], s) for s in PAULI)])
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])

Momenta = tuple[FourVector, FourVector, FourVector]


def momenta(mass: float, size: int = 6, muon_mass: float = MUON_MASS) -> Momenta:
    rng = np.random.default_rng(3)
    u, v = rng.random((2, size))
    flat = three_body_momenta(dalitz_from_unit_square(u, v, S, mass, muon_mass), S, mass, muon_mass)
    muon, antimuon, zprime = (FourVector(*vector) for vector in rotated_randomly(np.array(flat), rng))
    return muon, antimuon, zprime


def trace(p: Column, q: Column, k: Column, mass: float) -> float:
    """−Σ H·H* as a trace of 4×4 matrices, polarisations summed as −g + kk/M²."""

    def slash(vector: Column) -> NDArray[np.complex128]:
        return np.tensordot(METRIC @ vector, GAMMA, axes=1)

    one = MUON_MASS * np.eye(4)
    first = (slash(p + k) + one) / ((p + k) @ METRIC @ (p + k) - MUON_MASS**2)
    second = (-slash(q + k) + one) / ((q + k) @ METRIC @ (q + k) - MUON_MASS**2)
    vertex = np.einsum("aij,jk,mkl->amil", GAMMA, first, GAMMA)
    vertex = vertex + np.einsum("mij,jk,akl->amil", GAMMA, second, GAMMA)
    conjugate = np.einsum("ij,amkj,kl->amil", GAMMA[0], vertex.conj(), GAMMA[0])
    polarisations = -METRIC + np.outer(METRIC @ k, METRIC @ k) / mass**2
    return float(
        np.einsum(
            "ij,amjk,kl,bnli,ab,mn->",
            slash(p) + one,
            vertex,
            slash(q) - one,
            conjugate,
            polarisations,
            -METRIC,
            optimize=True,
        ).real
    )


@pytest.mark.parametrize("mass", [0.05, 1.0, 8.0])
def test_total_is_the_trace_of_dirac_matrices(mass: float) -> None:
    particles = momenta(mass)
    p, q, k = (np.array([v.energy, v.px, v.py, v.pz]) for v in particles)
    expected = [trace(p[:, i], q[:, i], k[:, i], mass) for i in range(p.shape[1])]
    np.testing.assert_allclose(current_squares(*particles, mass).total, expected, rtol=1e-8)


@pytest.mark.parametrize("mass", [0.01, 0.5, 2.0, 8.0])
def test_massless_muons_give_the_closed_formula(mass: float) -> None:
    light = 1e-6
    particles = momenta(mass, muon_mass=light)
    x1, x2 = (2.0 * vector.energy / np.sqrt(S) for vector in particles[:2])
    e = mass**2 / S
    # stack-notes.md section 4; the current's square is 8 times the braces
    braces = ((x1 + e) ** 2 + (x2 + e) ** 2) / ((1 - x1) * (1 - x2))
    braces -= e * (1 / (1 - x1) ** 2 + 1 / (1 - x2) ** 2)
    np.testing.assert_allclose(current_squares(*particles, mass, light).total, 8.0 * braces, rtol=1e-6)


def first_event(vector: FourVector) -> Momentum:
    return float(vector.energy[0]), float(vector.px[0]), float(vector.py[0]), float(vector.pz[0])


def test_momentum_in_place_of_polarisation_gives_nothing() -> None:
    p, q, k = (first_event(vector) for vector in momenta(1.0))
    row, column = dirac.particle_row(p, MUON_MASS, 0), dirac.antiparticle_column(q, MUON_MASS, 1)
    gauge = emission_current(row, p, column, q, k, k, MUON_MASS)
    real = emission_current(row, p, column, q, k, (0.0, 0.0, 1.0, 0.0), MUON_MASS)
    assert np.max(np.abs(gauge)) < 1e-12 * np.max(np.abs(real)) * max(k)


def test_current_is_conserved() -> None:
    p, q, k = (first_event(vector) for vector in momenta(1.0))
    row, column = dirac.particle_row(p, MUON_MASS, 1), dirac.antiparticle_column(q, MUON_MASS, 1)
    h = emission_current(row, p, column, q, k, (0.0, 1.0, 0.0, 0.0), MUON_MASS)
    total = dirac.add(dirac.add(p, q), k)
    assert abs(dirac.dot(h, total)) < 1e-12 * np.max(np.abs(h)) * S


@given(
    beta=st.floats(0.0, 0.99),
    cosine=st.floats(-1.0, 1.0),
    phi=st.floats(0.0, 6.28),
    mass=st.floats(0.01, 9.0),
)
@settings(max_examples=30, deadline=None)
def test_total_is_invariant_under_boosts(beta: float, cosine: float, phi: float, mass: float) -> None:
    particles = momenta(mass)
    sine = np.sqrt(1.0 - cosine**2)
    frame = FourVector.single(beta * sine * np.cos(phi), beta * sine * np.sin(phi), beta * cosine, 1.0)
    muon, antimuon, zprime = (boost_from_rest_frame(vector, frame) for vector in particles)
    boosted = current_squares(muon, antimuon, zprime, mass).total
    np.testing.assert_allclose(boosted, current_squares(*particles, mass).total, rtol=1e-6)


def test_transverse_part_averages_to_two_thirds() -> None:
    # over all orientations each axis has its third
    rng = np.random.default_rng(8)
    repeated = np.repeat(np.array(momenta(1.0, size=1)), 20_000, axis=2)
    muon, antimuon, zprime = (FourVector(*vector) for vector in rotated_randomly(repeated, rng))
    squares = current_squares(muon, antimuon, zprime, 1.0)
    ratio = squares.transverse / squares.total
    assert np.all(ratio <= 1.0 + 1e-12)
    assert np.mean(ratio) == pytest.approx(2.0 / 3.0, abs=5 * np.std(ratio) / np.sqrt(ratio.size))


def test_zprime_at_rest_is_no_special_case() -> None:
    mass = 1.0
    energy = (np.sqrt(S) - mass) / 2.0
    p = np.sqrt(energy**2 - MUON_MASS**2)
    muon, antimuon = (FourVector.single(0.0, sign * p, 0.0, energy) for sign in (1, -1))
    at_rest = current_squares(muon, antimuon, FourVector.single(0.0, 0.0, 0.0, mass), mass)
    p_muon, p_antimuon = (np.array([energy, 0.0, sign * p, 0.0]) for sign in (1, -1))
    expected = trace(p_muon, p_antimuon, np.array([mass, 0.0, 0.0, 0.0]), mass)
    assert at_rest.total[0] == pytest.approx(expected, rel=1e-10)
