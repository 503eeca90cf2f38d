from __future__ import annotations

import json

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from darkbelle.fitting.edge import EdgeFit, edge_shape
from darkbelle.fitting.edge.toys import draw_masses
from darkbelle.fitting.measurements import Measurement, Shift
from darkbelle.fitting.plots.edge import plot_edge
from darkbelle.fitting.plots.style import styled
from darkbelle.runfolder import canonical_json

VALUES = {"edge": 1.7768, "width": 0.0016, "step": 0.55, "slope": 0.5, "curvature": 2.0}
EDGES = np.linspace(1.70, 1.85, 3001)


@pytest.fixture
def measurement() -> Measurement:
    """A measurement as it comes back from its file, where names stand in alphabetical order."""
    measured = Measurement(
        "tau_mass",
        "tau_mass",
        "MeV",
        1776.9,
        0.5,
        {"source": Shift(0.4, -0.3, "so")},
        3.5,
        "pseudo",
        0.07,
        {"edge": {"values": VALUES}},
    )
    return Measurement.from_json(json.loads(canonical_json(measured.as_json())))


def test_the_curve_follows_the_points_and_the_edge_is_where_it_was_fitted(measurement: Measurement) -> None:
    masses = draw_masses(
        EdgeFit("arctan", VALUES, {}, np.eye(5), 50_000), (1.70, 1.85), np.random.default_rng(1)
    )
    counts = np.histogram(masses, EDGES)[0].astype(np.float64)
    with styled():
        above, below = plot_edge(EDGES, counts, measurement).axes
    curve, line = (
        item for item in above.lines if item.get_label() in ("Fitted edge function", "$P_1$, the fitted edge")
    )
    assert list(np.asarray(line.get_xdata())) == [1.7768, 1.7768]
    free = np.array([VALUES[name] for name in edge_shape("arctan").parameters])
    ends = edge_shape("arctan").integral(EDGES[[0, -1]], free)
    expected = edge_shape("arctan").density(EDGES, free) / (ends[1] - ends[0]) * counts.sum() * 2e-3
    np.testing.assert_allclose(np.asarray(curve.get_ydata()), expected, rtol=1e-9)
    pulls = np.array([bar.get_height() for bar in below.patches if isinstance(bar, Rectangle)])
    assert abs(pulls).max() < 5
    assert np.std(pulls) == pytest.approx(1.0, abs=0.35)
