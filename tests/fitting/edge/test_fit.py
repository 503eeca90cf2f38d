from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from darkbelle.errors import FitError
from darkbelle.fitting.edge import EdgeFit, edge_shape, fit_edge, fit_edge_unbinned
from darkbelle.fitting.edge.likelihood import BinnedEdge, UnbinnedEdge
from darkbelle.fitting.edge.toys import draw_masses, edge_pulls
from darkbelle.vectors import Column

LIMITS = (1.70, 1.85)
EDGES = np.linspace(*LIMITS, 3001)


@pytest.fixture
def masses(truth: EdgeFit) -> Column:
    return draw_masses(truth, LIMITS, np.random.default_rng(7))


@pytest.fixture
def counts(masses: Column) -> Column:
    return np.histogram(masses, EDGES)[0].astype(np.float64)


def test_the_edge_comes_back(truth: EdgeFit, counts: Column) -> None:
    fit = fit_edge(EDGES, counts)
    for name, value in truth.values.items():
        assert fit.values[name] == pytest.approx(value, abs=4 * fit.errors[name])
    assert fit.edge_error < 0.2e-3
    assert fit.goodness is not None
    assert fit.goodness.p_value > 1e-3


def test_fine_bins_give_the_unbinned_answer_to_2_kev(masses: Column, counts: Column) -> None:
    binned, unbinned = fit_edge(EDGES, counts), fit_edge_unbinned(masses, LIMITS)
    assert unbinned.edge == pytest.approx(binned.edge, abs=2e-6)
    assert unbinned.edge_error == pytest.approx(binned.edge_error, rel=0.02)


def test_gradients_of_both_likelihoods_are_their_slopes(
    truth: EdgeFit, masses: Column, counts: Column
) -> None:
    shape = edge_shape("arctan")
    at = truth.parameters * 1.01
    at[0] = 1.7770
    for likelihood in (BinnedEdge(shape, EDGES, counts), UnbinnedEdge(shape, masses, LIMITS)):
        numeric = approx_fprime(at, likelihood.value, 1e-7 * np.abs(at))
        np.testing.assert_allclose(likelihood.gradient(at), numeric, rtol=1e-3, atol=5.0)


def test_the_unbinned_sum_is_that_of_the_logarithms(truth: EdgeFit, masses: Column) -> None:
    shape, few = edge_shape("arctan"), masses[:1001]
    ends = shape.integral(np.array(LIMITS), truth.parameters)
    density = shape.density(few, truth.parameters) * (LIMITS[1] - LIMITS[0]) / (ends[1] - ends[0])
    found = UnbinnedEdge(shape, few, LIMITS).value(truth.parameters)
    assert found == pytest.approx(-np.log(density).sum(), rel=1e-12)


def test_minos_is_where_the_likelihood_falls_by_a_half(counts: Column) -> None:
    fit = fit_edge(EDGES, counts, minos=True)
    assert fit.minos is not None
    low, high = fit.minos
    assert -low == pytest.approx(fit.edge_error, rel=0.05)
    assert high == pytest.approx(fit.edge_error, rel=0.05)


def test_an_edge_elsewhere_is_found(truth: EdgeFit) -> None:
    moved = replace(truth, values={**truth.values, "edge": 1.7868})
    counts, _ = np.histogram(draw_masses(moved, LIMITS, np.random.default_rng(8)), EDGES)
    fit = fit_edge(EDGES, counts.astype(np.float64))
    assert fit.edge == pytest.approx(1.7868, abs=4 * fit.edge_error)


@pytest.mark.parametrize("shape", ["tilted_arctan", "all", "erf"])
def test_other_functions_find_it_nearby(truth: EdgeFit, counts: Column, shape: str) -> None:
    assert fit_edge(EDGES, counts, shape=shape).edge == pytest.approx(truth.edge, abs=0.5e-3)


def test_a_wrong_function_fits_badly(truth: EdgeFit) -> None:
    # the tails of an arctangent are no Gaussian's: a million events tell
    many = replace(truth, events=1_000_000)
    counts, _ = np.histogram(draw_masses(many, LIMITS, np.random.default_rng(9)), EDGES)
    goodness = fit_edge(EDGES, counts.astype(np.float64), shape="erf").goodness
    assert goodness is not None
    assert goodness.p_value < 1e-3


def test_weights_of_a_quarter_double_the_error_but_not_that_of_the_simulation(counts: Column) -> None:
    whole, quarter = fit_edge(EDGES, counts), fit_edge(EDGES, counts / 4)
    simulated = np.linalg.norm(whole.fluctuations(counts))
    assert simulated == pytest.approx(whole.edge_error, rel=0.05)
    assert quarter.edge_error == pytest.approx(2 * whole.edge_error, rel=0.01)
    assert np.linalg.norm(quarter.fluctuations(counts / 16)) == pytest.approx(simulated, rel=0.01)


def test_pulls_are_a_unit_gaussian(truth: EdgeFit) -> None:
    pulls = edge_pulls(replace(truth, events=20_000), EDGES, toys=120, seed=3)
    assert pulls.failed == 0
    mean, mean_error = pulls.mean
    width, width_error = pulls.width
    assert abs(mean) < 4 * mean_error
    assert abs(width - 1) < 4 * width_error


def test_what_cannot_be_fitted_is_refused(masses: Column) -> None:
    with pytest.raises(FitError, match="got none"):
        fit_edge(EDGES, np.zeros(3000))
    with pytest.raises(FitError, match="1 masses are NaN"):
        fit_edge_unbinned(np.append(masses, np.nan), LIMITS)
    with pytest.raises(FitError, match="use fit_edge"):
        fit_edge_unbinned(masses, LIMITS, shape="erf")
