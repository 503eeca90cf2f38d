"""The fused kernel equals the simple ones, one after the other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkbelle.beams import NOMINAL
from darkbelle.kernels import (
    boost_to_rest_frame,
    momentum_transverse_to,
    opening_angle,
    pair_recoil,
    recoil_mass_squared,
    recoil_theta_cm,
    transverse_opening_angle,
)
from darkbelle.vectors import FourVector


def muons(rng: np.random.Generator, size: int) -> FourVector:
    px, py, pz = rng.normal(0, 2, (3, size))
    return FourVector.with_mass(px, py, pz, 0.1)


@pytest.mark.parametrize("one_beam", [True, False])
def test_equals_the_simple_kernels(rng: np.random.Generator, *, one_beam: bool) -> None:
    a, b = muons(rng, 500), muons(rng, 500)
    beam = NOMINAL.four_vector if one_beam else NOMINAL.sample(500, rng)
    found, pair = pair_recoil(a, b, beam), a.plus(b)
    a_cm, b_cm = boost_to_rest_frame(a, beam), boost_to_rest_frame(b, beam)
    pair_cm = a_cm.plus(b_cm)
    to_a, to_b = momentum_transverse_to(pair_cm, a_cm), momentum_transverse_to(pair_cm, b_cm)
    a_is_faster = np.hypot(np.hypot(a_cm.px, a_cm.py), a_cm.pz) >= np.hypot(
        np.hypot(b_cm.px, b_cm.py), b_cm.pz
    )
    theta = recoil_theta_cm(pair, beam)
    along_z = FourVector.single(0.0, 0.0, 1.0, 1.0)
    magnitude = np.sqrt(pair_cm.px**2 + pair_cm.py**2 + pair_cm.pz**2)
    assert_allclose(found.mass_squared, recoil_mass_squared(pair, beam), rtol=1e-10, atol=1e-12)
    assert_allclose(found.theta_cm, theta, rtol=1e-10)
    assert_allclose(found.cos_theta, np.cos(opening_angle(beam.minus(pair), along_z)), rtol=1e-10, atol=1e-12)
    assert_allclose(found.pair_transverse, magnitude * np.sin(theta), rtol=1e-10)
    assert_allclose(found.transverse_to_fast, np.where(a_is_faster, to_a, to_b), rtol=1e-9, atol=1e-12)
    assert_allclose(found.transverse_to_slow, np.where(a_is_faster, to_b, to_a), rtol=1e-9, atol=1e-12)
    s = beam.mass_squared()
    assert_allclose(
        found.largest_momentum, (s - recoil_mass_squared(pair, beam)) / (2 * np.sqrt(s)), rtol=1e-10
    )
    cosine = np.cos(transverse_opening_angle(a, b))
    assert_allclose(found.cos_transverse_opening, cosine, rtol=1e-10, atol=1e-12)
    for muon, momentum, cos_theta in (
        (a, found.momentum_a, found.cos_theta_a),
        (b, found.momentum_b, found.cos_theta_b),
    ):
        assert_allclose(momentum, np.linalg.norm(muon[:3], axis=0), rtol=1e-12)
        assert_allclose(cos_theta, np.cos(opening_angle(muon, along_z)), rtol=1e-10, atol=1e-12)


def test_the_order_of_the_pair_does_not_matter(rng: np.random.Generator) -> None:
    a, b = muons(rng, 50), muons(rng, 50)
    beam = NOMINAL.four_vector
    one, other = pair_recoil(a, b, beam), pair_recoil(b, a, beam)
    assert_allclose(one[:6], other[:6], rtol=1e-9, atol=1e-9)
    assert_allclose(one.momentum_a, other.momentum_b, rtol=1e-12)
    assert_allclose(one.cos_theta_a, other.cos_theta_b, rtol=1e-12)


def test_nothing_is_undefined_silently() -> None:
    rest = FourVector.single(0.0, 0.0, 0.0, 0.1)
    beam = FourVector.single(0.0, 0.0, 0.0, 10.0)
    found = pair_recoil(rest, rest, beam)
    assert_allclose(found.mass_squared, [9.8**2], rtol=1e-12)
    assert np.isnan([found.cos_theta[0], found.transverse_to_fast[0], found.transverse_to_slow[0]]).all()
