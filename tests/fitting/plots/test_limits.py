"""Limits as drawn: no line goes across a mass that has none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from darkbelle.fitting.plots.limits import plot_limit
from darkbelle.fitting.run_limits import compute_limits


def test_a_mass_without_a_limit_interrupts_the_band(toy_run: Path) -> None:
    limits = compute_limits(toy_run, engine="fast")
    whole = plot_limit(limits).axes[0].get_lines()[0].get_ydata()
    middle = limits.points[1]
    failed = {middle.mass: "no simulated background event"}
    points = (limits.points[0], *limits.points[2:])
    cut = plot_limit(replace(limits, points=points, failed=failed)).axes[0].get_lines()[0].get_ydata()
    assert np.isfinite(np.asarray(whole)).all()
    np.testing.assert_array_equal(np.isnan(np.asarray(cut)), [False, True, *[False] * (len(points) - 1)])
