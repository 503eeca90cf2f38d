r"""Pseudo-experiments: data and auxiliary data drawn from a model, and many of them fitted.

Experiment number i has random numbers of its own, of the counter-based generator Philox (J. Salmon et
al., SC'11, doi:10.1145/2063384.2063405), whose key is the seed and the model, and whose counter says
hypothesis and number. So an experiment is the same in whatever batch, order or thread it is made.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from darkbelle.fitting.fast.likelihood import Problem, expected_events
from darkbelle.fitting.fast.minimise import DISTANCE, newton
from darkbelle.fitting.fast.model import NORMAL, POISSON, Flags, Model, Tables
from darkbelle.kernels.compilation import kernel
from darkbelle.vectors import Column

__all__ = ["Experiments", "Fits", "draw_experiments", "fit_experiments"]

_BATCH = 256  # experiments that a thread takes at a time


class Experiments(NamedTuple):
    """Data of experiments, shape (experiments, bins), and auxiliary data, (experiments, parameters)."""

    observed: Column
    auxiliary: Column


class Fits(NamedTuple):
    """Fits of experiments, one entry each.

    Parameters
    ----------
    parameters
        Shape (experiments, parameters).
    value
        −ln L as `Minimum` has it.
    slope
        Its derivative by the parameter of interest if that is held, 0 if it is free.
    good
        Whether a minimum was found.
    """

    parameters: Column
    value: Column
    slope: Column
    good: Flags

    def chosen(self, mask: Flags) -> Fits:
        """Return some of the fits."""
        return Fits(self.parameters[mask], self.value[mask], self.slope[mask], self.good[mask])


def draw_experiments(
    model: Model, parameters: Column, numbers: range, *, seed: int, hypothesis: int
) -> Experiments:
    """Return pseudo-experiments.

    Parameters
    ----------
    model
        Its own data enter in nothing but the key.
    parameters
        The truth, all of them. Auxiliary data are drawn about it, too.
    numbers
        Which experiments.
    seed
        From 0 to 2⁶⁴ − 1.
    hypothesis
        Experiments of different truths have different ones, or else share their random numbers.
    """
    tables = model.tables
    expected = np.maximum(expected_events(tables, parameters), 0.0)
    normal = np.flatnonzero(tables.constraint == NORMAL)
    poisson = np.flatnonzero(tables.constraint == POISSON)
    observed = np.empty((len(numbers), expected.size))
    auxiliary = np.tile(model.auxiliary, (len(numbers), 1))
    key = np.array([seed, _fingerprint(model)], dtype=np.uint64)
    for row, number in enumerate(numbers):
        # a counter has four words, of which an experiment uses up the first
        counter = np.array([0, 0, number, hypothesis], dtype=np.uint64)
        rng = np.random.Generator(np.random.Philox(key=key, counter=counter))
        observed[row] = rng.poisson(expected)
        auxiliary[row, normal] = parameters[normal] + tables.width[normal] * rng.standard_normal(normal.size)
        auxiliary[row, poisson] = rng.poisson(parameters[poisson] * tables.width[poisson])
    return Experiments(observed, auxiliary)


def _fingerprint(model: Model) -> int:
    """Return 64 bits that tell models apart, so that those of a scan have independent experiments."""
    content = model.tables.nominal.tobytes() + model.observed.tobytes()
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


def fit_experiments(
    model: Model,
    experiments: Experiments,
    starts: Column,
    *,
    fixed_poi: float | None = None,
    workers: int = 1,
) -> Fits:
    """Fit experiments, with the parameter of interest free or held.

    A second fit, from the model's start, is made where the first fails and, if −ln L may have several
    minima, everywhere; the lower one counts.

    Parameters
    ----------
    starts
        Where the fits begin, shape (parameters,) or (experiments, parameters).
    fixed_poi
        Where the parameter of interest is held.
    workers
        Threads; the fits run outside of Python's lock.
    """
    count = experiments.observed.shape[0]
    fixed, second = model.fixed.copy(), np.clip(model.start, model.lower, model.upper)
    first = np.where(fixed, starts, np.clip(starts, model.lower, model.upper))
    first = np.array(np.broadcast_to(first, (count, second.size)), dtype=np.float64)
    if fixed_poi is not None:
        fixed[model.poi] = True
        second[model.poi] = fixed_poi
        first[:, model.poi] = fixed_poi
    results = Fits(first.copy(), np.empty(count), np.empty(count), np.empty(count, dtype=np.bool_))
    fit = partial(
        _fit_range,
        model.tables,
        (model.lower, model.upper, fixed),
        experiments,
        (first, second),
        (model.poi, model.nonlinear.size > 0),
        results,
    )
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(fit, range(0, count, _BATCH)))
    return results


@kernel
def _fit_range(
    tables: Tables,
    limits: tuple[Column, Column, Flags],
    experiments: Experiments,
    starts: tuple[Column, Column],
    how: tuple[int, bool],
    results: Fits,
    begin: int,
) -> None:
    """Fit one batch; ``how`` is the parameter of interest, and whether a second fit is always made."""
    poi, thorough = how
    for row in range(begin, min(begin + _BATCH, results.value.size)):
        problem = Problem(
            experiments.observed[row], experiments.auxiliary[row], limits[0], limits[1], limits[2]
        )
        results.value[row] = np.inf
        results.good[row] = False
        for attempt in range(2):
            if attempt == 1 and results.good[row] and not thorough:
                break
            start = starts[0][row] if attempt == 0 else starts[1]
            parameters, value, slope, distance, fewest, _ = newton(tables, problem, start, poi)
            if distance < DISTANCE and fewest >= 0 and value < results.value[row]:
                results.parameters[row] = parameters
                results.value[row] = value
                results.slope[row] = slope
                results.good[row] = True
