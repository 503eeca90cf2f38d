from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.experiments import draw_experiments, fit_experiments
from darkbelle.fitting.fast.likelihood import expected_events
from darkbelle.fitting.fast.minimise import problem_of
from darkbelle.fitting.fast.model import NORMAL, POISSON, Model
from darkbelle.fitting.fast.multistart import lowest_minimum

Draw = Callable[..., dict[str, Any]]
KINDS = ("normsys", "both", "staterror", "shapesys")


@pytest.fixture(scope="module")
def model(draw: Draw) -> Model:
    return compile_workspace(draw(81, KINDS, bins=3))


def test_experiments_do_not_depend_on_how_they_are_divided(model: Model) -> None:
    whole = draw_experiments(model, model.start, range(12), seed=5, hypothesis=1)
    for edge in (1, 7):
        parts = [
            draw_experiments(model, model.start, numbers, seed=5, hypothesis=1)
            for numbers in (range(edge), range(edge, 12))
        ]
        np.testing.assert_array_equal(np.concatenate([part.observed for part in parts]), whole.observed)
        np.testing.assert_array_equal(np.concatenate([part.auxiliary for part in parts]), whole.auxiliary)


def test_seed_hypothesis_number_and_model_make_experiments_differ(model: Model) -> None:
    def auxiliary(model: Model, seed: int = 5, hypothesis: int = 0, number: int = 0) -> tuple[float, ...]:
        numbers = range(number, number + 1)
        drawn = draw_experiments(model, model.start, numbers, seed=seed, hypothesis=hypothesis)
        return tuple(drawn.auxiliary[0])

    other = replace(model, observed=model.observed + 1)
    different = {
        auxiliary(model),
        auxiliary(model, seed=6),
        auxiliary(model, hypothesis=1),
        auxiliary(model, number=1),
        auxiliary(other),
    }
    assert len(different) == 5


def test_experiments_have_the_moments_of_their_truth(model: Model) -> None:
    size = 4000
    truth = model.start.copy()
    truth[model.tables.constraint == NORMAL] += 0.3 * model.tables.width[model.tables.constraint == NORMAL]
    drawn = draw_experiments(model, truth, range(size), seed=1, hypothesis=0)
    expected = expected_events(model.tables, truth)
    pulls = (drawn.observed.mean(axis=0) - expected) / np.sqrt(expected / size)
    assert np.abs(pulls).max() < 4.5
    np.testing.assert_allclose(drawn.observed.var(axis=0), expected, rtol=0.15)
    width, rate = model.tables.width, model.tables.width * truth
    normal, poisson = model.tables.constraint == NORMAL, model.tables.constraint == POISSON
    assert normal.any()
    assert poisson.any()
    variance = np.where(normal, width**2, rate)[normal | poisson]
    centre = np.where(normal, truth, rate)[normal | poisson]
    auxiliary = drawn.auxiliary[:, normal | poisson]
    assert np.abs((auxiliary.mean(axis=0) - centre) / np.sqrt(variance / size)).max() < 4.5
    np.testing.assert_allclose(auxiliary.var(axis=0), variance, rtol=0.15)


@pytest.mark.parametrize("mu", [None, 0.7])
def test_batched_fits_are_those_made_one_by_one(model: Model, mu: float | None) -> None:
    drawn = draw_experiments(model, model.start, range(30), seed=2, hypothesis=0)
    fits = fit_experiments(model, drawn, model.start, fixed_poi=mu)
    assert fits.good.all()
    for row in range(30):
        problem = problem_of(model, fixed_poi=mu is not None)._replace(
            observed=drawn.observed[row], auxiliary=drawn.auxiliary[row]
        )
        alone, _ = lowest_minimum(model, problem, [model.start], mu)
        assert fits.value[row] == pytest.approx(alone.value, abs=1e-8)
        assert fits.parameters[row, model.poi] == pytest.approx(alone.parameters[model.poi], abs=1e-4)
        assert fits.slope[row] == pytest.approx(alone.slope, abs=1e-4)


def test_threads_change_nothing(model: Model) -> None:
    drawn = draw_experiments(model, model.start, range(600), seed=3, hypothesis=0)
    one, two = (fit_experiments(model, drawn, model.start, workers=workers) for workers in (1, 2))
    for ours, theirs in zip(one, two, strict=True):
        np.testing.assert_array_equal(ours, theirs)
