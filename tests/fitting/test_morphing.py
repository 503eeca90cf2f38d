from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from darkbelle.errors import FitError
from darkbelle.fitting.morphing import Place, morphed, moved, neighbours, smooth, vertical

EDGES = np.linspace(-10.0, 30.0, 801)


def place(point: float) -> Place:
    return Place(point**2, 0.4 + 0.1 * point)


def peak(point: float) -> NDArray[np.float64]:
    content: NDArray[np.float64] = np.diff(norm.cdf(EDGES, *place(point)))
    return content


def test_normal_peaks_morph_into_the_normal_peak_between_them() -> None:
    found = morphed({1.0: peak(1.0), 3.0: peak(3.0)}, 2.2, EDGES, place)
    # bins are a tenth of the width, and even; a tenth of the width away it would be 6 % off
    np.testing.assert_allclose(found, peak(2.2), atol=1e-2 * peak(2.2).max())


def test_further_axes_ride_along() -> None:
    pair = {point: np.outer(peak(point), [1.0, point]) for point in (1.0, 3.0)}
    found = morphed(pair, 2.0, EDGES, place)
    np.testing.assert_allclose(found, np.outer(peak(2.0), [1.0, 2.0]), atol=1e-2 * peak(2.0).max())


def test_at_a_simulated_point_the_template_is_that_one() -> None:
    pair = {1.0: peak(1.0), 3.0: peak(3.0)}
    np.testing.assert_allclose(morphed(pair, 3.0, EDGES, place), peak(3.0), atol=1e-14)
    np.testing.assert_array_equal(vertical(pair, 1.0), peak(1.0))


@settings(deadline=None)
@given(centre=st.floats(-3, 20), width=st.floats(0.1, 3))
def test_moving_keeps_the_sum_and_the_signs(centre: float, width: float) -> None:
    inside = moved(peak(2.0), EDGES, place(2.0), Place(centre, width))
    assert np.all(inside >= 0)
    share = norm.cdf(EDGES[-1], centre, width) - norm.cdf(EDGES[0], centre, width)
    assert inside.sum() == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize("target", [0.99, 3.01])
def test_nothing_is_extrapolated(target: float) -> None:
    pair = {1.0: peak(1.0), 3.0: peak(3.0)}
    with pytest.raises(FitError, match="would be an extrapolation: simulated ones are from 1 to 3"):
        morphed(pair, target, EDGES, place)
    with pytest.raises(FitError, match="extrapolation"):
        smooth({1.0: 1.0, 3.0: 2.0}, target)
    with pytest.raises(FitError, match="extrapolation"):
        neighbours([2.0], 2.0)


def test_a_number_is_interpolated_through_all_points_without_overshoot() -> None:
    values = {0.0: 0.0, 1.0: 1.0, 2.0: 1.0, 3.0: 5.0}
    assert smooth(values, 2.0) == 1.0
    assert smooth(values, 1.5) == 1.0
    assert 0.5 < smooth(values, 0.7) < 1.0
