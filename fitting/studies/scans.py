"""Experiments of a whole mass scan: one set of data, looked at under every hypothesis.

The bins of each hypothesis are sums of common *fine* bins, which are what is drawn, so that hypotheses
share their data as they do in reality. Auxiliary data are shared by the name of the parameter; those
of the statistics of simulation likewise, unless bins differ between hypotheses. Then each fine bin
fluctuates by the variance of its simulation, and a bin of a fit by the sum of its fine bins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.experiments import Experiments, fit_experiments
from darkbelle.fitting.fast.model import NORMAL, POISSON, Indices, Model
from darkbelle.fitting.studies.ensembles import rise
from darkbelle.fitting.studies.recipes import Columns, Recipe
from darkbelle.vectors import Column

__all__ = ["ScanEnsemble"]


class _Shared(NamedTuple):
    """What all hypotheses share in some experiments, an experiment a row."""

    observed: Column  # by fine bin
    simulated: Column  # normal variables by fine bin
    normal: dict[str, Column]  # by parameter, in units of its width
    poisson: dict[str, Column]


@dataclass(frozen=True)
class ScanEnsemble(Recipe):
    """Experiments of background, each with √q₀ of every hypothesis: columns ``z_0``, ``z_1`` ….

    Parameters
    ----------
    workspaces
        One a hypothesis, in the order of the scan.
    expected, variances
        Of background by fine bin: expected events, and the variance of their simulation; no variances
        if all hypotheses have the same bins.
    bins
        For each hypothesis and each of its bins, in the order of the model, the fine bins in it.
    truths
        Values of nuisance parameters by name that experiments are drawn at; others are at their start.
    """

    workspaces: tuple[Mapping[str, Any], ...]
    expected: tuple[float, ...]
    bins: tuple[tuple[tuple[int, ...], ...], ...]
    truths: Mapping[str, float]
    variances: tuple[float, ...] = ()

    @cached_property
    def models(self) -> list[Model]:
        """The compiled models."""
        return [compile_workspace(workspace) for workspace in self.workspaces]

    @property
    def cost(self) -> int:
        """One a hypothesis."""
        return len(self.workspaces)

    def __str__(self) -> str:
        """Return the number of hypotheses."""
        return f"experiments of {len(self.workspaces)} hypotheses"

    def columns(self, numbers: range, workers: int = 1) -> Columns:
        """Return √q₀ of some experiments, NaN where a fit failed."""
        shared = self._draw(numbers)
        return {f"z_{index}": self._local(index, shared, workers) for index in range(len(self.workspaces))}

    def _local(self, index: int, shared: _Shared, workers: int) -> Column:
        model = self.models[index]
        data = self._data(index, shared)
        start = self._truth(model)
        background = fit_experiments(model, data, start, fixed_poi=0.0, workers=workers)
        # where −ln L rises with the signal, and has one minimum, it is lowest without
        q = np.where(background.good, 0.0, np.nan)
        chosen = background.good & ((background.slope < 0) | (model.nonlinear.size > 0))
        free = fit_experiments(
            model,
            Experiments(*(column[chosen] for column in data)),
            background.parameters[chosen],
            workers=workers,
        )
        q[chosen] = rise(background.chosen(chosen), free)
        z: Column = np.sqrt(q)
        return z

    def _truth(self, model: Model) -> Column:
        truth = model.start.copy()
        for parameter, name in enumerate(model.names):
            truth[parameter] = self.truths.get(name, truth[parameter])
        truth[model.poi] = 0.0
        return truth

    @cached_property
    def _names(self) -> tuple[list[str], dict[str, float]]:
        """Names of parameters with normal constraints, and of those with Poisson ones their rates."""
        normal: dict[str, None] = {}
        poisson: dict[str, float] = {}
        for model in self.models:
            truth, tables = self._truth(model), model.tables
            for parameter, name in enumerate(model.names):
                if tables.constraint[parameter] == NORMAL:
                    normal[name] = None
                elif tables.constraint[parameter] == POISSON:
                    poisson[name] = float(truth[parameter] * tables.width[parameter])
        return list(normal), poisson

    @cached_property
    def _key(self) -> int:
        content = np.array(self.expected).tobytes() + np.array(self.variances).tobytes()
        return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")

    def _draw(self, numbers: range) -> _Shared:
        names, rates = self._names
        expected = np.array(self.expected)
        observed, simulated = np.empty((len(numbers), expected.size)), np.zeros((len(numbers), expected.size))
        normal, poisson = np.empty((len(numbers), len(names))), np.empty((len(numbers), len(rates)))
        key = np.array([self.seed, self._key], dtype=np.uint64)
        for row, number in enumerate(numbers):
            counter = np.array([0, 0, number, 0], dtype=np.uint64)
            rng = np.random.Generator(np.random.Philox(key=key, counter=counter))
            observed[row] = rng.poisson(expected)
            normal[row] = rng.standard_normal(len(names))
            poisson[row] = rng.poisson(list(rates.values()))
            if self.variances:
                simulated[row] = rng.standard_normal(expected.size)
        return _Shared(
            observed,
            simulated * np.sqrt(self.variances) if self.variances else simulated,
            dict(zip(names, normal.T, strict=True)),
            dict(zip(rates, poisson.T, strict=True)),
        )

    def _data(self, index: int, shared: _Shared) -> Experiments:
        """Return the experiments as one hypothesis sees them."""
        model, tables = self.models[index], self.models[index].tables
        groups = self.bins[index]
        observed = _summed(shared.observed, groups)
        truth = self._truth(model)
        auxiliary = np.tile(model.auxiliary, (observed.shape[0], 1))
        for parameter, name in enumerate(model.names):
            if tables.constraint[parameter] == NORMAL:
                auxiliary[:, parameter] = truth[parameter] + tables.width[parameter] * shared.normal[name]
            elif tables.constraint[parameter] == POISSON:
                auxiliary[:, parameter] = shared.poisson[name]
        if self.variances:
            bins, local = _simulated(model)
            spread = np.sqrt(_summed(np.array([self.variances]), groups)[0])
            pulls = _summed(shared.simulated, groups)[:, bins] / np.where(spread > 0, spread, 1.0)[bins]
            auxiliary[:, local] = truth[local] + tables.width[local] * pulls
        return Experiments(observed, auxiliary)


def _simulated(model: Model) -> tuple[Indices, Indices]:
    """Return the bins whose local parameter has a normal constraint, a staterror, and these parameters."""
    local = model.tables.local_parameter
    bins = np.flatnonzero(local >= 0)
    bins = bins[model.tables.constraint[local[bins]] == NORMAL]
    return bins, local[bins]


def _summed(fine: Column, groups: tuple[tuple[int, ...], ...]) -> Column:
    return np.stack([fine[:, list(group)].sum(axis=1) for group in groups], axis=1)
