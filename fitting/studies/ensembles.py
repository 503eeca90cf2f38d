r"""Experiments of one model at one truth, and the likelihood ratios of each.

For tested values :math:`\mu` of the parameter of interest the *rise* is

.. math:: t_\mu = -2 \ln \frac{L(\mu, \hat{\hat\theta})}{L(\hat\mu, \hat\theta)},

with :math:`\hat\mu` within its bounds, from 0 on. It is :math:`\tilde t_\mu` of G. Cowan, K. Cranmer,
E. Gross, O. Vitells, Eur. Phys. J. C 71 (2011) 1554, arXiv:1007.1727, eq. 11; :math:`\tilde q_\mu` and
:math:`q_0` are the same on one side of :math:`\hat\mu` and 0 on the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.curvature import covariance
from darkbelle.fitting.fast.experiments import Experiments, Fits, draw_experiments, fit_experiments
from darkbelle.fitting.fast.likelihood import expected_events
from darkbelle.fitting.fast.minimise import problem_of
from darkbelle.fitting.fast.model import NORMAL, POISSON, Model
from darkbelle.fitting.studies.recipes import Columns, Recipe
from darkbelle.vectors import Column

__all__ = ["TIE", "Ensemble", "rise"]

TIE = 1e-6  # of a rise, within which two experiments are equally far from a hypothesis


@dataclass(frozen=True)
class Ensemble(Recipe):
    """Experiments of a workspace's model.

    Its columns are ``best``, the fitted parameter of interest, ``error``, its standard deviation from
    the inverse Hessian if ``errors``, and for each number k of a tested value ``rise_k``; if
    ``asimov``, also ``asimov_k``, the rise of the experiment's own Asimov data of background.

    Parameters
    ----------
    workspace
        As pyhf's schema 1.0.0 wants it, with one measurement.
    truth
        Values of all parameters that experiments are drawn at, auxiliary data included.
    tested
        Values of the parameter of interest.
    hypothesis
        Ensembles with the same one share their random numbers, as far as the model's data are the same.
    """

    workspace: Mapping[str, Any]
    truth: tuple[float, ...]
    tested: tuple[float, ...]
    hypothesis: int = 1
    errors: bool = False
    asimov: bool = False

    @cached_property
    def model(self) -> Model:
        """The compiled model."""
        return compile_workspace(self.workspace)

    @property
    def cost(self) -> int:
        """One."""
        return 1

    def __str__(self) -> str:
        """Return what is tested."""
        return f"experiments tested at {', '.join(f'{mu:g}' for mu in self.tested)}"

    def columns(self, numbers: range, workers: int = 1) -> Columns:
        """Return the columns of some experiments."""
        model, truth = self.model, np.array(self.truth)
        drawn = draw_experiments(model, truth, numbers, seed=self.seed, hypothesis=self.hypothesis)
        free = fit_experiments(model, drawn, truth, workers=workers)
        columns = {"best": np.where(free.good, free.parameters[:, model.poi], np.nan)}
        if self.errors:
            columns["error"] = _errors(model, drawn, free)
        for number, mu in enumerate(self.tested):
            held = fit_experiments(model, drawn, free.parameters, fixed_poi=mu, workers=workers)
            columns[f"rise_{number}"] = rise(held, free)
        if self.asimov:
            columns |= self._asimov(drawn, free.parameters, workers)
        return columns

    def _asimov(self, drawn: Experiments, starts: Column, workers: int) -> Columns:
        """Return the rises of Asimov data at each experiment's own fit of background."""
        model, tables = self.model, self.model.tables
        fits = fit_experiments(model, drawn, starts, fixed_poi=0.0, workers=workers)
        auxiliary = np.where(tables.constraint == NORMAL, fits.parameters, drawn.auxiliary)
        auxiliary = np.where(tables.constraint == POISSON, fits.parameters * tables.width, auxiliary)
        observed = np.array([expected_events(tables, row) for row in fits.parameters])
        data = Experiments(np.maximum(observed, 0.0), auxiliary)
        columns = {}
        for number, mu in enumerate(self.tested):
            held = fit_experiments(model, data, fits.parameters, fixed_poi=mu, workers=workers)
            # the Asimov data's own minimum is 0, where they are met exactly
            columns[f"asimov_{number}"] = np.where(fits.good & held.good, 2 * held.value, np.nan)
        return columns


def rise(held: Fits, free: Fits) -> Column:
    """Return the rise of −2 ln L from free fits to held ones, NaN where one of them failed."""
    good = held.good & free.good
    values = np.full(good.size, np.nan)
    values[good] = np.maximum(
        2 * (held.value[good] - free.value[good]), 0.0
    )  # of failed ones both are infinite
    return values


def _errors(model: Model, drawn: Experiments, free: Fits) -> Column:
    """Return the standard deviation of the parameter of interest; infinite where data do not determine it."""
    errors = np.where(free.good, np.inf, np.nan)
    base = problem_of(model)
    for row in np.flatnonzero(free.good):
        problem = base._replace(observed=drawn.observed[row], auxiliary=drawn.auxiliary[row])
        with suppress(FitError):
            indices, matrix = covariance(model, problem, free.parameters[row])
            place = int(np.searchsorted(indices, model.poi))
            errors[row] = np.sqrt(matrix[place, place])
    return errors
