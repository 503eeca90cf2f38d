"""What must not change under a rotation or a boost does not."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from darkbelle import kernels
from darkbelle.beams import NOMINAL
from darkbelle.vectors import FourVector


def four_vectors(mass: float = 0.1056583755) -> st.SearchStrategy[FourVector]:
    """Return a strategy for single four-vectors on their mass shell, up to 6 GeV a component."""
    component = st.floats(-6, 6, allow_nan=False)

    def build(momentum: tuple[float, float, float]) -> FourVector:
        px, py, pz = np.array(momentum).reshape(3, 1)
        return FourVector.with_mass(px, py, pz, mass)

    return st.tuples(component, component, component).map(build)


angles = st.floats(0, 2 * np.pi)
rotations = st.tuples(angles, angles, angles).map(lambda a: Rotation.from_euler("zyz", a))
heavy = four_vectors(mass=3.0)


def rotated(v: FourVector, rotation: Rotation) -> FourVector:
    px, py, pz = rotation.apply(np.column_stack(v[:3])).T
    return FourVector(px.copy(), py.copy(), pz.copy(), v.energy)


@settings(deadline=None)
@given(four_vectors(), heavy, rotations)
def test_recoil_mass_is_invariant(muon: FourVector, frame: FourVector, rotation: Rotation) -> None:
    beam = NOMINAL.four_vector
    before = kernels.recoil_mass_squared(muon, beam)
    turned = kernels.recoil_mass_squared(rotated(muon, rotation), rotated(beam, rotation))
    moved = kernels.recoil_mass_squared(
        kernels.boost_to_rest_frame(muon, frame), kernels.boost_to_rest_frame(beam, frame)
    )
    np.testing.assert_allclose(turned, before, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(moved, before, rtol=1e-9, atol=1e-9)


@settings(deadline=None)
@given(four_vectors(), heavy)
def test_there_and_back_again(muon: FourVector, frame: FourVector) -> None:
    there = kernels.boost_to_rest_frame(muon, frame)
    back = kernels.boost_from_rest_frame(there, frame)
    np.testing.assert_allclose(np.asarray(back), np.asarray(muon), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(there.mass_squared(), muon.mass_squared(), atol=1e-9)


@settings(deadline=None)
@given(heavy)
def test_a_system_rests_in_its_own_frame(frame: FourVector) -> None:
    rest = kernels.boost_to_rest_frame(frame, frame)
    np.testing.assert_allclose(np.asarray(rest).ravel(), [0, 0, 0, 3.0], atol=1e-11)


@settings(deadline=None)
@given(four_vectors(), four_vectors(), rotations)
def test_angles_do_not_turn(a: FourVector, b: FourVector, rotation: Rotation) -> None:
    assume(all(np.hypot(np.hypot(v.px, v.py), v.pz)[0] > 1e-3 for v in (a, b)))
    before = kernels.opening_angle(a, b)
    after = kernels.opening_angle(rotated(a, rotation), rotated(b, rotation))
    np.testing.assert_allclose(after, before, atol=1e-9)
    np.testing.assert_allclose(kernels.opening_angle(b, a), before, atol=1e-14)


@settings(deadline=None)
@given(four_vectors())
def test_recoil_and_its_source_are_back_to_back_in_the_cm(muon: FourVector) -> None:
    beam = NOMINAL.four_vector
    in_cm = kernels.boost_to_rest_frame(muon, beam)
    assume(np.hypot(np.hypot(in_cm.px, in_cm.py), in_cm.pz)[0] > 1e-3)
    electron = kernels.boost_to_rest_frame(NOMINAL.electron, beam)
    angle = kernels.opening_angle(in_cm, electron)
    np.testing.assert_allclose(kernels.recoil_theta_cm(muon, beam), np.pi - angle, atol=1e-7)
