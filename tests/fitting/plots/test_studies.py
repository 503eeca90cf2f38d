from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.special import ndtr

from darkbelle.fitting.plots.studies import _asymptotic, plot_coverage, plot_local_p, plot_statistic
from darkbelle.fitting.studies.coverage import CoveragePoint, CoverageStudy, Share
from darkbelle.fitting.studies.significance import LocalPoint, ScanSignificance

METHODS = ("asymptotic limit", "likelihood-ratio interval", "toy limit", "unified interval")


def texts(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.axes[0].texts)


def test_local_p_values_are_drawn_with_the_global_one() -> None:
    points = tuple(LocalPoint(m, 0.1, z, float(ndtr(-z))) for m, z in ((1.0, 0.2), (2.0, 3.0), (3.0, 0.0)))
    scan = ScanSignificance(points, 1000, 0, 1, 0.5, 2.0, 0.1, 0.03, 0.025, 0.005, 25)
    figure = plot_local_p(scan, 79.7)
    drawn = [np.asarray(line.get_ydata(), dtype=np.float64) for line in figure.axes[0].lines]
    assert any(np.array_equal(heights, [point.p_value for point in points]) for heights in drawn)
    assert "largest at 2 GeV, local p = 0.0013" in texts(figure)
    assert "global p = 0.025" in texts(figure)
    few = ScanSignificance(points, 1000, 0, 1, 0.5, 2.0, 0.1, 0.03, 0.002, 0.001, 2)
    assert "global p = 0.004" in texts(plot_local_p(few))  # three times the local one


def test_coverage_is_drawn_by_method() -> None:
    coverage = {name: Share(0.9 + 0.01 * i, 0.01) for i, name in enumerate(METHODS)}
    points = tuple(CoveragePoint(mu, coverage, 0, 0, 0, 1, 0, 0, 0) for mu in (0.0, 1.0))
    figure = plot_coverage(CoverageStudy(0.95, 100, 10, 10, 1, points))
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert {text.get_text() for text in legend.get_texts()} == {"asked for", *METHODS}


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.5])
def test_the_asymptotic_form_is_that_of_a_bounded_normal_variable(distance: float) -> None:
    x = np.random.default_rng(1).normal(distance, 1.0, 200_000)
    best = np.maximum(x, 0)
    rises = (x - distance) ** 2 - (x - best) ** 2
    for value in (0.5, 2.0, 6.0, 9.0):
        form = _asymptotic(np.array([value]), distance**2)[0]
        assert np.mean(rises <= value) == pytest.approx(form, abs=4e-3)
    figure = plot_statistic(rises, 1.0, np.full(rises.size, distance**2))
    assert "200000 experiments at 1" in str(figure.axes[0].get_legend_handles_labels()[1])
