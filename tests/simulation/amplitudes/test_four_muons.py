from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.constants import MUON_MASS
from darkbelle.simulation.amplitudes.four_muons import four_muon_square
from darkbelle.simulation.four_lepton_phase_space import FourLeptonPoints, four_lepton_points
from darkbelle.vectors import Column, FourVector

S = 10.58**2
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
# Dirac's representation here, the chiral one in the code
GAMMA = np.array([np.kron(np.diag([1, -1]), np.eye(2)), *(np.kron([[0, 1], [-1, 0]], s) for s in PAULI)])
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
LOWER = np.einsum("mn,nij->mij", METRIC, GAMMA)

Matrix = NDArray[np.complex128]


@pytest.fixture(scope="module")
def points() -> FourLeptonPoints:
    return four_lepton_points(np.full(6, S), np.random.default_rng(12))


def square(points: FourLeptonPoints) -> Column:
    return four_muon_square(
        (points.lepton, points.other_lepton), (points.antilepton, points.other_antilepton)
    )


def slash(vector: Column) -> Matrix:
    return np.tensordot(METRIC @ vector, GAMMA, axes=1)


def squared(vector: Column) -> float:
    return float(vector @ METRIC @ vector)


def radiating(p: Column, q: Column, k: Column) -> Matrix:
    """γ^α S γ^μ + γ^μ S γ^α of the muon line, indices μ, α, row, column."""
    one = MUON_MASS * np.eye(4)
    first = (slash(p + k) + one) / (squared(p + k) - MUON_MASS**2)
    second = (one - slash(q + k)) / (squared(q + k) - MUON_MASS**2)
    line = np.einsum("aij,jk,mkl->mail", GAMMA, first, GAMMA)
    return np.asarray(line + np.einsum("mij,jk,akl->mail", GAMMA, second, GAMMA))


def paired(a: Column, c: Column, b: Column, d: Column) -> Matrix:
    """All diagrams with pairs (a, c) and (b, d), spinor indices open: v̄ u, ū_a v_c, ū_b v_d."""
    q_a, q_b = a + c, b + d
    electron = np.array([1.0, 0.0, 0.0, 1.0]) * np.sqrt(S) / 2
    out = np.einsum("mxy,mnij,nkl->xyijkl", LOWER, radiating(a, c, q_b), LOWER) / (S * squared(q_b))
    out = out + np.einsum("mxy,mnkl,nij->xyijkl", LOWER, radiating(b, d, q_a), LOWER) / (S * squared(q_a))
    first = electron - q_a
    second = electron - q_b
    line = np.einsum("nxz,zw,mwy->mnxy", GAMMA, slash(first) / squared(first), GAMMA)
    line = line + np.einsum("mxz,zw,nwy->mnxy", GAMMA, slash(second) / squared(second), GAMMA)
    both = np.einsum("mnxy,mij,nkl->xyijkl", line, LOWER, LOWER) / (squared(q_a) * squared(q_b))
    return np.asarray(out + both)


def spin_sum(a: Column, c: Column, b: Column, d: Column) -> float:
    """Σ|M|² by projectors on all six open spinor indices."""
    exchanged = paired(a, d, b, c)  # indices: ū_a v_d, ū_b v_c
    amplitude = paired(a, c, b, d) - np.einsum("xyilkj->xyijkl", exchanged)
    half = np.sqrt(S) / 2
    electron, positron = (slash(np.array([1.0, 0.0, 0.0, sign]) * half) for sign in (1.0, -1.0))
    one = MUON_MASS * np.eye(4)
    projected = amplitude
    for axis, projector in enumerate(
        (positron.T, electron, (slash(a) + one).T, slash(c) - one, (slash(b) + one).T, slash(d) - one)
    ):
        projected = np.moveaxis(np.tensordot(projected, projector, axes=(axis, 0)), -1, axis)
    adjoint = amplitude
    for axis in range(6):  # γ⁰ M* γ⁰ on each index
        adjoint = np.moveaxis(np.tensordot(adjoint, GAMMA[0].conj(), axes=(axis, 0)), -1, axis)
    return float(np.sum(projected * adjoint.conj()).real)


def test_square_is_the_spin_sum_by_projectors(points: FourLeptonPoints) -> None:
    muon, antimuon, other_muon, other_antimuon = (np.array([v.energy, v.px, v.py, v.pz]) for v in points[:4])
    expected = [
        spin_sum(muon[:, i], antimuon[:, i], other_muon[:, i], other_antimuon[:, i]) for i in range(6)
    ]
    np.testing.assert_allclose(square(points), expected, rtol=1e-7)


def test_identical_muons_may_be_exchanged(points: FourLeptonPoints) -> None:
    swapped = points._replace(lepton=points.other_lepton, other_lepton=points.lepton)
    np.testing.assert_allclose(square(swapped), square(points), rtol=1e-10)


def test_charge_conjugation_with_parity_is_a_symmetry(points: FourLeptonPoints) -> None:
    def mirrored(vector: FourVector) -> FourVector:
        return FourVector(-vector.px, -vector.py, -vector.pz, vector.energy)

    muon, antimuon, other_muon, other_antimuon = (mirrored(vector) for vector in points[:4])
    conjugated = FourLeptonPoints(antimuon, muon, other_antimuon, other_muon, points.volume)
    np.testing.assert_allclose(square(conjugated), square(points), rtol=1e-9)


def test_rotation_about_the_beams_is_a_symmetry(points: FourLeptonPoints) -> None:
    cosine, sine = np.cos(0.7), np.sin(0.7)

    def turned(vector: FourVector) -> FourVector:
        px, py = cosine * vector.px - sine * vector.py, sine * vector.px + cosine * vector.py
        return FourVector(px, py, vector.pz, vector.energy)

    muon, antimuon, other_muon, other_antimuon = (turned(vector) for vector in points[:4])
    rotated = FourLeptonPoints(muon, antimuon, other_muon, other_antimuon, points.volume)
    np.testing.assert_allclose(square(rotated), square(points), rtol=1e-9)
