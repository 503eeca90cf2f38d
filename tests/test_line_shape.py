"""The line shape of the Υ(4S), where it can be computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from darkbelle.line_shape import UPSILON_4S, LineShape


def test_nothing_is_made_below_the_masses_of_the_mesons() -> None:
    # twice 5.27941 and 5.27972 GeV: in between charged mesons only
    energies = np.array([10.558, 10.559, 10.560])
    assert (UPSILON_4S.cross_section("charged_b", energies) > 0).tolist() == [False, True, True]
    assert (UPSILON_4S.cross_section("neutral_b", energies) > 0).tolist() == [False, False, True]


def test_without_a_barrier_the_kinds_go_with_the_cubes_of_momenta() -> None:
    energy = np.array([10.58])
    shape = LineShape(radius=0.0)
    neutral, charged = (shape.cross_section(kind, energy)[0] for kind in ("neutral_b", "charged_b"))
    momenta = np.sqrt(10.58**2 / 4 - np.array([5.27972, 5.27941]) ** 2)
    assert neutral / charged == pytest.approx((momenta[0] / momenta[1]) ** 3, rel=1e-12)


def test_at_the_mass_the_width_alone_counts() -> None:
    # there σ = g/(MΓ)², and g = p³/(1 + R²p²)
    p_squared = 10.5794**2 / 4 - 5.27941**2
    expected = p_squared**1.5 / (1 + 25 * p_squared) / (10.5794 * 0.0205) ** 2
    assert UPSILON_4S.cross_section("charged_b", np.array([10.5794]))[0] == pytest.approx(expected, rel=1e-12)


def test_it_peaks_near_its_mass_and_is_about_as_wide_as_it_says() -> None:
    energies = np.linspace(10.56, 10.64, 8001)
    values = UPSILON_4S.cross_section("charged_b", energies)
    assert energies[values.argmax()] == pytest.approx(10.5794, abs=4e-3)
    above = energies[values > values.max() / 2]
    assert above[-1] - above[0] == pytest.approx(0.0205, rel=0.2)
