r"""Experiments for :math:`\mathrm{CL_s}`: :math:`\tilde q_\mu` of each, and the level from many.

The test statistic is that of `darkbelle.fitting.fast.asymptotic`. Its distributions are those of
experiments drawn at the conditional best fits to the data, of :math:`\mu` and of background alone, with
auxiliary data drawn about the fitted parameters (the unconditional ensemble; ATLAS and CMS,
ATL-PHYS-PUB-2011-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtr

from darkbelle.fitting.asymptotics import BANDS
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.experiments import Experiments, draw_experiments, fit_experiments
from darkbelle.fitting.fast.model import Model
from darkbelle.fitting.studies.ensembles import TIE, rise
from darkbelle.fitting.studies.recipes import Columns, Recipe
from darkbelle.vectors import Column

__all__ = ["ExclusionEnsemble", "ToyTest", "q_tilde", "toy_test"]


@dataclass(frozen=True)
class ExclusionEnsemble(Recipe):
    r"""Experiments of a workspace's model, and :math:`\tilde q_\mu` of each: a column ``q_k`` for a value.

    Parameters
    ----------
    workspace, truth, tested, hypothesis
        As for `darkbelle.fitting.studies.ensembles.Ensemble`.
    """

    workspace: Mapping[str, Any]
    truth: tuple[float, ...]
    tested: tuple[float, ...]
    hypothesis: int

    @cached_property
    def model(self) -> Model:
        """The compiled model."""
        return compile_workspace(self.workspace)

    @property
    def cost(self) -> int:
        """A fit for each value, and a free one."""
        return max((len(self.tested) + 1) // 2, 1)

    def __str__(self) -> str:
        """Return what is tested."""
        return f"experiments for CLs at {', '.join(f'{mu:g}' for mu in self.tested)}"

    def columns(self, numbers: range, workers: int = 1) -> Columns:
        """Return q of some experiments, NaN where a fit failed."""
        truth = np.array(self.truth)
        drawn = draw_experiments(self.model, truth, numbers, seed=self.seed, hypothesis=self.hypothesis)
        return q_tilde(self.model, drawn, truth, self.tested, workers)


def q_tilde(
    model: Model, drawn: Experiments, start: Column, tested: Sequence[float], workers: int = 1
) -> Columns:
    """Return q of experiments at some values, NaN where a fit failed; the fits begin at ``start``.

    Where −ln L falls at all values its minimum lies above them, so q is 0 and the free fit is saved.
    """
    held = [fit_experiments(model, drawn, start, fixed_poi=mu, workers=workers) for mu in tested]
    rises = np.any([fit.good & (fit.slope > 0) for fit in held], axis=0) | (model.nonlinear.size > 0)
    chosen = Experiments(*(column[rises] for column in drawn))
    free = fit_experiments(model, chosen, held[0].parameters[rises], workers=workers)
    columns = {}
    for number, (mu, fit) in enumerate(zip(tested, held, strict=True)):
        q = np.where(fit.good, 0.0, np.nan)
        above = np.where(free.good & (free.parameters[:, model.poi] >= mu), 0.0, 1.0)
        q[rises] = above * rise(fit.chosen(rises), free)
        columns[f"q_{number}"] = q
    return columns


@dataclass(frozen=True)
class ToyTest:
    """CLs of one value of the parameter of interest, with the statistical errors of the experiments.

    The observed one, and those expected at −2, −1, 0, 1, 2 standard deviations of background.
    """

    levels: tuple[float, ...]
    errors: tuple[float, ...]


def toy_test(observed: float, with_signal: Column, without: Column) -> ToyTest:
    """Return CLs from q of the data and of experiments with signal and without."""
    levels, errors = _levels(np.append(without, observed), with_signal, without)
    order = np.argsort(levels[:-1], kind="stable")
    at_bands = [order[min(int(ndtr(band) * order.size), order.size - 1)] for band in BANDS]
    places = [-1, *at_bands]
    return ToyTest(tuple(levels[places].tolist()), tuple(errors[places].tolist()))


def _levels(q: Column, with_signal: Column, without: Column) -> tuple[Column, Column]:
    """Return CLs at values of q, and its errors, from q of experiments with signal and without."""
    tails = []
    for sample in (with_signal, without):
        ordered = np.sort(sample)
        above = sample.size - np.searchsorted(ordered, q - TIE)
        # none of n is less than one of n: half of one keeps logarithms finite
        tails.append((np.maximum(above, 0.5) / sample.size, sample.size))
    levels = tails[0][0] / tails[1][0]
    variance = sum((1 - share) / (share * size) for share, size in tails)
    return levels, levels * np.sqrt(variance)
