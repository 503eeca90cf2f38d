from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from darkbelle.fitting.measurements import Measurement, Shift
from darkbelle.fitting.plots.shifts import plot_shifts
from darkbelle.fitting.plots.style import styled

MEASUREMENT = Measurement(
    "beam_energy",
    "sqrt_s",
    "MeV",
    10579.6,
    0.2,
    {"estimator_bias": Shift(0.1, -0.1, "so"), "momentum_scale": Shift(0.4, -0.3, "so", error=0.05)},
    8.0,
    "pseudo",
    0.04,
)


def labels(axes: Axes) -> set[str]:
    legend = axes.get_legend()
    assert legend is not None
    return {text.get_text() for text in legend.get_texts()}


def test_the_largest_shift_is_on_top() -> None:
    with styled():
        (axes,) = plot_shifts(MEASUREMENT).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["estimator bias", "momentum scale"]


def test_only_what_is_given_was_published() -> None:
    with styled():
        (alone,) = plot_shifts(MEASUREMENT).axes
        (beside,) = plot_shifts(MEASUREMENT, {"momentum_scale": 0.06, "estimator_bias": None}).axes
    assert "published" not in labels(alone)
    (points,) = (line for line in beside.lines if line.get_label() == "published")
    np.testing.assert_array_equal(points.get_xydata(), [[0.06, 1.0]])


def test_a_shift_is_called_statistics_where_it_is_said_to_be() -> None:
    with styled():
        (none,) = plot_shifts(MEASUREMENT).axes
        (one,) = plot_shifts(MEASUREMENT, limited={"estimator_bias"}).axes
    assert "shift within the simulation's statistics" not in labels(none)
    assert {"shift", "shift within the simulation's statistics"} <= labels(one)
