r"""Upper limits, CLs and significance of a model, asymptotically.

The test statistic is :math:`\tilde q_\mu`, G. Cowan, K. Cranmer, E. Gross, O. Vitells, Eur. Phys. J. C 71
(2011) 1554, arXiv:1007.1727, and the conventions are those of pyhf's ``AsymptoticCalculator``. Two facts
save most of the fits: the best fit to the Asimov data is the point they were made at, and the
derivative of :math:`q_\mu` by :math:`\mu` is that of −2 ln L at the conditional minimum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from darkbelle.errors import FitError
from darkbelle.fitting.asymptotics import BANDS, band_target, check_confidence_level
from darkbelle.fitting.fast.crossing import Rising
from darkbelle.fitting.fast.curvature import covariance, gradient_and_hessian
from darkbelle.fitting.fast.likelihood import Problem
from darkbelle.fitting.fast.minimise import Minimum, asimov, problem_of
from darkbelle.fitting.fast.model import Model
from darkbelle.fitting.fast.multistart import first_minimum, lowest_minimum

__all__ = [
    "Analysis",
    "AsymptoticLimits",
    "HypothesisTest",
    "analyse",
    "asymptotic_limits",
    "hypothesis_test",
]

_FARTHEST = 2.0  # of the distance between two fits, to which they are extrapolated


@dataclass(frozen=True)
class HypothesisTest:
    r""":math:`\mathrm{CL_s}` of one value of the parameter of interest.

    ``observed``, and ``expected`` of background at −2, −1, 0, 1, 2 standard deviations of the best fit.
    """

    observed: float
    expected: tuple[float, ...]


@dataclass(frozen=True)
class AsymptoticLimits:
    """Upper limits on the parameter of interest.

    Parameters
    ----------
    observed, expected
        Upper limits; expected at −2, −1, 0, 1, 2 standard deviations.
    best_fit, significance
        See `Analysis`.
    fits
        How many fits were made.
    largest_distance
        The worst estimated distance to a minimum, in −ln L.
    bounds_hit
        Nuisance parameters that ended on a bound in any of the fits.
    several_minima
        Whether any fit had other minima than the one taken; then the limits deserve a look.
    """

    observed: float
    expected: tuple[float, ...]
    best_fit: float
    significance: float
    fits: int
    largest_distance: float
    bounds_hit: tuple[str, ...]
    several_minima: bool


class _Scan:
    """The profile of −ln L over the parameter of interest, for one set of data."""

    def __init__(
        self, model: Model, problem: Problem, known: Sequence[Minimum], lowest: float, *, thorough: bool
    ) -> None:
        self.model = model
        self.problem = problem
        self._lowest = lowest
        self._thorough = thorough
        self.several_minima = False
        self._known = {float(item.parameters[model.poi]): item for item in known}
        self.fits: dict[float, Minimum] = {}

    def q(self, mu: float) -> tuple[float, float]:
        """Return twice the rise of −ln L from its minimum, and its slope."""
        fit = self.fit(mu)
        return max(2 * (fit.value - self._lowest), 0.0), 2 * fit.slope

    def fit(self, mu: float) -> Minimum:
        """Return the fit at a value of the parameter of interest, made once."""
        if mu not in self.fits:
            self._known[mu] = self.fits[mu] = self._new_fit(mu)
        return self.fits[mu]

    def _new_fit(self, mu: float) -> Minimum:
        nearest = sorted(self._known, key=lambda known: abs(known - mu))[:2]
        one = self._known[nearest[0]].parameters
        starts = [one, self.model.start]
        if len(nearest) == 2:
            share = (mu - nearest[0]) / (nearest[1] - nearest[0])
            if abs(share) < _FARTHEST:
                starts.insert(0, one + share * (self._known[nearest[1]].parameters - one))
        if not self._thorough:
            return first_minimum(self.model, self.problem, starts, mu)
        fit, several = lowest_minimum(self.model, self.problem, starts, mu)
        self.several_minima |= several
        return fit

    def root_q(self, mu: float) -> tuple[float, float]:
        """Return the root of `q`, and its slope."""
        q, slope = self.q(mu)
        root = math.sqrt(q)
        return root, slope / (2 * root) if root > 0 else 0.0


@dataclass(frozen=True)
class Analysis:
    """The fits that all limits of a model share.

    Parameters
    ----------
    best
        The free fit.
    background
        The fit with the parameter of interest at 0.
    several_minima
        Whether either of them has other minima, see `lowest_minimum`.
    on_data, on_asimov
        Profiles of −ln L.
    significance
        Of an excess, √q₀ in standard deviations.
    """

    best: Minimum
    background: Minimum
    several_minima: bool
    on_data: _Scan
    on_asimov: _Scan
    significance: float


def analyse(model: Model) -> Analysis:
    """Make the fits that all limits of a model share.

    Raises
    ------
    FitError
        A fit failed, or the bounds of the parameter of interest do not suit the test statistic.
    """
    if model.lower[model.poi] != 0 or model.fixed[model.poi]:
        raise FitError(
            f"the parameter of interest {model.poi_name!r} has the lower bound {model.lower[model.poi]:g} "
            f"and is {'fixed' if model.fixed[model.poi] else 'free'}; the test statistic wants it free from "
            "0 on, set its bounds so"
        )
    held = problem_of(model, fixed_poi=True)
    background, several = lowest_minimum(model, held, [model.start], 0.0, all_sides=True)
    starts = [background.parameters, model.start]
    best, more = lowest_minimum(model, problem_of(model), starts, all_sides=True)
    thorough = several or more or model.nonlinear.size > 0
    if best.value > background.value:
        best = background
    if best.parameters[model.poi] >= model.upper[model.poi]:
        raise FitError(
            f"the best fit of {model.poi_name!r} lies on its upper bound {model.upper[model.poi]:g}; "
            "widen the bounds"
        )
    on_asimov = asimov(model, background.parameters, held)
    return Analysis(
        best=best,
        background=background,
        several_minima=several or more,
        on_data=_Scan(model, held, (background, best), best.value, thorough=thorough),
        on_asimov=_Scan(model, on_asimov, (background,), 0.0, thorough=thorough),
        significance=math.sqrt(max(2 * (background.value - best.value), 0.0)),
    )


def hypothesis_test(model: Model, mu: float, analysis: Analysis | None = None) -> HypothesisTest:
    """Return the CLs of one value of the parameter of interest.

    Parameters
    ----------
    model
        With its data.
    mu
        Positive.
    analysis
        That of `analyse`, if it was made before.

    Raises
    ------
    FitError
        As `analyse`.
    """
    made = analysis or analyse(model)
    q, q_asimov = _observed_q(made, model, mu), made.on_asimov.q(mu)
    root = math.sqrt(q_asimov[0])
    observed = math.exp(-_exclusion(q, q_asimov)[0])
    expected = (math.exp(float(log_ndtr(band - root) - log_ndtr(band))) for band in BANDS)
    return HypothesisTest(observed, tuple(expected))


def asymptotic_limits(model: Model, confidence_level: float) -> AsymptoticLimits:
    """Return the upper limits on the parameter of interest.

    Parameters
    ----------
    model
        With its data.
    confidence_level
        Such as 0.95; above 0.5, where an observed limit lies above the best fit.

    Raises
    ------
    FitError
        As `analyse`, or no limit is found.
    """
    check_confidence_level(confidence_level)
    analysis = analyse(model)
    on_asimov = analysis.on_asimov
    sigma = _error_of_poi(model, analysis)
    roots = Rising(on_asimov.root_q, 1 / sigma)
    expected: dict[int, float] = {}
    for band in sorted(BANDS, key=abs):
        target = band_target(band, confidence_level)
        expected[band] = roots.crossing(target, target * sigma)
    exclusion = Rising(lambda mu: _exclusion(_observed_q(analysis, model, mu), on_asimov.q(mu)))
    best_fit = float(analysis.best.parameters[model.poi])
    unbounded = best_fit if best_fit > 0 else -analysis.background.slope * sigma**2
    guess = sigma * max(band_target(unbounded / sigma, confidence_level), 0.1)
    observed = exclusion.crossing(-math.log(1 - confidence_level), guess)
    fits = [analysis.best, analysis.background, *analysis.on_data.fits.values(), *on_asimov.fits.values()]
    return AsymptoticLimits(
        observed=observed,
        expected=tuple(expected[band] for band in BANDS),
        best_fit=best_fit,
        significance=analysis.significance,
        fits=len(fits),
        largest_distance=max(fit.distance for fit in fits),
        bounds_hit=_bounds_hit(model, fits),
        several_minima=analysis.several_minima or analysis.on_data.several_minima or on_asimov.several_minima,
    )


def _error_of_poi(model: Model, analysis: Analysis) -> float:
    """Return the standard deviation of the parameter of interest without signal.

    Where the data do not determine other parameters, they are left out: it is a guess then, which limits
    start from and do not depend on.
    """
    problem, point = analysis.on_asimov.problem, analysis.background.parameters
    try:
        parameters, matrix = covariance(model, problem, point)
    except FitError:
        _, hessian = gradient_and_hessian(model, problem, point)
        information = hessian[model.tables.position[model.poi], model.tables.position[model.poi]]
        if not information > 0:
            raise
        return 1 / math.sqrt(information)
    place = int(np.searchsorted(parameters, model.poi))
    return math.sqrt(matrix[place, place])


def _observed_q(analysis: Analysis, model: Model, mu: float) -> tuple[float, float]:
    return analysis.on_data.q(mu) if mu > analysis.best.parameters[model.poi] else (0.0, 0.0)


def _exclusion(q: tuple[float, float], q_asimov: tuple[float, float]) -> tuple[float, float]:
    """Return −ln CLs and its slope from q, q of the Asimov data and their slopes; eqs. 65 and 66."""
    root = math.sqrt(q_asimov[0])
    if root == 0:
        return 0.0, 0.0
    root_slope = q_asimov[1] / (2 * root)
    if q[0] <= q_asimov[0]:
        distance = math.sqrt(q[0])
        slope = q[1] / (2 * distance) if distance > 0 else 0.0
    else:
        distance = (q[0] + q_asimov[0]) / (2 * root)
        slope = (q[1] + q_asimov[1]) / (2 * root) - distance * root_slope / root
    log_both, log_background = float(log_ndtr(-distance)), float(log_ndtr(root - distance))
    both = _hazard(distance, log_both) * slope
    background = _hazard(distance - root, log_background) * (slope - root_slope)
    return log_background - log_both, both - background


def _hazard(x: float, log_tail: float) -> float:
    """Return the normal density over its tail probability above x."""
    return math.exp(-x * x / 2 - log_tail) / math.sqrt(2 * math.pi)


def _bounds_hit(model: Model, fits: Sequence[Minimum]) -> tuple[str, ...]:
    points = np.array([fit.parameters for fit in fits])
    hit = np.any((points <= model.lower) | (points >= model.upper), axis=0) & ~model.fixed
    hit[model.poi] = False
    return tuple(model.names[p] for p in np.flatnonzero(hit))
