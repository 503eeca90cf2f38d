from __future__ import annotations

import numpy as np
import pytest

from darkbelle.constants import MUON_MASS, TAU_MASS
from darkbelle.fitting.couplings import (
    coupling_from_magnetic_moment,
    invisible_branching_fraction,
    magnetic_moment_shift,
    total_width,
    width_to_leptons,
    width_to_neutrinos,
)


def test_width_to_heavy_leptons_by_hand() -> None:
    # M = 4, m = 1: (4/12π) (1 + 2/16) √(1 − 4/16) = 0.10610 · 1.125 · 0.86603 = 0.10337
    assert width_to_leptons(4.0, 1.0) == pytest.approx(0.10337, abs=1e-5)


def test_widths_go_with_the_square_of_the_coupling() -> None:
    assert total_width(5.0, 0.1) == pytest.approx(0.01 * total_width(5.0))


def test_there_is_no_width_below_threshold() -> None:
    assert width_to_leptons(2 * MUON_MASS, MUON_MASS) == 0.0
    assert total_width(0.2) == width_to_neutrinos(0.2)


def test_two_neutrino_flavours_are_one_massless_charged_pair() -> None:
    assert width_to_neutrinos(3.0) == pytest.approx(width_to_leptons(3.0, 0.0))


@pytest.mark.parametrize(("mass", "share"), [(0.2, 1.0), (3.0, 0.5), (500.0, 1 / 3)])
def test_vanilla_branching_fraction_counts_the_open_channels(mass: float, share: float) -> None:
    assert invisible_branching_fraction(mass, "vanilla") == pytest.approx(share, rel=1e-3)


def test_branching_fraction_falls_above_the_tau_threshold() -> None:
    below, above = (invisible_branching_fraction(m, "vanilla") for m in (2 * TAU_MASS, 2 * TAU_MASS + 1))
    assert above < below


def test_fully_invisible_is_one() -> None:
    assert invisible_branching_fraction(5.0, "fully_invisible") == 1.0


def test_a_light_boson_is_a_photon_of_another_charge() -> None:
    # Schwinger: α'/2π = g'²/8π²
    assert magnetic_moment_shift(0.0, 0.3) == pytest.approx(0.09 / (8 * np.pi**2), rel=1e-9)
    assert magnetic_moment_shift(1e-5, 0.3) == pytest.approx(0.09 / (8 * np.pi**2), rel=1e-3)


@pytest.mark.parametrize("mass", [10.0, 100.0, 1000.0])
def test_a_heavy_boson_decouples(mass: float) -> None:
    # the next term of the expansion is m²/M² ln(M²/m²)
    limit = MUON_MASS**2 / (12 * np.pi**2 * mass**2)
    correction = 10 * (MUON_MASS / mass) ** 2 * np.log((mass / MUON_MASS) ** 2)
    assert magnetic_moment_shift(mass) == pytest.approx(limit, rel=correction)


@pytest.mark.parametrize("mass", [0.01, 0.3, 2.0, 8.0])
def test_integral_equals_a_sum_of_many_slices(mass: float) -> None:
    # midpoints in u with x = 1 − u², which stretches the end where a heavy boson's integrand falls
    u = (np.arange(400_000) + 0.5) / 400_000
    x = 1 - u**2
    integrand = 2 * MUON_MASS**2 * x**2 * (1 - x) / (x**2 * MUON_MASS**2 + (1 - x) * mass**2)
    total = np.mean(integrand * 2 * u)
    assert magnetic_moment_shift(mass) == pytest.approx(total / (8 * np.pi**2), rel=1e-6)


def test_coupling_from_the_excess_inverts_the_shift() -> None:
    coupling = coupling_from_magnetic_moment(3.0, 251e-11)
    assert magnetic_moment_shift(3.0, coupling) == pytest.approx(251e-11)


def test_a_deficit_needs_no_coupling() -> None:
    assert coupling_from_magnetic_moment(3.0, -1e-11) == 0.0
