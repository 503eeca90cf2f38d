"""Bumps on a known flat background: a random field whose up-crossings Rice's formula gives.

S. O. Rice, Bell Syst. Tech. J. 24 (1945) 46: a stationary normal field with correlation ρ crosses a level
u upwards √(−ρ″(0)) exp(−u²/2)/(2π) times a unit length. For Gaussian bumps of width w, ρ″(0) = −1/(2w²).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from darkbelle.errors import FitError
from darkbelle.fitting.plots.studies import plot_local_p
from darkbelle.fitting.studies.recipes import in_process
from darkbelle.fitting.studies.significance import ScanSignificance, plain_scan, scan_significance
from darkbelle.fitting.studies.trials import global_p_value, significance_of

Bumps = Callable[..., list[dict[str, Any]]]
WIDTH, BACKGROUND, BINS = 4.0, 400.0, 110
CENTRES = [float(centre) for centre in range(20, 91)]


@pytest.fixture(scope="module")
def found(bumps: Bumps) -> ScanSignificance:
    observed = np.full(BINS, BACKGROUND)
    # about three standard deviations at 50: of a template s on b, √Σs²/b = 1 for Σs² = b
    place = np.arange(BINS) + 0.5
    template = np.exp(-(((place - 50) / WIDTH) ** 2) / 2)
    observed += 3 * template * math.sqrt(BACKGROUND / float(template @ template))
    workspaces = bumps(CENTRES, WIDTH, BACKGROUND, np.rint(observed).tolist())
    return scan_significance(CENTRES, plain_scan(workspaces, toys=1500, seed=3))


def test_the_excess_is_found_where_it_is(found: ScanSignificance) -> None:
    assert found.largest.place == pytest.approx(50, abs=1)
    assert found.largest.significance == pytest.approx(3, abs=0.1)
    assert found.largest.p_value == pytest.approx(ndtr(-found.largest.significance), rel=1e-9)
    assert found.failed == 0


def test_up_crossings_are_as_many_as_rice_says(found: ScanSignificance) -> None:
    length = CENTRES[-1] - CENTRES[0]
    rice = length / (2 * math.pi * WIDTH * math.sqrt(2)) * math.exp(-found.level / 2)
    print(  # noqa: T201  # the discrepancy is to be seen
        f"\nup-crossings of q = {found.level}: {found.mean_upcrossings:.3f}, Rice {rice:.3f}"
    )
    # a step of a quarter of the width misses some pairs of crossings, a few in a hundred
    assert found.mean_upcrossings == pytest.approx(rice, rel=0.08)
    assert found.upcrossings_error < 0.03 * rice


def test_the_global_p_value_is_that_of_brute_force(found: ScanSignificance) -> None:
    length = CENTRES[-1] - CENTRES[0]
    q = found.largest.significance**2
    rice = float(ndtr(-found.largest.significance)) + length / (
        2 * math.pi * WIDTH * math.sqrt(2)
    ) * math.exp(-q / 2)
    brute, error = brute_force(found.largest.significance)
    print(  # noqa: T201
        f"\nglobal p of {found.largest.significance:.2f} standard deviations: experiments "
        f"{found.global_p_toys:.4f} ± {found.global_p_toys_error:.4f}, up-crossings "
        f"{found.global_p_upcrossings:.4f}, Rice {rice:.4f}, brute force {brute:.4f} ± {error:.4f}"
    )
    assert found.global_p_toys == pytest.approx(brute, abs=4 * math.hypot(error, found.global_p_toys_error))
    assert found.global_p_upcrossings == pytest.approx(brute, rel=0.15)
    assert found.global_p_upcrossings == pytest.approx(rice, rel=0.08)
    assert found.exceeding >= 10
    assert found.global_p == found.global_p_toys
    assert 10 < found.trial_factor < len(CENTRES)  # between one place and as many as were looked at


def brute_force(significance: float, size: int = 40_000) -> tuple[float, float]:
    """Return how often white noise exceeds a level under any of the bumps, without any fit."""
    rng = np.random.default_rng(11)
    place = np.arange(BINS) + 0.5
    templates = np.array([np.exp(-(((place - centre) / WIDTH) ** 2) / 2) for centre in CENTRES])
    templates /= np.sqrt((templates**2).sum(axis=1, keepdims=True))
    noise = (rng.poisson(BACKGROUND, (size, BINS)) - BACKGROUND) / math.sqrt(BACKGROUND)
    share = float(np.mean((noise @ templates.T).max(axis=1) >= significance))
    return share, math.sqrt(share * (1 - share) / size)


def test_json_says_it_all(found: ScanSignificance) -> None:
    content = found.as_json()
    assert content["global_significance"] == pytest.approx(significance_of(found.global_p))
    assert len(content["points"]) == len(CENTRES)
    assert content["seed"] == 3
    few = replace(found, exceeding=9)
    # up-crossings are the closer bound where hypotheses lie close, the number of them where they do not
    assert few.global_p == found.global_p_upcrossings < found.global_p_bonferroni
    apart = replace(few, points=few.points[28:32])
    assert apart.global_p == pytest.approx(4 * found.largest.p_value)


def test_where_all_experiments_exceed_the_data_there_is_no_global_significance(
    found: ScanSignificance,
) -> None:
    none = replace(found, exceeding=found.toys, global_p_toys=1.0)
    content = none.as_json()
    assert content["global_significance"] is None
    json.dumps(content, allow_nan=False)
    assert plot_local_p(none).axes[0].texts[-1].get_text().endswith("global p = 1, 1500 experiments")


def test_an_experiment_is_the_same_in_any_batch_and_on_threads(bumps: Bumps) -> None:
    scan = plain_scan(bumps([10.0, 12.0], 2.0, 30.0, [30.0] * 20), toys=30)
    whole = scan.columns(range(30))
    parts = [scan.columns(range(7), 2), scan.columns(range(7, 30))]
    for name, column in whole.items():
        np.testing.assert_array_equal(column, np.concatenate([part[name] for part in parts]))
    (again,) = in_process()([scan])
    assert again.keys() == whole.keys()


def test_local_significances_of_experiments_are_half_normal(bumps: Bumps) -> None:
    scan = plain_scan(bumps([10.0], 2.0, 300.0, [300.0] * 20), toys=2000)
    z = scan.columns(range(2000))["z_0"]
    for level in (0.0, 1.0, 2.0):
        share = float(ndtr(-level))
        assert np.mean(z > level) == pytest.approx(share, abs=4 * math.sqrt(share / 2000))


def test_hypotheses_that_share_no_data_are_refused(bumps: Bumps) -> None:
    first = bumps([10.0], 2.0, 30.0, [30.0] * 20)
    with pytest.raises(FitError, match="workspace 1 of the scan has other bins or data"):
        plain_scan(first + bumps([12.0], 2.0, 30.0, [31.0] * 20), toys=10)
    with pytest.raises(FitError, match="workspace 1 of the scan expects another background"):
        plain_scan(first + bumps([12.0], 2.0, 40.0, [30.0] * 20), toys=10)
    with pytest.raises(FitError, match="rising order, got 2, 1"):
        scan_significance([2.0, 1.0], plain_scan(first * 2, toys=10))


def test_the_formula_by_hand() -> None:
    # five standard deviations, and what crosses 0.5 so often by then is rarer by e^-12.25
    assert global_p_value(25.0, 4.34, 0.5) == pytest.approx(2.87e-7 + 4.34 * math.exp(-12.25), rel=1e-3)
    assert global_p_value(0.1, 4.34, 0.5) == 1.0
