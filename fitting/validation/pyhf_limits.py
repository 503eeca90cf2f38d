"""Limits by pyhf: its likelihood, its fits from its own starting values, and a root of CLs.

As `pyhf.infer.hypotest` does it, but fits that do not depend on the parameter of interest are made once.
Each fit is made by both of pyhf's minimisers, so that it shows where pyhf has converged.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyhf
from scipy.optimize import brentq

from darkbelle.errors import FitError
from darkbelle.fitting.asymptotics import BANDS, band_target, confidence_s
from darkbelle.fitting.validation.testset import Case
from darkbelle.vectors import Column

__all__ = ["MINIMISERS", "Profile", "limits_from_profiles", "model_and_data", "pyhf_limits"]

MINIMISERS: dict[str, Callable[[], Any]] = {
    "slsqp": lambda: pyhf.optimize.scipy_optimizer(tolerance=1e-11, maxiter=100_000),
    "minuit": lambda: pyhf.optimize.minuit_optimizer(tolerance=1e-4, strategy=1, maxiter=100_000),
}
_NEAR = 1e-3  # half the relative width of the first bracket
_FACTORS = (1.1, 2.0, 10.0, 100.0)  # by which brackets grow
_PRECISION = 1e-7

Profile = Callable[[float], float]  # −2 ln L at a parameter of interest, all others at their best


def model_and_data(case: Case) -> tuple[Any, Column]:
    """Return the model and the data of a case, as pyhf has them."""
    content = pyhf.Workspace(case.workspace)
    codes = {"normsys": {"interpcode": case.normsys}, "histosys": {"interpcode": case.histosys}}
    model = content.model(modifier_settings=codes)
    return model, np.asarray(content.data(model), dtype=np.float64)


@dataclass
class _Fits:
    """The fits of pyhf to some data with the parameter of interest fixed, each made once."""

    model: Any
    data: Column
    made: dict[float, float] = field(default_factory=dict)

    def __call__(self, mu: float) -> float:
        if mu not in self.made:
            _, value = pyhf.infer.mle.fixed_poi_fit(mu, self.data, self.model, return_fitted_val=True)
            self.made[mu] = float(value)
        return self.made[mu]


@contextmanager
def minimiser(name: str) -> Iterator[None]:
    """Use one of pyhf's minimisers, with the numpy backend."""
    before = pyhf.get_backend()
    pyhf.set_backend("numpy", MINIMISERS[name]())
    logger = logging.getLogger("pyhf")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # a failure is raised, too, without a page of tables
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of negative rates, on the way to a minimum
            yield
    finally:
        logger.setLevel(level)
        pyhf.set_backend(*before)


def pyhf_limits(case: Case, by: str, near: tuple[float, ...]) -> tuple[float, ...]:
    """Return the observed limit and the expected ones, at 95 % confidence level.

    Parameters
    ----------
    case
        The workspace.
    by
        One of `MINIMISERS`.
    near
        Where to look for the limits first; the answer does not depend on it.

    Raises
    ------
    FitError
        pyhf has no answer: a minimiser failed, or CLs has no crossing.
    """
    with minimiser(by):
        model, data = model_and_data(case)
        try:
            best, lowest = pyhf.infer.mle.fit(data, model, return_fitted_val=True)
            background = pyhf.infer.mle.fixed_poi_fit(0.0, data, model)
            asimov = np.asarray(model.expected_data(background))
            _, asimov_lowest = pyhf.infer.mle.fit(asimov, model, return_fitted_val=True)
            return limits_from_profiles(
                (_Fits(model, data), float(lowest)),
                (_Fits(model, asimov), float(asimov_lowest)),
                float(best[model.config.poi_index]),
                near,
            )
        except pyhf.exceptions.FailedMinimization as error:
            raise FitError(f"the minimiser {by} failed") from error
        except AttributeError as error:  # pyhf's minuit cannot do a fit in which all is fixed
            raise FitError(f"the minimiser {by} cannot do a fit without free parameters") from error


def limits_from_profiles(
    on_data: tuple[Profile, float],
    on_asimov: tuple[Profile, float],
    best_fit: float,
    near: tuple[float, ...],
    confidence_level: float = 0.95,
) -> tuple[float, ...]:
    """Return the observed limit and the expected ones, from profiles with their lowest values."""

    def q_asimov(mu: float) -> float:
        return max(on_asimov[0](mu) - on_asimov[1], 0.0)

    def excess(mu: float) -> float:
        q = max(on_data[0](mu) - on_data[1], 0.0) if mu > best_fit else 0.0
        return -math.log(confidence_s(q, q_asimov(mu)) / (1 - confidence_level))

    def rise(mu: float, target: float) -> float:
        return math.sqrt(q_asimov(mu)) - target

    limits = [_root(excess, near[0])]
    for band, guess in zip(BANDS, near[1:], strict=True):
        limits.append(_root(partial(rise, target=band_target(band, confidence_level)), guess))
    return tuple(limits)


def _root(function: Callable[[float], float], guess: float) -> float:
    """Return where a function rises through zero, by brackets that grow about a guess."""
    low, high = guess * (1 - _NEAR), guess * (1 + _NEAR)
    below, above = function(low), function(high)
    for factor in _FACTORS:
        if below < 0 < above:
            break
        low, high = guess / factor, guess * factor
        below, above = function(low), function(high)
    if not below < 0 < above:
        raise FitError(f"no crossing between {low:g} and {high:g}, where it is {below:g} and {above:g}")
    if high - low <= 2.001 * _NEAR * guess:  # straight to the square of it
        return low - below * (high - low) / (above - below)
    return float(brentq(function, low, high, rtol=_PRECISION, xtol=_PRECISION * guess))
