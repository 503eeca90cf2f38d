"""Experiments each of which is analysed by experiments of its own: coverage of what rests on toys."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.asymptotic import analyse
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.experiments import Experiments, draw_experiments, fit_experiments
from darkbelle.fitting.fast.model import Model
from darkbelle.fitting.studies.ensembles import TIE, rise
from darkbelle.fitting.studies.exclusion import q_tilde, toy_test
from darkbelle.fitting.studies.recipes import Columns, Recipe, sound
from darkbelle.vectors import Column

__all__ = ["NestedEnsemble"]

_OUTER, _INNER, _INNER_BACKGROUND = 2, 3, 0  # hypotheses, as they enter the random numbers


@dataclass(frozen=True)
class NestedEnsemble(Recipe):
    r"""Experiments at one truth, and what toys say of that truth when each of them is the data.

    Its columns are ``unified``, the p-value by :math:`t_\mu` with nuisance parameters of the inner
    experiments at the conditional fit (the profile construction), and ``cls``, from toys likewise.

    Parameters
    ----------
    workspace, truth
        As for `Ensemble`.
    mu
        The true value of the parameter of interest.
    inner
        Experiments made for each experiment and hypothesis.
    """

    workspace: Mapping[str, Any]
    truth: tuple[float, ...]
    mu: float
    inner: int

    @cached_property
    def model(self) -> Model:
        """The compiled model."""
        return compile_workspace(self.workspace)

    @property
    def cost(self) -> int:
        """All that is made for an experiment: inner ones of two hypotheses."""
        return 2 * self.inner

    def __str__(self) -> str:
        """Return the truth."""
        return f"nested experiments at {self.mu:g}"

    def columns(self, numbers: range, workers: int = 1) -> Columns:
        """Return the columns of some experiments."""
        drawn = draw_experiments(self.model, np.array(self.truth), numbers, seed=self.seed, hypothesis=_OUTER)
        columns = {name: np.full(len(numbers), np.nan) for name in ("unified", "cls")}
        for row, number in enumerate(numbers):
            data = replace(self.model, observed=drawn.observed[row], auxiliary=drawn.auxiliary[row])
            # every experiment has inner ones of its own, also where its data are those of another
            inner = _Inner(self.inner, (self.seed + number + 1) % 2**64, workers)
            with suppress(FitError):
                columns["unified"][row], columns["cls"][row] = _p_values(data, self.mu, inner)
        return columns


class _Inner(NamedTuple):
    """How many experiments a hypothesis, from what seed, on how many threads."""

    toys: int
    seed: int
    workers: int

    def draw(self, model: Model, truth: Column, hypothesis: int) -> Experiments:
        return draw_experiments(model, truth, range(self.toys), seed=self.seed, hypothesis=hypothesis)


def _p_values(model: Model, mu: float, inner: _Inner) -> tuple[float, float]:
    """Return the share of experiments at a value that are as far from it as the data, and CLs."""
    analysis = analyse(model)
    truth = analysis.on_data.fit(mu).parameters
    drawn = inner.draw(model, truth, _INNER)
    free = fit_experiments(model, drawn, truth, workers=inner.workers)
    held = fit_experiments(model, drawn, free.parameters, fixed_poi=mu, workers=inner.workers)
    made, _ = sound({"rise": rise(held, free), "best": free.parameters[:, model.poi]})
    unified = float(np.mean(made["rise"] >= analysis.on_data.q(mu)[0] - TIE))
    if mu == 0:
        return unified, 1.0
    start = analysis.background.parameters
    without = inner.draw(model, start, _INNER_BACKGROUND)
    alone, _ = sound(q_tilde(model, without, start, (mu,), inner.workers))
    observed = analysis.on_data.q(mu)[0] if mu > analysis.best.parameters[model.poi] else 0.0
    with_signal = np.where(made["best"] < mu, made["rise"], 0.0)
    return unified, toy_test(observed, with_signal, alone["q_0"]).levels[0]
