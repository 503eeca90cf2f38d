"""Fits of peaks drawn from a known shape."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from darkbelle.errors import FitError
from darkbelle.fitting.scale.peaks import PeakFit, Tails, fit_peak, peak_integral
from darkbelle.vectors import Column

EDGES = np.linspace(1.80, 1.93, 131)
TRUTH = PeakFit(
    position=1.8653,
    position_error=0,
    width=0.005,
    tails=Tails(1.3, 1.6),
    signal=4000,
    background=1500,
    slope=0.2,
    p_value=1,
)


def drawn(seed: int, share: float = 1.0) -> Column:
    expected = np.sum(TRUTH.expected(EDGES), axis=0)
    counts: Column = np.random.default_rng(seed).poisson(share * expected).astype(np.float64)
    return counts


def density(t: float, tails: Tails) -> float:
    if t < -tails.low:
        return float(np.exp(tails.low**2 / 2 + tails.low * t))
    if t > tails.high:
        return float(np.exp(tails.high**2 / 2 - tails.high * t))
    return float(np.exp(-t * t / 2))


def test_the_integral_is_that_of_the_shape() -> None:
    tails = Tails(0.8, 2.0)
    for end in (-3.0, -0.8, 0.3, 2.0, 4.5):
        points = [p for p in (-tails.low, tails.high) if -40 < p < end]
        expected = quad(density, -40, end, args=(tails,), points=points or None, limit=200)[0]
        assert peak_integral(np.array([end]), tails)[0] == pytest.approx(expected, rel=1e-8)


def test_expected_events_add_up() -> None:
    peak, background = TRUTH.expected(EDGES)
    assert peak.sum() == pytest.approx(4000)
    assert background.sum() == pytest.approx(1500)
    # the density at the upper end is (1 + 0.2)/(1 - 0.2) of that at the lower
    assert background[-1] / background[0] == pytest.approx(1.5, rel=0.01)


def test_a_peak_comes_back_with_its_shape() -> None:
    found = fit_peak(EDGES, drawn(1), (1.8648, 0.006))
    assert found.position == pytest.approx(TRUTH.position, abs=4 * found.position_error)
    assert found.position_error < 0.2e-3
    assert found.signal == pytest.approx(4000, abs=400)
    assert found.p_value > 1e-3


def test_positions_scatter_as_their_errors_say_even_with_few_events() -> None:
    pulls = []
    for seed in range(120):
        found = fit_peak(EDGES, drawn(seed, share=0.02), (1.8648, 0.005), TRUTH.tails)
        pulls.append((found.position - TRUTH.position) / found.position_error)
    # 120 pulls: mean known to 0.09, width to 0.065
    assert abs(np.mean(pulls)) < 0.3
    assert 0.8 < np.std(pulls) < 1.25


def test_a_shape_that_is_not_there_is_noticed() -> None:
    counts = drawn(2)
    counts[:40] *= 3
    assert fit_peak(EDGES, counts, (1.8648, 0.005)).p_value < 1e-6


def test_nothing_cannot_be_fitted() -> None:
    with pytest.raises(FitError, match=r"1\.8648 GeV needs events from 1\.8 to 1\.93 GeV, got none"):
        fit_peak(EDGES, np.zeros(130), (1.8648, 0.005))
