from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from darkbelle.beams import NOMINAL
from darkbelle.constants import ELECTRON_MASS, FINE_STRUCTURE, HBAR_C_SQUARED, MUON_MASS
from darkbelle.simulation.equivalent_photons import (
    angular_density,
    integrated_flux,
    least_virtuality,
    pair_cross_section,
    photon_flux,
    two_photon_cross_section,
)


@settings(deadline=None)
@given(x=st.floats(0.001, 0.95))
def test_least_virtuality_is_that_of_forward_scattering(x: float) -> None:
    with mpmath.workdps(60):
        energy, mass = mpmath.mpf("5.29"), mpmath.mpf(ELECTRON_MASS)
        after = energy * (1 - mpmath.mpf(x))
        momenta = mpmath.sqrt(energy**2 - mass**2), mpmath.sqrt(after**2 - mass**2)
        expected = 2 * (energy * after - momenta[0] * momenta[1] - mass**2)
    assert least_virtuality(np.array([x]))[0] == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("x", [0.003, 0.1, 0.7])
def test_flux_integrates_over_the_virtuality(x: float) -> None:
    column = np.array([x])
    start, end = math.log(least_virtuality(column)[0]), math.log(0.8)

    def integrand(log_q2: float) -> float:
        q2 = math.exp(log_q2)
        return q2 * float(photon_flux(column, np.array([q2]))[0])

    expected = quad(integrand, start, end, epsrel=1e-9)[0]
    assert integrated_flux(column, np.array([0.8]))[0] == pytest.approx(expected, rel=1e-7)


def test_no_flux_below_the_least_virtuality() -> None:
    x = np.array([0.2])
    assert photon_flux(x, 0.999 * least_virtuality(x))[0] == 0.0


@pytest.mark.parametrize("mass", [0.22, 0.5, 3.0])
def test_angular_density_integrates_to_the_pair_cross_section(mass: float) -> None:
    # even in rapidity, because the density peaks along the photons
    beta = math.sqrt(1.0 - 4.0 * MUON_MASS**2 / mass**2)
    limit = math.atanh(beta)

    def integrand(rapidity: float) -> float:
        cosine = math.tanh(rapidity) / beta
        slope = (1.0 - math.tanh(rapidity) ** 2) / beta
        return slope * float(angular_density(np.array([cosine]), np.array([mass]))[0])

    expected = quad(integrand, -limit, limit, epsrel=1e-9)[0]
    assert pair_cross_section(np.array([mass]))[0] == pytest.approx(expected, rel=1e-7)


def test_pair_cross_section_near_threshold_and_far_above() -> None:
    near = 2.0 * MUON_MASS * (1.0 + 1e-7)
    beta = math.sqrt(1.0 - 4.0 * MUON_MASS**2 / near**2)
    slow = HBAR_C_SQUARED * math.pi * FINE_STRUCTURE**2 * beta / MUON_MASS**2
    far = 1000.0
    logarithm = 2.0 * math.log(far / MUON_MASS) - 1.0
    fast = HBAR_C_SQUARED * 4.0 * math.pi * FINE_STRUCTURE**2 / far**2 * logarithm
    assert pair_cross_section(np.array([near]))[0] == pytest.approx(slow, rel=1e-3)
    assert pair_cross_section(np.array([far]))[0] == pytest.approx(fast, rel=1e-5)
    assert pair_cross_section(np.array([0.2]))[0] == 0.0


def test_equivalent_photons_overshoot_the_known_cross_section_by_less_than_a_quarter() -> None:
    # 18.9 nb for pairs above 0.5 GeV; neglected virtualities only ever add
    ratio = two_photon_cross_section(NOMINAL.sqrt_s, 0.5) / 18.9e6
    assert 1.0 < ratio < 1.25
