"""Spectra that a fit does not take at the first attempt."""

from __future__ import annotations

import numpy as np
import pytest

from darkbelle.errors import FitError
from darkbelle.fitting.edge import EdgeFit, fit_edge
from darkbelle.fitting.edge.toys import draw_masses
from darkbelle.vectors import Column

EDGES = np.linspace(1.70, 1.85, 3001)
# above its edge hardly anything is left: the constant, in whose units the other terms are, is nearly free
STEEP = {"edge": 1.7794, "width": 0.001, "step": 0.6, "slope": -2.1, "curvature": -6.0}


def spectrum(values: dict[str, float], events: int, seed: int) -> Column:
    truth = EdgeFit("arctan", values, {}, np.eye(5), events)
    masses = draw_masses(truth, (EDGES[0], EDGES[-1]), np.random.default_rng(seed))
    return np.histogram(masses, EDGES)[0].astype(np.float64)


@pytest.mark.parametrize("seed", [0, 10])
def test_a_shape_that_does_not_converge_at_once_is_started_elsewhere(seed: int) -> None:
    fit = fit_edge(EDGES, spectrum(STEEP, 2000, seed), shape="tilted_arctan")
    assert fit.edge == pytest.approx(STEEP["edge"], abs=4 * fit.edge_error)
    assert fit.goodness is not None
    assert fit.goodness.p_value > 1e-3


@pytest.mark.parametrize("start", [1.71, 1.74, 1.83])
def test_a_start_far_from_the_edge_leads_to_the_same_minimum(start: float) -> None:
    counts = spectrum(STEEP | {"step": 0.55, "slope": 0.5, "curvature": 2.0}, 20_000, seed=1)
    scanned = fit_edge(EDGES, counts)
    far = fit_edge(EDGES, counts, start={**scanned.values, "edge": start, "width": 2e-4})
    assert far.edge == pytest.approx(scanned.edge, abs=0.02 * scanned.edge_error)


def test_what_has_no_minimum_is_an_error_that_says_what_was_tried() -> None:
    one_event = np.zeros(3000)
    one_event[1419] = 1.0
    with pytest.raises(FitError, match=r"did not converge in 12 attempts .* look at the spectrum"):
        fit_edge(EDGES, one_event, shape="tilted_arctan")
