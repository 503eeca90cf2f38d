"""Biases by least squares, where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from darkbelle.errors import FitError
from darkbelle.fitting.scale.factors import solve

EDGES = np.array([-1.0, 0.0, 1.0])
TRUE = np.array([1e-3, -2e-4, 5e-4, 3e-4])  # negative tracks in two bins, then positive ones


def pairs() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Kaons and pions of either charge in two bins each; a kaon counts less."""
    rows = []
    for kaon in range(4):
        for place in range(2):
            row = np.zeros(4)
            row[kaon], row[place + (2 if kaon < 2 else 0)] = 0.38, 0.45
            rows.append(row)
    return np.array(rows)


def test_biases_come_back_from_the_shifts_that_they_make() -> None:
    leverage = pairs()
    found = solve(EDGES, leverage @ TRUE, np.full(8, 1e-4), leverage, np.full(4, 0.25))
    np.testing.assert_allclose(found.values, TRUE, atol=1e-12)
    assert found.chi_squared == pytest.approx(0, abs=1e-12)
    assert found.degrees_of_freedom == 4
    assert found.mean == pytest.approx(4e-4)
    assert found.odd[0] == pytest.approx(0.0, abs=1e-12)


def test_the_mean_is_well_known_and_the_difference_of_the_charges_is_not() -> None:
    leverage = pairs()
    found = solve(EDGES, leverage @ TRUE, np.full(8, 1e-4), leverage, np.full(4, 0.25))
    # all together move each mass by 0.83 of the bias, the charges against each other by 0.07 of it
    assert found.mean_error == pytest.approx(1e-4 / np.sqrt(8) / 0.83, rel=0.02)
    assert found.odd[1] == pytest.approx(1e-4 / np.sqrt(8) / 0.07, rel=0.02)
    assert found.errors.min() > found.mean_error


def test_the_error_of_the_true_mass_is_common_to_all() -> None:
    leverage = pairs()
    without = solve(EDGES, leverage @ TRUE, np.full(8, 1e-4), leverage, np.full(4, 0.25))
    found = solve(EDGES, leverage @ TRUE, np.full(8, 1e-4), leverage, np.full(4, 0.25), common=3e-5)
    assert found.mean_error == pytest.approx(np.hypot(without.mean_error, 3e-5))


def test_a_bin_without_tracks_is_named() -> None:
    leverage = pairs()[:, :4].copy()
    leverage[:, 3] = 0
    with pytest.raises(FitError, match=r"do not fix 4 factors, and none is of tracks in bins 3"):
        solve(EDGES, np.zeros(8), np.full(8, 1e-4), leverage, np.full(4, 0.25))
