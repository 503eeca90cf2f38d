from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from darkbelle.errors import FitError
from darkbelle.fitting.resolution import core_resolution, shortest_interval

EDGES = np.linspace(-10.0, 105.0, 2301)  # 0.05 GeV², as the channel has it


def gaussian(centre: float, sigma: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.diff(norm.cdf(EDGES, centre, sigma))


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1.3])
def test_resolution_of_a_gaussian_is_its_standard_deviation(sigma: float) -> None:
    assert core_resolution(gaussian(20.0, sigma), EDGES) == pytest.approx(sigma, rel=0.01)


def test_a_radiative_tail_does_not_widen_the_core() -> None:
    tail = np.where(EDGES[:-1] > 20.0, np.exp(-(EDGES[:-1] - 20.0) / 10.0), 0.0)
    peak = 0.6 * gaussian(20.0, 0.5) + 0.4 * tail / tail.sum()
    low, high = shortest_interval(peak, EDGES)
    assert (high - low) / 2 > 1.0
    assert core_resolution(peak, EDGES) == pytest.approx(0.5, rel=0.1)


def test_shortest_interval_of_a_flat_histogram_is_its_share() -> None:
    low, high = shortest_interval(np.ones(10), np.arange(11.0), share=0.5)
    assert high - low == pytest.approx(5.0)


def test_an_empty_histogram_is_refused() -> None:
    with pytest.raises(FitError, match="no signal event passes"):
        core_resolution(np.zeros(2300), EDGES)
