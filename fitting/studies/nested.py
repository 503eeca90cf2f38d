"""Experiments each of which is analysed by experiments of its own: coverage of what rests on toys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.asymptotic import analyse
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.experiments import draw_experiments, fit_experiments
from darkbelle.fitting.fast.model import Model
from darkbelle.fitting.fast.toys import Toys, toy_test
from darkbelle.fitting.studies.ensembles import TIE, rise
from darkbelle.fitting.studies.recipes import Columns, Recipe, sound

__all__ = ["NestedEnsemble"]

_OUTER, _INNER = 2, 3  # hypotheses, as they enter the random numbers


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
        """All that is made for an experiment: three hypotheses' worth of inner ones."""
        return 3 * self.inner

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
            toys = Toys(self.inner, (self.seed + number + 1) % 2**64, workers)
            try:
                columns["unified"][row] = _unified(data, self.mu, toys)
                columns["cls"][row] = toy_test(data, self.mu, toys).observed if self.mu > 0 else 1.0
            except FitError:
                continue
        return columns


def _unified(model: Model, mu: float, toys: Toys) -> float:
    """Return the share of experiments at a value that are as far from it as the data, or farther."""
    profile = analyse(model).on_data
    truth = profile.fit(mu).parameters
    drawn = draw_experiments(model, truth, range(toys.number), seed=toys.seed, hypothesis=_INNER)
    free = fit_experiments(model, drawn, truth, workers=toys.workers)
    held = fit_experiments(model, drawn, free.parameters, fixed_poi=mu, workers=toys.workers)
    columns, _ = sound({"rise": rise(held, free)})
    return float(np.mean(columns["rise"] >= profile.q(mu)[0] - TIE))
