"""Pseudomass and pseudo-rest frame: what the kinematics of a τ decay promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS, TAU_MASS
from darkbelle.kernels import boost_from_rest_frame, boost_to_rest_frame, pseudomass, scaled_lepton_energy
from darkbelle.vectors import Column, FourVector


def directions(size: int, rng: np.random.Generator) -> Column:
    drawn = rng.normal(size=(size, 3))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1)[:, None])


def taus(size: int, rng: np.random.Generator) -> FourVector:
    """Return τ of half the CM energy, in the CM."""
    px, py, pz = directions(size, rng).T * np.sqrt(NOMINAL.sqrt_s**2 / 4 - TAU_MASS**2)
    return FourVector.with_mass(px, py, pz, TAU_MASS)


def two_body(mass: float, invisible: float, directions_: Column) -> FourVector:
    """Return a product of τ decay against one of another mass, in the τ rest frame."""
    energy = (TAU_MASS**2 + mass**2 - invisible**2) / (2 * TAU_MASS)
    px, py, pz = np.sqrt(energy**2 - mass**2) * directions_.T
    return FourVector(px, py, pz, np.full(len(px), energy))


def in_lab(at_rest: FourVector, tau: FourVector) -> FourVector:
    return boost_from_rest_frame(boost_from_rest_frame(at_rest, tau), NOMINAL.four_vector)


def test_the_pseudomass_never_exceeds_the_tau_mass_and_reaches_it(rng: np.random.Generator) -> None:
    tau = taus(2000, rng)
    visible = in_lab(two_body(1.2, 0.0, directions(2000, rng)), tau)
    found = pseudomass(visible, NOMINAL.four_vector)
    assert found.undefined == 0
    assert found.mass.max() <= TAU_MASS + 1e-9
    # forward and backward decays have their neutrino along the visible part or against it
    axis = np.stack(tau[:3], axis=1) / np.linalg.norm(np.stack(tau[:3]), axis=0)[:, None]
    backward = in_lab(two_body(1.2, 0.0, -axis), tau)
    assert_allclose(pseudomass(backward, NOMINAL.four_vector).mass, TAU_MASS, rtol=1e-9)


def test_the_pseudomass_is_its_formula(rng: np.random.Generator) -> None:
    px, py, pz = rng.normal(0, 1, (3, 50))
    visible = FourVector.with_mass(px, py, pz, 1.1)
    in_cm = boost_to_rest_frame(visible, NOMINAL.four_vector)
    momentum = np.sqrt(in_cm.px**2 + in_cm.py**2 + in_cm.pz**2)
    squared = 1.1**2 + 2 * (NOMINAL.sqrt_s / 2 - in_cm.energy) * (in_cm.energy - momentum)
    found = pseudomass(visible, NOMINAL.four_vector)
    assert_allclose(found.squared, squared, rtol=1e-9)
    assert_allclose(found.mass**2, squared, rtol=1e-9)


def test_negative_radicands_are_nan_and_counted() -> None:
    # more energetic than both beams, or space-like: nothing that a τ gives, but mismeasured tracks may
    px = np.array([0.0, 3.0, np.nan, 0.5])
    visible = FourVector(px, np.zeros(4), np.zeros(4), np.array([11.0, 2.9, 1.0, 1.5]))
    found = pseudomass(visible, FourVector.single(0.0, 0.0, 0.0, 10.0))
    assert np.isnan(found.mass).tolist() == [True, True, True, False]
    assert found.undefined == 3
    assert found.squared[0] < 0


@pytest.mark.parametrize("invisible", [0.0, 0.5, 1.6])
def test_a_two_body_decay_is_a_line_in_the_true_frame(rng: np.random.Generator, invisible: float) -> None:
    tau = taus(500, rng)
    lepton = in_lab(two_body(MUON_MASS, invisible, directions(500, rng)), tau)
    other = FourVector(-tau.px, -tau.py, -tau.pz, tau.energy)
    tag = boost_from_rest_frame(other, NOMINAL.four_vector)  # the whole τ: its direction is exact
    line = (TAU_MASS**2 + MUON_MASS**2 - invisible**2) / TAU_MASS**2
    assert_allclose(scaled_lepton_energy(lepton, tag, NOMINAL.four_vector), line, rtol=1e-9)


component = st.floats(-3, 3, allow_nan=False)


@settings(deadline=None)
@given(st.tuples(component, component, component), st.floats(0.2, 5.0))
def test_the_tag_tells_a_direction_only(momentum: tuple[float, float, float], scale: float) -> None:
    beam = FourVector.single(0.0, 0.0, 0.0, 10.58)
    px, py, pz = np.array(momentum).reshape(3, 1)
    lepton = FourVector.with_mass(px, py, pz, 0.1)
    tag = FourVector.with_mass(np.array([1.0]), np.array([0.5]), np.array([2.0]), 1.0)
    scaled = FourVector(*(column * scale for column in tag))
    assert_allclose(
        scaled_lepton_energy(lepton, tag, beam), scaled_lepton_energy(lepton, scaled, beam), rtol=1e-9
    )


def test_without_a_direction_there_is_no_frame() -> None:
    beam = FourVector.single(0.0, 0.0, 0.0, 10.58)
    at_rest = FourVector.single(0.0, 0.0, 0.0, 1.0)
    assert np.isnan(scaled_lepton_energy(FourVector.single(1.0, 0.0, 0.0, 1.0), at_rest, beam)).all()
