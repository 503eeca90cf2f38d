from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from darkbelle.errors import FitError
from darkbelle.fitting.asymptotics import (
    asymptotic_overstatement,
    band_target,
    confidence_s,
    find_crossing,
    solve_limits,
)


def test_no_separation_excludes_nothing() -> None:
    assert confidence_s(0.0, 0.0) == 1.0


def test_the_median_expected_confidence_is_twice_the_tail() -> None:
    # at the median of the background CLb = 1/2, and q equals its Asimov value
    assert confidence_s(1.645**2, 1.645**2) == pytest.approx(2 * norm.sf(1.645))


def test_both_branches_meet() -> None:
    assert confidence_s(4.0 + 1e-9, 4.0) == pytest.approx(confidence_s(4.0, 4.0), rel=1e-6)


@pytest.mark.parametrize(("level", "median"), [(0.90, 1.6449), (0.95, 1.9600)])
def test_median_lies_at_the_normal_quantile_of_half_the_error(level: float, median: float) -> None:
    assert band_target(0, level) == pytest.approx(median, abs=1e-4)


@pytest.mark.parametrize("level", [0.90, 0.95])
def test_band_targets_have_the_wanted_confidence(level: float) -> None:
    for deviations in (-2, -1, 0, 1, 2):
        root = band_target(deviations, level)
        signal_plus_background, background = norm.sf(root - deviations), norm.cdf(deviations)
        assert signal_plus_background / background == pytest.approx(1 - level)


@settings(deadline=None)
@given(target=st.floats(0.1, 10), start=st.floats(1e-8, 1e8), slope=st.floats(1e-6, 1e6))
def test_a_crossing_is_found_from_any_start(target: float, start: float, slope: float) -> None:
    root = find_crossing(lambda x: slope * x, target, start)
    assert root == pytest.approx(target / slope, rel=1e-4)


def test_no_point_is_evaluated_twice() -> None:
    seen: list[float] = []

    def rising(x: float) -> float:
        seen.append(x)
        return float(x**1.1)

    known: dict[float, float] = {}
    for target in (1.0, 1.2, 0.8):
        find_crossing(rising, target, 1.0, known)
    assert len(seen) == len(set(seen)) == len(known)


def test_a_function_that_stays_below_is_an_error() -> None:
    with pytest.raises(FitError, match="is the signal empty"):
        find_crossing(lambda _: 0.0, 1.0, 1.0)


def test_gaussian_limits_are_the_closed_ones() -> None:
    # a measurement of μ with σ = 2 that finds 1: q = ((μ − 1)/2)², q_A = (μ/2)²
    limits = solve_limits(lambda mu: max(mu - 1.0, 0.0) ** 2 / 4, lambda mu: mu**2 / 4, 3.0, 0.90)
    for deviations, expected in zip((-2, -1, 0, 1, 2), limits.expected, strict=True):
        closed = 2.0 * (deviations + norm.isf(0.10 * norm.cdf(deviations)))
        assert expected == pytest.approx(closed, rel=2e-4)
    # for 0 < μ̂ < μ the observed CLs limit is that of a band at μ̂/σ = 1/2 deviations
    assert limits.observed == pytest.approx(2.0 * (0.5 + norm.isf(0.10 * norm.cdf(0.5))), rel=2e-4)


@pytest.mark.parametrize(("background", "share"), [(1e-6, 0.36), (0.5, 0.26), (3.0, 0.14), (10.0, 0.07)])
def test_overstatement_is_what_exact_counting_gives(background: float, share: float) -> None:
    # stack-notes.md section 6, found with toys and exact sums
    assert asymptotic_overstatement(background, 0.95) == pytest.approx(share, abs=0.01)


def test_overstatement_without_background_by_hand() -> None:
    # n = b = 0: exact s = −ln α; asymptotic q = q_A = 2 s, and 2 Φ(−√(2s)) = α
    asymptotic = norm.isf(0.05) ** 2 / 2
    assert asymptotic_overstatement(1e-9, 0.90) == pytest.approx(1 - asymptotic / -np.log(0.10), abs=1e-3)
