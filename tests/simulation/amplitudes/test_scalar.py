from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS
from darkbelle.simulation.amplitudes.scalar import scalar_squares
from darkbelle.simulation.muon_emission import BosonKind, MuonEmission
from darkbelle.simulation.phase_space import dalitz_from_unit_square, rotated_randomly, three_body_momenta
from darkbelle.vectors import Column, FourVector

Matrix = NDArray[np.complex128]

S = NOMINAL.sqrt_s**2
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
GAMMA = np.array(
    [np.kron([[0, 1], [1, 0]], np.eye(2)), *(np.kron([[0, 1], [-1, 0]], sigma) for sigma in PAULI)]
)
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]


def particles(mass: float, size: int = 5) -> tuple[FourVector, FourVector, FourVector]:
    rng = np.random.default_rng(4)
    dalitz = dalitz_from_unit_square(rng.random(size), rng.random(size), S, mass, MUON_MASS)
    turned = rotated_randomly(np.array(three_body_momenta(dalitz, S, mass, MUON_MASS)), rng)
    muon, antimuon, scalar = (FourVector(*vector) for vector in turned)
    return muon, antimuon, scalar


def slash(vector: Column) -> Matrix:
    matrix: Matrix = np.einsum("m,mij->ij", METRIC @ vector, GAMMA)
    return matrix


def trace_tensor(p: Column, q: Column, k: Column, vertex: Matrix) -> Matrix:
    """Return Σ H^μ H^ν* by traces of Dirac matrices, independent of spinors and of any representation."""
    unit = np.eye(4)
    first = (slash(p + k) + MUON_MASS * unit) / (2.0 * p @ METRIC @ k + k @ METRIC @ k)
    second = (-slash(q + k) + MUON_MASS * unit) / (2.0 * q @ METRIC @ k + k @ METRIC @ k)
    lines = np.array([vertex @ first @ gamma + gamma @ second @ vertex for gamma in GAMMA])
    adjoint = np.array([GAMMA[0] @ line.conj().T @ GAMMA[0] for line in lines])
    tensor: Matrix = np.einsum(
        "ij,mjk,kl,nli->mn",
        slash(p) + MUON_MASS * unit,
        lines,
        slash(q) - MUON_MASS * unit,
        adjoint,
    )
    return tensor


@pytest.mark.parametrize("pseudoscalar", [False, True])
@pytest.mark.parametrize("mass", [0.1, 3.6, 9.0])
def test_squares_are_the_traces_of_dirac_matrices(mass: float, pseudoscalar: bool) -> None:
    vectors = particles(mass)
    found = scalar_squares(*vectors, pseudoscalar=pseudoscalar)
    vertex = 1j * GAMMA5 if pseudoscalar else np.eye(4, dtype=np.complex128)
    for i in range(5):
        p, q, k = (np.array([v.energy[i], v.px[i], v.py[i], v.pz[i]]) for v in vectors)
        tensor = trace_tensor(p, q, k, vertex)
        total = -np.einsum("mn,mn->", METRIC, tensor).real
        assert found.total[i] == pytest.approx(total, rel=1e-7)
        assert found.transverse[i] == pytest.approx((tensor[1, 1] + tensor[2, 2]).real, rel=1e-7)
        # the current is conserved
        whole = METRIC @ (p + q + k)
        assert abs(whole @ tensor @ whole) < 1e-6 * total * S


@pytest.mark.parametrize("kind", ["scalar", "pseudoscalar"])
def test_rate_grows_with_the_logarithm_that_the_splitting_function_gives(kind: BosonKind) -> None:
    # l → l φ with the share x of the energy: dP = y²/(16π²) x dx d ln k², from both leptons; the rate over
    # that of muon pairs is y²/(64π²) times the integral, so each unit of ln(1/M²) adds 4
    light = 1e-6
    low, high = (MuonEmission(mass, NOMINAL.sqrt_s, light, kind).integrated(S, 160) for mass in (1e-3, 1e-2))
    slope = (low - high) / math.log(100.0)
    assert slope == pytest.approx(4.0, rel=0.002)


def test_scalar_and_pseudoscalar_agree_where_masses_do_not_matter() -> None:
    rates = [
        MuonEmission(2.0, NOMINAL.sqrt_s, 1e-5, kind).integrated(S) for kind in ("scalar", "pseudoscalar")
    ]
    assert rates[0] == pytest.approx(rates[1], rel=1e-6)
