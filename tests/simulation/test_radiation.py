from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from darkbelle.constants import ELECTRON_MASS
from darkbelle.simulation.radiation import InitialStateRadiation, strength_of_transfer
from darkbelle.vectors import Column

BEAMS = InitialStateRadiation(10.58)


def structure_function(y: float) -> float:
    """D(y) as in the module's docstring, typed again."""
    b, x = BEAMS.beta, 1.0 - y
    delta = math.exp(b / 2 * (0.75 - 0.5772156649)) / math.gamma(1 + b / 2)
    first: float = delta * b / 2 * y ** (b / 2 - 1) - b / 4 * (1 + x)
    return first + b * b / 32 * (-4 * (1 + x) * math.log(y) - (1 + 3 * x * x) / y * math.log(x) - 5 - x)


def constant(s: Column) -> Column:
    return np.ones_like(s)


def test_strength_of_radiation() -> None:
    # 2/137.036/π (2 ln(10580/0.510999) − 1) = 0.0046456 · 18.8760
    assert BEAMS.beta == pytest.approx(0.087692, rel=2e-5)


@pytest.mark.parametrize("t", [0.3, 0.8, 0.95, 0.999])
def test_density_is_the_structure_function_times_the_slope(t: float) -> None:
    y = t ** (2 / BEAMS.beta)
    slope = 2 / BEAMS.beta * y / t
    assert BEAMS.density(np.array([t]))[0] == pytest.approx(structure_function(y) * slope, rel=1e-6)


def test_structure_function_is_normalised() -> None:
    # the electron's number is conserved; the formula is exact to the second order in β ~ 0.09
    integral, _ = quad(lambda t: BEAMS.density(np.array([t]))[0], 0.0, 1.0, limit=200)
    assert integral == pytest.approx(1.0, abs=BEAMS.beta**3 / 10)


def test_soft_limit_is_the_power_with_its_resummed_factor() -> None:
    # P(y < ε) → Δ ε^(β/2)
    epsilon = 1e-9
    t = epsilon ** (BEAMS.beta / 2)
    below, _ = quad(lambda u: BEAMS.density(np.array([u]))[0], 0.0, t)
    delta = math.exp(BEAMS.beta / 2 * (0.75 - np.euler_gamma)) / math.gamma(1 + BEAMS.beta / 2)
    assert below == pytest.approx(delta * epsilon ** (BEAMS.beta / 2), rel=1e-7)


def test_folding_a_constant_gives_the_correction_alone() -> None:
    folded = BEAMS.fold(constant)
    assert folded.value == pytest.approx(1 + 0.0072973526 / math.pi * (math.pi**2 / 3 - 0.5), abs=1e-4)


def test_folding_agrees_with_a_convolution_in_the_lost_fraction() -> None:
    def rising(s: Column) -> Column:
        return (s / BEAMS.sqrt_s**2) ** 2

    # of a power the double integral is the square of a moment: ∫D (1−y)²
    moment, _ = quad(lambda t: BEAMS.density(np.array([t]))[0] * (1 - t ** (2 / BEAMS.beta)) ** 2, 0.0, 1.0)
    assert BEAMS.fold(rising).value == pytest.approx(BEAMS.correction * moment**2, rel=1e-6)


def test_collisions_conserve_momentum_and_have_the_reduced_mass() -> None:
    rng = np.random.default_rng(2)
    y1, y2 = rng.random((2, 2000)) ** 4
    collisions = BEAMS.collisions(y1, y2, rng)
    np.testing.assert_allclose(collisions.s, (1 - y1) * (1 - y2) * BEAMS.sqrt_s**2, rtol=1e-6)
    np.testing.assert_allclose(collisions.frame.mass_squared(), collisions.s, rtol=1e-9, atol=1e-9)
    total = collisions.frame.plus(collisions.photons[0]).plus(collisions.photons[1])
    np.testing.assert_allclose(total.energy, BEAMS.sqrt_s, rtol=1e-14)
    np.testing.assert_allclose([total.px, total.py, total.pz], 0.0, atol=1e-13)
    for photon in collisions.photons:
        np.testing.assert_allclose(photon.mass_squared(), 0.0, atol=1e-12)


def test_no_radiation_leaves_the_beams_alone() -> None:
    nothing = np.zeros(3)
    collisions = BEAMS.collisions(nothing, nothing, np.random.default_rng(0))
    np.testing.assert_array_equal(collisions.s, BEAMS.sqrt_s**2)
    assert not np.any(collisions.photons[0].energy)


def test_photons_follow_the_eikonal_factor() -> None:
    angles = BEAMS.photon_angles(400_000, np.random.default_rng(4))
    v = math.sqrt(1 - (2 * ELECTRON_MASS / BEAMS.sqrt_s) ** 2)
    logarithm = math.log((1 + v) * BEAMS.sqrt_s**2 / (4 * ELECTRON_MASS**2) * (1 + v))
    for cut in (1e-7, 1e-4, 1e-2, 0.5):  # 1 − cos θ
        # ∫ of the factor from the axis to the cut, by hand
        edge = 1 - v + v * cut
        inside = (1 + v * v) / v * math.log(edge / (1 - v)) - (1 - v * v) / v * (1 / (1 - v) - 1 / edge)
        expected = inside / (2 * (logarithm - 1))
        assert np.mean(angles < cut) == pytest.approx(expected, abs=5 * math.sqrt(expected / 400_000))


def test_sampled_energies_follow_the_folded_integrand() -> None:
    def rising(s: Column) -> Column:
        return (s / BEAMS.sqrt_s**2) ** 2

    rng = np.random.default_rng(6)
    s = BEAMS.sample(rising, BEAMS.majorant(rising), 100_000, rng).s / BEAMS.sqrt_s**2
    # <s/s0> is the ratio of the third to the second moment, squared
    third, second = (
        quad(lambda t, n=n: BEAMS.density(np.array([t]))[0] * (1 - t ** (2 / BEAMS.beta)) ** n, 0.0, 1.0)[0]
        for n in (3, 2)
    )
    assert np.mean(s) == pytest.approx((third / second) ** 2, abs=5 * float(np.std(s)) / math.sqrt(s.size))


def test_strength_of_a_transfer_is_that_of_the_eikonal_factor() -> None:
    q_squared = np.array([1e-12, 1e-7, 1e-3, 10.58**2])
    found = strength_of_transfer(q_squared)
    # at small Q²/m²: (2α/π) Q²/(3m²)
    assert found[0] == pytest.approx(2.0 / 137.036 / math.pi * 1e-12 / ELECTRON_MASS**2 / 3.0, rel=1e-4)
    # one half of β is the electron's before, as each beam has it in an annihilation at s = Q²
    assert found[3] == pytest.approx(BEAMS.beta, rel=1e-6)
    # ∫ dcosθ' of the eikonal factor in the frame where the electron turns back: v its velocity there
    for value, strength in zip(q_squared[1:3], found[1:3], strict=True):
        v = 1.0 / math.sqrt(1.0 + 4.0 * ELECTRON_MASS**2 / value)
        integral, _ = quad(
            lambda c, v=v: (
                2.0 * (1.0 + v * v) / (1.0 - v * v * c * c)
                - (1.0 - v * v) * ((1.0 - v * c) ** -2 + (1.0 + v * c) ** -2)
            ),
            -1.0,
            1.0,
            points=[-0.999, 0.999],
        )
        assert strength == pytest.approx(integral / 137.036 / (2.0 * math.pi), rel=1e-4)
