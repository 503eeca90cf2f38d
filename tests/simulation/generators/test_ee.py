from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from darkbelle.beams import NOMINAL
from darkbelle.constants import ELECTRON_MASS, FINE_STRUCTURE, HBAR_C_SQUARED
from darkbelle.errors import ConfigurationError
from darkbelle.simulation.bhabha import Bhabhas, born, radiation_scale
from darkbelle.simulation.generators import generator
from darkbelle.simulation.generators.ee import KNOWN_CROSS_SECTION
from darkbelle.simulation.running_coupling import running_alpha, spacelike_alpha

S = NOMINAL.sqrt_s**2


@pytest.mark.parametrize("cosine", [-0.9, 0.0, 0.98])
def test_lowest_order_is_the_textbooks_formula(cosine: float) -> None:
    # α²/(4s) ((3 + cos²θ)/(1 − cos θ))² per solid angle
    expected = FINE_STRUCTURE**2 / (4.0 * S) * ((3.0 + cosine**2) / (1.0 - cosine)) ** 2
    found = born(np.array([cosine]), np.array([S]), running=False)[0]
    assert found == pytest.approx(2.0 * np.pi * HBAR_C_SQUARED * expected, rel=1e-12)


def test_couplings_run_alike_on_both_sides_of_zero() -> None:
    assert spacelike_alpha(NOMINAL.sqrt_s) == pytest.approx(running_alpha(NOMINAL.sqrt_s), rel=1e-3)
    assert FINE_STRUCTURE < spacelike_alpha(0.1) < spacelike_alpha(1.0) < spacelike_alpha(10.0)


def test_leptonic_polarisation_is_the_integral_over_the_feynman_parameter() -> None:
    # Peskin-Schroeder (7.90): (2α/π) ∫ x(1−x) ln(1 + x(1−x) q²/m²) dx for one lepton
    q = 3.0
    leptonic = 0.0
    for mass in (ELECTRON_MASS, 0.1056583755, 1.77693):
        leptonic += quad(lambda x, m=mass: x * (1 - x) * np.log1p(x * (1 - x) * (q / m) ** 2), 0.0, 1.0)[0]
    leptonic *= 2.0 * FINE_STRUCTURE / np.pi
    hadronic = 0.0024402 * np.log1p(3.2496684 * q**2)
    assert spacelike_alpha(q) == pytest.approx(FINE_STRUCTURE / (1.0 - leptonic - hadronic), rel=1e-8)


def test_cross_section_is_near_the_known_one() -> None:
    calculated = Bhabhas().unweighting.cross_section_fb
    assert calculated == pytest.approx(KNOWN_CROSS_SECTION, rel=0.06)
    assert generator("ee").cross_section_fb == KNOWN_CROSS_SECTION
    central = generator("ee", theta=[40.0, 140.0])
    share = Bhabhas((40.0, 140.0)).unweighting.cross_section_fb / calculated
    assert central.cross_section_fb == pytest.approx(share * KNOWN_CROSS_SECTION)
    # without radiation: the integrals of the lowest order
    integrals = [
        quad(lambda c: born(np.array([c]), np.array([S]))[0], -limit, limit)[0]
        for limit in (np.cos(np.radians(40.0)), np.cos(np.radians(10.0)))
    ]
    assert share == pytest.approx(integrals[0] / integrals[1], rel=0.08)


def test_events_conserve_momentum_and_keep_to_the_angles() -> None:
    events = generator("ee", theta=(20.0, 160.0)).generate(3000, np.random.default_rng(1)).events
    for column, total in zip(events.momenta, (0.0, 0.0, 0.0, NOMINAL.sqrt_s), strict=True):
        np.testing.assert_allclose(np.bincount(events.event_of_particle, column), total, atol=1e-9)
    electron = events.pdg == 11
    np.testing.assert_allclose(events.momenta.mass_squared()[electron], ELECTRON_MASS**2, atol=1e-10)
    theta = np.degrees(np.arctan2(np.hypot(events.px, events.py), events.pz))[electron]
    inside = (theta > 19.0) & (theta < 161.0)  # they radiate afterwards
    assert inside.mean() > 0.995
    # an electron goes on in its direction rather than turns back
    assert np.mean(theta < 90.0) > 0.9


def test_final_state_radiates_up_to_the_momentum_transfer() -> None:
    assert radiation_scale(np.array([0.0]))[0] == 1.0
    assert radiation_scale(np.array([-0.5]))[0] == 1.0
    assert radiation_scale(np.array([0.6]))[0] == pytest.approx(0.25)


def test_impossible_angles_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="within 5° to 175°"):
        generator("ee", theta=(1.0, 90.0))
