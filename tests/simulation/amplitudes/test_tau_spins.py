"""Correlations of τ spins from amplitudes, against the closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from darkbelle.constants import MUON_MASS, TAU_MASS
from darkbelle.kernels import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.simulation.amplitudes.dirac import antiparticle_column, current, particle_row
from darkbelle.simulation.amplitudes.muon_tau_pairs import muon_tau_square
from darkbelle.simulation.amplitudes.spin_density import add_correlation
from darkbelle.simulation.amplitudes.tau_resonance import scalar_decay_correlation, vector_decays
from darkbelle.simulation.four_lepton_phase_space import four_lepton_points
from darkbelle.simulation.light_hadrons import isotropic
from darkbelle.simulation.muon_boson import MuonBoson
from darkbelle.simulation.tau_spin import spin_correlation
from darkbelle.vectors import Column, FourVector


def _pairs(direction: Column, momentum: float) -> tuple[FourVector, FourVector]:
    px, py, pz = momentum * direction
    minus = FourVector.with_mass(px, py, pz, TAU_MASS)
    return minus, FourVector.with_mass(-px, -py, -pz, TAU_MASS)


@pytest.mark.parametrize("theta", [0.0, 0.4, 1.3, 2.5])
@pytest.mark.parametrize("momentum", [0.3, 4.98])
def test_annihilation_gives_the_matrix_of_tsai(theta: float, momentum: float) -> None:
    direction = np.array([-np.sin(theta), 0.0, np.cos(theta)])
    p = (float(np.hypot(momentum, TAU_MASS)), *(momentum * direction).tolist())
    q = (p[0], -p[1], -p[2], -p[3])
    found, total = np.zeros((3, 3)), 0.0
    currents = [
        current(particle_row(p, TAU_MASS, spins >> 1), antiparticle_column(q, TAU_MASS, spins & 1))
        for spins in range(4)
    ]
    for across in (1, 2):  # unpolarised beams along z excite x and y alike
        a, b, c, d = (j[across] for j in currents)
        total += add_correlation(a, b, c, d, found)
    # helicity axes: z along the τ−, x in the plane of the beam, on its side
    z = direction
    x = np.array([np.cos(theta), 0.0, np.sin(theta)])
    axes = np.stack([x, np.cross(z, x), z])
    gamma = np.array([p[0] / TAU_MASS])
    expected = spin_correlation(np.array([np.cos(theta)]), gamma)[0]
    np.testing.assert_allclose(axes @ (found / total) @ axes.T, expected, atol=1e-12)


@pytest.mark.parametrize(("pseudoscalar", "transverse"), [(False, 1.0), (True, -1.0)])
def test_scalars_differ_in_the_sign_of_transverse_correlations(pseudoscalar: bool, transverse: float) -> None:
    direction = np.array(isotropic(np.ones(20), np.random.default_rng(1)))
    found = scalar_decay_correlation(*_pairs(direction, 1.3), pseudoscalar=pseudoscalar)
    along = np.einsum("in,jn->nij", direction, direction)
    np.testing.assert_allclose(found, transverse * (np.eye(3) - along) - along, atol=1e-12)


def test_spins_of_a_vector_are_a_triplet_and_its_mean_decay_that_of_no_polarisation() -> None:
    # spins refer to boosts from the γ* frame, where a triplet stays one only for a vector at rest
    mass, size = 5.0, 4000
    energy = (10.58 - mass) / 2.0
    momentum = np.sqrt(energy**2 - MUON_MASS**2)
    muon = FourVector.single(0.6 * momentum, 0.0, 0.8 * momentum, energy)
    antimuon = FourVector.single(-0.6 * momentum, 0.0, -0.8 * momentum, energy)
    muons = [FourVector(*(np.repeat(column, size) for column in vector)) for vector in (muon, antimuon)]
    direction = np.array(isotropic(np.ones(size), np.random.default_rng(2)))
    p = np.sqrt(mass**2 / 4.0 - TAU_MASS**2)
    decays = vector_decays(muons[0], muons[1], *_pairs(direction, p), mass)
    np.testing.assert_allclose(np.trace(decays.correlation, axis1=1, axis2=2), 1.0, atol=1e-10)
    assert decays.share.max() <= 1.0 + 1e-12
    expected = 1.0 - 4.0 * p**2 / (3.0 * mass**2)  # mean of 1 − (p·ε)²/E²
    spread = decays.share.std() / np.sqrt(size)
    assert decays.share.mean() == pytest.approx(expected, abs=4.0 * spread)


def test_the_mean_over_directions_holds_for_produced_vectors_too() -> None:
    production = MuonBoson("vector", 4.0, 1.0, radiation=False)
    events = production.sample(4000, np.random.default_rng(3))
    direction = np.array(isotropic(np.ones(4000), np.random.default_rng(4)))
    p = np.sqrt(4.0 - TAU_MASS**2)
    minus, plus = (boost_from_rest_frame(tau, events.boson) for tau in _pairs(direction, p))
    share = vector_decays(events.muon, events.antimuon, minus, plus, 4.0).share
    assert share.mean() == pytest.approx(1.0 - p**2 / 12.0, abs=4.0 * share.std() / np.sqrt(4000))


def test_amplitude_of_two_pairs_has_the_symmetries_of_qed() -> None:
    points = four_lepton_points(np.full(8, 110.0), np.random.default_rng(5), (MUON_MASS, TAU_MASS))
    whole = muon_tau_square(*points[:4])
    # charge conjugation exchanges the beams too: a half turn about x puts them back
    turn = np.array([1.0, -1.0, -1.0])
    conjugated = muon_tau_square(
        *(FourVector(v.px, -v.py, -v.pz, v.energy) for v in (points[1], points[0], points[3], points[2]))
    )
    mirrored = muon_tau_square(
        *(FourVector(-v.px, -v.py, -v.pz, v.energy) for v in (points[1], points[0], points[3], points[2]))
    )
    np.testing.assert_allclose(mirrored.squared, whole.squared, rtol=1e-9)
    np.testing.assert_allclose(conjugated.squared, whole.squared, rtol=1e-9)
    exchanged = np.transpose(whole.correlation, (0, 2, 1))
    np.testing.assert_allclose(mirrored.correlation, exchanged, atol=1e-8)
    np.testing.assert_allclose(conjugated.correlation, turn[:, None] * exchanged * turn, atol=1e-8)
    assert np.linalg.norm(whole.correlation, ord=2, axis=(1, 2)).max() <= 1.0 + 1e-9


def test_taus_from_one_photon_at_low_mass_are_a_triplet() -> None:
    points = four_lepton_points(np.full(4000, 110.0), np.random.default_rng(6), (MUON_MASS, TAU_MASS))
    pair = points[2].plus(points[3])
    slow = np.flatnonzero(
        (np.sqrt(pair.mass_squared()) < 4.0)
        & (boost_to_rest_frame(FourVector.single(0.0, 0.0, 0.0, 1.0), pair).energy < 1.1)
    )
    assert len(slow) > 10
    vectors = (FourVector(*(column[slow] for column in vector)) for vector in points[:4])
    trace = np.trace(muon_tau_square(*vectors).correlation, axis1=1, axis2=2)
    assert trace.mean() == pytest.approx(1.0, abs=0.1)
