"""Bumps on a falling background of unknown size: the number of trials is a length, and linear algebra has it.

With many events, the deviations of the data in units of their errors, and that of the auxiliary measurement,
are normal variables of width one, and √q₀ is their projection on a unit vector u(m): what is left of the bump
after the background's own direction is taken out. Up-crossings follow from the length of the path of u
(S. O. Rice, Bell Syst. Tech. J. 24 (1945) 46): length/(2π) exp(−c/2).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr
from tests.fitting.studies.conftest import MU, workspace_of

from darkbelle.fitting.studies.significance import ScanSignificance, plain_scan, scan_significance

WIDTH, BINS, UNCERTAINTY = 4.0, 110, 0.2
CENTRES = [float(centre) for centre in range(20, 91)]
PLACES = np.arange(BINS) + 0.5
BACKGROUND = 4000 * np.exp(-PLACES / 40)  # from 3950 to 259 events a bin

Array = NDArray[np.float64]


def bump(centre: float) -> Array:
    return np.exp(-(((PLACES - centre) / WIDTH) ** 2) / 2)


def directions(centres: Array) -> Array:
    """Return the unit vectors, over bins and the auxiliary measurement."""
    own = np.append(UNCERTAINTY * np.sqrt(BACKGROUND), 1.0)
    own /= math.sqrt(own @ own)
    signals = np.array([np.append(bump(centre) / np.sqrt(BACKGROUND), 0.0) for centre in centres])
    signals -= np.outer(signals @ own, own)
    unit: Array = signals / np.sqrt((signals**2).sum(axis=1, keepdims=True))
    return unit


@pytest.fixture(scope="module")
def fields() -> Array:
    """√q₀ of white noise, without any fit, at all centres; negative for deficits."""
    rng = np.random.default_rng(11)
    noise = (rng.poisson(BACKGROUND, (20_000, BINS)) - BACKGROUND) / np.sqrt(BACKGROUND)
    projected: Array = np.c_[noise, rng.normal(size=20_000)] @ directions(np.array(CENTRES)).T
    return projected


@pytest.fixture(scope="module")
def observed() -> Array:
    """An excess at 50 of 3.3 standard deviations, were the background known."""
    unit = bump(50) / math.sqrt(float(bump(50) @ (bump(50) / BACKGROUND)))
    data: Array = np.rint(BACKGROUND + 3.3 * unit)
    return data


@pytest.fixture(scope="module")
def found(observed: Array) -> ScanSignificance:
    size = {"name": "size", "type": "normsys", "data": {"hi": 1 + UNCERTAINTY, "lo": 1 - UNCERTAINTY}}
    workspaces: list[dict[str, Any]] = [
        workspace_of(
            {"s": ((10 * bump(centre)).tolist(), MU), "b": (BACKGROUND.tolist(), [size])}, observed.tolist()
        )
        for centre in CENTRES
    ]
    return scan_significance(CENTRES, plain_scan(workspaces, toys=800, seed=3))


def test_up_crossings_are_the_length_of_a_path(found: ScanSignificance, fields: Array) -> None:
    fine = directions(np.linspace(CENTRES[0], CENTRES[-1], 2001))
    length = float(np.sqrt((np.diff(fine, axis=0) ** 2).sum(axis=1)).sum())
    rice = length / (2 * math.pi) * math.exp(-found.level / 2)
    above = fields > math.sqrt(found.level)
    brute = float((above[:, 1:] & ~above[:, :-1]).sum(axis=1).mean())
    print(  # noqa: T201  # the discrepancy is to be seen
        f"\nup-crossings of q = {found.level}: {found.mean_upcrossings:.3f} ± {found.upcrossings_error:.3f}, "
        f"white noise {brute:.3f}, Rice {rice:.3f}"
    )
    assert found.mean_upcrossings == pytest.approx(brute, abs=4 * found.upcrossings_error)
    # a step of a quarter of the width misses some pairs of crossings, a few in a hundred
    assert found.mean_upcrossings == pytest.approx(rice, rel=0.08)


def test_the_global_p_value_is_that_of_brute_force(
    found: ScanSignificance, fields: Array, observed: Array
) -> None:
    largest = found.largest
    assert largest.place == pytest.approx(50, abs=1)
    excess = np.append((observed - BACKGROUND) / np.sqrt(BACKGROUND), 0.0)
    expected = float(excess @ directions(np.array([largest.place]))[0])
    assert expected < 3.2  # the unknown size of the background takes some away
    assert largest.significance == pytest.approx(expected, abs=0.1)
    brute = float(np.mean(fields.max(axis=1) >= largest.significance))
    error = math.sqrt(brute * (1 - brute) / fields.shape[0])
    print(  # noqa: T201
        f"\nglobal p of {largest.significance:.2f} standard deviations: experiments "
        f"{found.global_p_toys:.4f} ± {found.global_p_toys_error:.4f}, up-crossings "
        f"{found.global_p_upcrossings:.4f}, white noise {brute:.4f} ± {error:.4f}, local "
        f"{float(ndtr(-largest.significance)):.5f}"
    )
    assert found.global_p_toys == pytest.approx(brute, abs=4 * math.hypot(error, found.global_p_toys_error))
    assert found.global_p_upcrossings == pytest.approx(brute, rel=0.15)
    assert found.failed == 0
