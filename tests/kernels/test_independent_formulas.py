"""Kernels against other people's formulas: the vector package, and mpmath to fifty digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import vector

from darkbelle import kernels
from darkbelle.beams import NOMINAL
from darkbelle.errors import KernelInputError
from darkbelle.vectors import FourVector


def as_vector(v: FourVector) -> vector.VectorNumpy4D:
    return vector.array({"px": v.px, "py": v.py, "pz": v.pz, "E": v.energy})


@pytest.fixture
def muons(rng: np.random.Generator) -> FourVector:
    px, py, pz = rng.normal(0, 2, (3, 500))
    return FourVector.with_mass(px, py, pz, 0.1056583755)


@pytest.fixture
def others(rng: np.random.Generator) -> FourVector:
    px, py, pz = rng.normal(0, 1, (3, 500))
    return FourVector.with_mass(px, py, pz, 0.1056583755)


def test_boost_to_rest_frame_is_that_of_the_vector_package(muons: FourVector) -> None:
    beam = as_vector(NOMINAL.four_vector)[0]
    expected = as_vector(muons).boostCM_of_p4(beam)
    got = kernels.boost_to_rest_frame(muons, NOMINAL.four_vector)
    for ours, theirs in zip(got, (expected.px, expected.py, expected.pz, expected.E), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_angles_are_those_of_the_vector_package(muons: FourVector, others: FourVector) -> None:
    a, b = as_vector(muons), as_vector(others)
    np.testing.assert_allclose(kernels.opening_angle(muons, others), a.deltaangle(b), rtol=1e-9)
    transverse = np.abs(a.deltaphi(b))
    np.testing.assert_allclose(kernels.transverse_opening_angle(muons, others), transverse, rtol=1e-12)


def test_projections_add_up_to_the_momentum(muons: FourVector, others: FourVector) -> None:
    along = kernels.momentum_along(muons, others)
    across = kernels.momentum_transverse_to(muons, others)
    np.testing.assert_allclose(np.hypot(along, across), as_vector(muons).p, rtol=1e-12)
    np.testing.assert_allclose(
        along, as_vector(muons).to_3D().dot(as_vector(others).to_3D().unit()), rtol=1e-9
    )


def test_recoil_mass_of_a_light_recoil_keeps_its_digits() -> None:
    with mpmath.workdps(50):
        beam = [mpmath.mpf(float(c[0])) for c in NOMINAL.four_vector]
        light = [mpmath.mpf(c) for c in (1.25, -0.5, 2.75)]
        energy = mpmath.sqrt(sum(c**2 for c in light) + mpmath.mpf("1e-6"))
        seen = [float(b - r) for b, r in zip(beam, [*light, energy], strict=True)]
        recoil = [b - mpmath.mpf(s) for b, s in zip(beam, seen, strict=True)]
        exact = float(recoil[3] ** 2 - sum(c**2 for c in recoil[:3]))
    got = kernels.recoil_mass_squared(FourVector.single(*seen), NOMINAL.four_vector)
    # what is left is the rounding of the inputs themselves: 1e-15 of energy² ~ 10 GeV²
    assert got[0] == pytest.approx(exact, abs=1e-14)


def test_recoil_polar_angle_in_the_cm_to_fifty_digits() -> None:
    visible = FourVector.single(0.7, -1.1, 2.3, 5.0)
    with mpmath.workdps(50):
        total = mpmath.matrix([float(c[0]) for c in NOMINAL.four_vector])
        sine = total[0] / total[3]
        cosine = mpmath.sqrt(1 - sine**2)
        e_minus = (total[3] + total[2] / cosine) / 2
        electron = mpmath.matrix([e_minus * sine, 0, e_minus * cosine, e_minus])
        seen = mpmath.matrix([float(c[0]) for c in visible])
        recoil = total - seen

        def dot(a: mpmath.matrix, b: mpmath.matrix) -> mpmath.mpf:
            return a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2]

        # covariant: in the CM energies are p·P/√s, and p·q = E E' − p p' cos θ
        mass = mpmath.sqrt(dot(total, total))
        e_recoil, e_electron = dot(recoil, total) / mass, dot(electron, total) / mass
        p_recoil = mpmath.sqrt(e_recoil**2 - dot(recoil, recoil))
        expected = mpmath.acos((e_recoil * e_electron - dot(recoil, electron)) / (p_recoil * e_electron))
    got = kernels.recoil_theta_cm(visible, NOMINAL.four_vector)
    assert got[0] == pytest.approx(float(expected), rel=1e-12)


def test_columns_of_different_length_are_refused() -> None:
    short = FourVector(*np.ones((4, 3)))
    long = FourVector(*np.ones((4, 5)))
    with pytest.raises(KernelInputError, match="must have 3 events"):
        kernels.opening_angle(short, long)


def test_a_two_dimensional_column_is_refused() -> None:
    square = FourVector(*np.ones((4, 2, 2)))
    with pytest.raises(KernelInputError, match=r"one-dimensional.*\(2, 2\)"):
        kernels.recoil_mass_squared(square, NOMINAL.four_vector)
