from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyhf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, xlogy

from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.curvature import gradient_and_hessian
from darkbelle.fitting.fast.likelihood import Events, Problem, local_optimum, profiled_value
from darkbelle.fitting.fast.minimise import problem_of
from darkbelle.fitting.fast.model import FREE, NORMAL, POISSON, Model

Draw = Callable[..., dict[str, Any]]
Array = NDArray[np.float64]
KINDS = ("normsys", "histosys", "both", "staterror", "shapesys", "shapefactor", "lumi", "normfactor")


def value_at(model: Model, problem: Problem, parameters: Array) -> float:
    events = Events(*(np.empty(problem.observed.size) for _ in range(3)))
    return float(profiled_value(model.tables, problem, parameters.copy(), events))


def everything_fixed(model: Model) -> Problem:
    return problem_of(model)._replace(fixed=np.ones(model.start.size, dtype=bool))


def saturated(model: Model) -> float:
    """Return ln L where each datum equals its expectation, by the definitions of the densities."""

    def at_best(n: Array) -> float:
        return float(np.sum(xlogy(n, n) - n - gammaln(n + 1)))

    kind, width = model.tables.constraint, model.tables.width
    normal = -np.log(width[kind == NORMAL] * np.sqrt(2 * np.pi)).sum()
    return at_best(model.observed) + float(normal) + at_best(model.auxiliary[kind == POISSON])


def inside(model: Model, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    moved = model.start + rng.normal(0, 0.7, model.start.size)
    found: Array = np.clip(moved, model.lower + 0.05, model.upper)
    return found


@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), KINDS], ids=[*KINDS, "all"])
def test_log_likelihood_is_that_of_pyhf(kinds: tuple[str, ...], draw: Draw) -> None:
    workspace = draw(11, kinds)
    content = pyhf.Workspace(workspace)
    theirs = content.model()
    data = content.data(theirs)
    model = compile_workspace(workspace)
    for seed in range(3):
        parameters = inside(model, seed)
        expected = float(theirs.logpdf(parameters, data)[0])
        ours = saturated(model) - value_at(model, everything_fixed(model), parameters)
        assert ours == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kinds", [("normsys", "histosys", "both", "staterror"), KINDS], ids=["usual", "all"])
def test_derivatives_equal_finite_differences(seed: int, kinds: tuple[str, ...], draw: Draw) -> None:
    model = compile_workspace(draw(seed, kinds, size=0.2))
    problem = problem_of(model)
    centre = inside(model, seed)
    gradient, hessian = gradient_and_hessian(model, problem, centre)
    step = 1e-5
    for place, p in enumerate(model.tables.dense):
        shift = np.zeros(centre.size)
        shift[p] = step
        slope = (value_at(model, problem, centre + shift) - value_at(model, problem, centre - shift)) / (
            2 * step
        )
        assert slope == pytest.approx(gradient[place], rel=1e-6, abs=1e-6 * np.abs(gradient).max())
        above, _ = gradient_and_hessian(model, problem, centre + shift)
        below, _ = gradient_and_hessian(model, problem, centre - shift)
        row = (above - below) / (2 * step)
        np.testing.assert_allclose(row, hessian[place], rtol=1e-5, atol=1e-6 * np.abs(hessian).max())


def test_derivatives_at_no_signal_are_right(draw: Draw) -> None:
    """Where one factor vanishes, products without it must not be had by division."""
    model = compile_workspace(draw(5, ("normsys", "both", "staterror")))
    problem = problem_of(model)
    centre = model.start.copy()
    centre[model.poi] = 0.0
    gradient, hessian = gradient_and_hessian(model, problem, centre)
    step = 1e-5
    shift = np.zeros(centre.size)
    shift[model.poi] = step
    above, below = (gradient_and_hessian(model, problem, centre + sign * shift)[0] for sign in (1, -1))
    place = model.tables.position[model.poi]
    difference = value_at(model, problem, centre + shift) - value_at(model, problem, centre - shift)
    assert difference / (2 * step) == pytest.approx(gradient[place], rel=1e-7)
    np.testing.assert_allclose((above - below) / (2 * step), hessian[place], rtol=1e-5, atol=1e-6)


@settings(deadline=None, max_examples=200)
@given(
    kind=st.sampled_from([NORMAL, POISSON, FREE]),
    plain=st.floats(0, 50),
    carrying=st.floats(0.01, 200),
    observed=st.sampled_from([0.0, 1.0, 7.0, 60.0, 300.0]),
    width=st.floats(0.01, 0.6),
)
def test_local_parameters_are_at_their_optimum(
    kind: int, plain: float, carrying: float, observed: float, width: float
) -> None:
    """The closed forms against a search, on a bin of its own."""
    factor = width if kind == NORMAL else 1 / width**2
    auxiliary = 1.1 if kind == NORMAL else 1.1 * factor

    def value(gamma: float) -> float:
        expected = plain + gamma * carrying
        likelihood = expected - xlogy(observed, expected)
        if kind == NORMAL:
            return float(likelihood + ((gamma - auxiliary) / factor) ** 2 / 2)
        if kind == POISSON:
            return float(likelihood + factor * gamma - xlogy(auxiliary, factor * gamma))
        return float(likelihood)

    found = local_optimum(kind, (auxiliary, factor), plain, carrying, observed, 1.0)
    clipped = min(max(found, 1e-10), 10.0)
    best = minimize_scalar(value, bounds=(1e-10, 10.0), method="bounded", options={"xatol": 1e-10})
    assert value(clipped) <= best.fun + 1e-7 * (1 + abs(best.fun))


def test_a_bin_without_nominal_events_leaves_its_local_parameter_alone() -> None:
    assert local_optimum(NORMAL, (1.0, 0.2), 3.0, 0.0, 5.0, 0.4) == 1.0
    assert local_optimum(POISSON, (4.0, 4.0), 3.0, 0.0, 5.0, 0.4) == 1.0
    assert local_optimum(FREE, (0.0, 1.0), 3.0, 0.0, 5.0, 0.4) == 0.4
