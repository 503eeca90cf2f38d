r"""CLs and upper limits from pseudo-experiments instead of asymptotic formulas.

The test statistic is :math:`\tilde q_\mu` as in `asymptotic`. Its distributions are those of experiments
drawn at the conditional best fits to the data, of :math:`\mu` and of background alone, with auxiliary
data drawn about the fitted parameters (the unconditional ensemble; ATLAS and CMS, ATL-PHYS-PUB-2011-11).
Experiments of background are the same for all :math:`\mu`, and those of signal use the same random
numbers, so that :math:`\mathrm{CL_s}` falls nearly without noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr

from darkbelle.errors import FitError
from darkbelle.fitting.asymptotics import BANDS, check_confidence_level
from darkbelle.fitting.fast.asymptotic import (
    Analysis,
    AsymptoticLimits,
    analyse,
    asymptotic_limits,
)
from darkbelle.fitting.fast.experiments import Experiments, Fits, draw_experiments, fit_experiments
from darkbelle.fitting.fast.model import Model
from darkbelle.vectors import Column

__all__ = ["ToyLimits", "ToyTest", "Toys", "toy_limits", "toy_test"]

BACKGROUND, SIGNAL = 0, 1  # hypotheses, as they enter the random numbers
_TIE = 1e-6  # of q, within which two experiments are equally far from the hypothesis
_FAILING = 0.01  # share of experiments without a fit, above which there is no answer
_WIDEN = 1.3
_CLOSE = 0.1  # relative width of the bracket in which ln CLs is a straight line, to 1e-3 of the limit
_LEVER = 1.2  # factor from a limit, at least, to the points that the slope of CLs is taken from
_FARTHEST = 10.0  # times the asymptotic limit, at which the search for one ends
_STEPS = 40


@dataclass(frozen=True)
class Toys:
    """How many experiments a hypothesis, from what seed, on how many threads."""

    number: int
    seed: int = 1
    workers: int = 1


@dataclass(frozen=True)
class ToyTest:
    """CLs of one value of the parameter of interest, with the statistical errors of the experiments.

    ``observed`` and, at −2, −1, 0, 1, 2 standard deviations of background, ``expected``.
    """

    observed: float
    expected: tuple[float, ...]
    observed_error: float
    expected_errors: tuple[float, ...]

    @property
    def all(self) -> tuple[float, ...]:
        """Observed and expected."""
        return self.observed, *self.expected

    @property
    def all_errors(self) -> tuple[float, ...]:
        """The errors of `all`."""
        return self.observed_error, *self.expected_errors


@dataclass(frozen=True)
class ToyLimits:
    """Upper limits from experiments.

    Parameters
    ----------
    observed, expected
        Upper limits; expected at −2, −1, 0, 1, 2 standard deviations.
    errors
        Of these six, from the number of experiments.
    asymptotic
        The same by formulas.
    tests
        Values of the parameter of interest that were tested.
    failed
        Experiments that could not be fitted and were left out, of all tests.
    """

    observed: float
    expected: tuple[float, ...]
    errors: tuple[float, ...]
    asymptotic: AsymptoticLimits
    tests: int
    failed: int


class _Ensemble:
    """The experiments of a model, and CLs from them; each value is tested once."""

    def __init__(self, model: Model, analysis: Analysis, toys: Toys) -> None:
        self.model = model
        self.analysis = analysis
        self.toys = toys
        self.failed = 0
        self.tests: dict[float, ToyTest] = {}

    def test(self, mu: float) -> ToyTest:
        if mu not in self.tests:
            self.tests[mu] = self._test(mu)
        return self.tests[mu]

    def _test(self, mu: float) -> ToyTest:
        background, free = self._background
        held = self._fit(background, self.analysis.background.parameters, mu)
        without = self._counted(self._q(held, free, mu))
        truth = self.analysis.on_data.fit(mu).parameters
        signal = self._draw(truth, SIGNAL)
        with_signal = self._signal_q(signal, truth, mu)
        best = self.analysis.best.parameters[self.model.poi]
        observed = self.analysis.on_data.q(mu)[0] if mu > best else 0.0
        levels, errors = _levels(np.append(without, observed), with_signal, without)
        places = np.argsort(levels[:-1], kind="stable")
        wanted = [places[min(int(ndtr(band) * places.size), places.size - 1)] for band in BANDS]
        return ToyTest(
            float(levels[-1]),
            tuple(float(levels[i]) for i in wanted),
            float(errors[-1]),
            tuple(float(errors[i]) for i in wanted),
        )

    @cached_property
    def _background(self) -> tuple[Experiments, Fits]:
        """Experiments of background and their free fits, which serve all values."""
        start = self.analysis.background.parameters
        experiments = self._draw(start, BACKGROUND)
        return experiments, self._fit(experiments, start)

    def _draw(self, truth: Column, hypothesis: int) -> Experiments:
        return draw_experiments(
            self.model, truth, range(self.toys.number), seed=self.toys.seed, hypothesis=hypothesis
        )

    def _fit(self, experiments: Experiments, starts: Column, mu: float | None = None) -> Fits:
        workers = self.toys.workers
        return fit_experiments(self.model, experiments, starts, fixed_poi=mu, workers=workers)

    def _signal_q(self, experiments: Experiments, truth: Column, mu: float) -> Column:
        """Return q; where −ln L falls at μ its minimum lies above, so q is 0 and needs no other fit."""
        held = self._fit(experiments, truth, mu)
        needed = held.good & ((held.slope > 0) | (self.model.nonlinear.size > 0))
        q = np.where(held.good, 0.0, np.nan)
        chosen = Experiments(*(column[needed] for column in experiments))
        free = self._fit(chosen, held.parameters[needed])
        q[needed] = self._q(held.chosen(needed), free, mu)
        return self._counted(q)

    def _q(self, held: Fits, free: Fits, mu: float) -> Column:
        """Return q, NaN where a fit failed."""
        below = free.parameters[:, self.model.poi] < mu
        q = np.where(below, np.maximum(2 * (held.value - free.value), 0.0), 0.0)
        q[~(held.good & free.good)] = np.nan
        return q

    def _counted(self, q: Column) -> Column:
        """Return q without failed experiments, which are counted."""
        failed = int(np.isnan(q).sum())
        if failed > _FAILING * q.size:
            raise FitError(
                f"{failed} of {q.size} pseudo-experiments cannot be fitted; look for bins of very low "
                "background and for systematic shifts of about 100 %"
            )
        self.failed += failed
        return q[~np.isnan(q)]


def _levels(q: Column, with_signal: Column, without: Column) -> tuple[Column, Column]:
    """Return CLs at values of q, and its errors, from q of experiments with signal and without."""
    tails = []
    for sample in (with_signal, without):
        ordered = np.sort(sample)
        above = sample.size - np.searchsorted(ordered, q - _TIE)
        # none of n is less than one of n: half of one keeps logarithms finite
        tails.append((np.maximum(above, 0.5) / sample.size, sample.size))
    levels = tails[0][0] / tails[1][0]
    variance = sum((1 - share) / (share * size) for share, size in tails)
    return levels, levels * np.sqrt(variance)


def toy_test(model: Model, mu: float, toys: Toys) -> ToyTest:
    """Return CLs of one value of the parameter of interest from experiments.

    Parameters
    ----------
    model
        With its data.
    mu
        Positive.
    toys
        How many experiments.

    Raises
    ------
    FitError
        As `analyse`, or more than 1 % of the experiments cannot be fitted.
    """
    return _Ensemble(model, analyse(model), toys).test(mu)


def toy_limits(model: Model, confidence_level: float, toys: Toys) -> ToyLimits:
    """Return the upper limits on the parameter of interest from experiments.

    Parameters
    ----------
    model
        With its data.
    confidence_level
        Such as 0.95.
    toys
        How many experiments. A limit rests on some (1 − confidence level) of those with signal; at −2
        standard deviations on a fiftieth of that.

    Raises
    ------
    FitError
        As `asymptotic_limits`, no limit is found, or more than 1 % of the experiments cannot be fitted.
    """
    check_confidence_level(confidence_level)
    needed = math.ceil(1 / ((1 - confidence_level) * ndtr(BANDS[0])))
    if toys.number < needed:
        raise FitError(
            f"{toys.number} pseudo-experiments are too few: of those with signal at the expected limit at "
            f"{BANDS[0]} standard deviations, less than one would count; make at least {needed}, better ten "
            "times as many"
        )
    asymptotic = asymptotic_limits(model, confidence_level)
    ensemble = _Ensemble(model, analyse(model), toys)
    starts = (asymptotic.observed, *asymptotic.expected)
    limits = [_crossing(ensemble, index, start, 1 - confidence_level) for index, start in enumerate(starts)]
    return ToyLimits(
        observed=limits[0],
        expected=tuple(limits[1:]),
        errors=tuple(_error(ensemble, index, limit) for index, limit in enumerate(limits)),
        asymptotic=asymptotic,
        tests=len(ensemble.tests),
        failed=ensemble.failed,
    )


def _crossing(ensemble: _Ensemble, index: int, start: float, wanted: float) -> float:
    """Return where CLs number ``index``, 0 for the observed one, falls to a value for good."""

    def excess(mu: float) -> float:
        return math.log(ensemble.test(mu).all[index] / wanted)

    low = max((mu for mu in ensemble.tests if excess(mu) > 0), default=0.0)
    high = min((mu for mu in ensemble.tests if mu > low), default=math.inf)
    for _ in range(_STEPS):
        if high < low * (1 + _CLOSE):
            return _between(excess, low, high)
        if low > _FARTHEST * start:
            break
        if low == 0:
            trial = min(start, high / _WIDEN)
        elif high == math.inf:
            trial = max(start, low * _WIDEN)
        else:  # kept off the ends, so that the bracket shrinks
            trial = min(max(_between(excess, low, high), low * (1 + _CLOSE / 3)), high / (1 + _CLOSE / 3))
        if excess(trial) > 0:
            low = trial
        else:
            high = trial
    raise FitError(
        f"CLs from {ensemble.toys.number} pseudo-experiments does not fall to {wanted:g} up to {low:g}: too "
        "few with background alone are as extreme as these data; make more"
    )


def _between(excess: Callable[[float], float], low: float, high: float) -> float:
    """Return where the straight line through two points of opposite sign is zero."""
    above, below = excess(low), excess(high)
    return low + (high - low) * above / (above - below)


def _error(ensemble: _Ensemble, index: int, limit: float) -> float:
    """Return the error of a limit, that of CLs over its slope; infinite if no slope is seen."""
    below = max((mu for mu in ensemble.tests if mu <= limit / _LEVER), default=0.0)
    above = min((mu for mu in ensemble.tests if mu >= limit * _LEVER), default=math.inf)
    if below < limit / _LEVER**2:
        below = limit / _LEVER
    if above > limit * _LEVER**2:
        above = limit * _LEVER
    fall = math.log(ensemble.test(below).all[index] / ensemble.test(above).all[index])
    closest = ensemble.tests[min(ensemble.tests, key=lambda mu: abs(mu - limit))]
    error = closest.all_errors[index] / closest.all[index]
    return error * (above - below) / fall if fall > 0 else math.inf
