r"""Upper limits from profile likelihood ratios, in the asymptotic approximation.

The test statistic is :math:`\tilde q_\mu` and its distributions are those of G. Cowan, K. Cranmer,
E. Gross, O. Vitells, Eur. Phys. J. C 71 (2011) 1554, arXiv:1007.1727; the limit is on
:math:`\mathrm{CL_s} = \mathrm{CL_{s+b}}/\mathrm{CL_b}`, A. L. Read, J. Phys. G 28 (2002) 2693. Nothing here
knows of a likelihood: engines give :math:`\tilde q_\mu` as functions of :math:`\mu`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, toms748
from scipy.special import gammaincc, ndtr, ndtri
from scipy.stats import norm

from darkbelle.errors import FitError

__all__ = [
    "BANDS",
    "LimitSet",
    "asymptotic_overstatement",
    "band_target",
    "check_confidence_level",
    "confidence_s",
    "find_crossing",
    "solve_limits",
]

BANDS = (-2, -1, 0, 1, 2)  # standard deviations of the expected limit
RELATIVE_TOLERANCE = 1e-4
_GROWTH = 4.0
_EXPANSIONS = 40


@dataclass(frozen=True)
class LimitSet:
    """An observed upper limit and the expected ones at −2, −1, 0, 1, 2 standard deviations."""

    observed: float
    expected: tuple[float, ...]


def check_confidence_level(confidence_level: float) -> None:
    """Refuse a level at which an observed limit may lie below the best fit.

    Raises
    ------
    FitError
        It does not lie between 0.5 and 1.
    """
    if not 0.5 < confidence_level < 1:
        raise FitError(
            f"the confidence level must lie between 0.5 and 1, got {confidence_level}; 0.95 is usual"
        )


def confidence_s(q: float, q_asimov: float) -> float:
    r"""Return :math:`\mathrm{CL_s}` for :math:`\tilde q_\mu`, by eqs. 65 and 66 of arXiv:1007.1727.

    Parameters
    ----------
    q
        :math:`\tilde q_\mu` of the data.
    q_asimov
        :math:`\tilde q_\mu` of the background's Asimov data, :math:`(\mu/\sigma)^2`.

    >>> confidence_s(0.0, 0.0)
    1.0
    """
    return math.exp(_log_confidence_s(q, q_asimov))


def _log_confidence_s(q: float, q_asimov: float) -> float:
    root = np.sqrt(q_asimov)
    regular = q <= q_asimov or root == 0
    distance = np.sqrt(q) if regular else (q + q_asimov) / (2 * root)
    return float(norm.logsf(distance) - norm.logsf(distance - root))


def band_target(deviations: float, confidence_level: float) -> float:
    r"""Return the :math:`\sqrt{q_{\mu,A}}` at which an expected limit lies.

    :math:`N + \Phi^{-1}(1 - \alpha\,\Phi(N))` with :math:`\alpha = 1 - \mathrm{CL}`: eq. 89 of
    arXiv:1007.1727 with :math:`\mathrm{CL_s}` in place of :math:`\mathrm{CL_{s+b}}`. It also is the CLs limit
    on the mean of a normal variable of unit width that came out at N.

    >>> round(band_target(0, 0.95), 3)
    1.96
    """
    return float(deviations - ndtri((1 - confidence_level) * ndtr(deviations)))


def find_crossing(
    rising: Callable[[float], float],
    target: float,
    start: float,
    known: dict[float, float] | None = None,
    tolerance: float = RELATIVE_TOLERANCE,
) -> float:
    """Return the positive x where a rising function reaches a target.

    The bracket is found by going out from ``start`` and from the points already known, so no
    range need be given; inside, the root is found by Alefeld, Potra and Shi (ACM TOMS 748).

    Parameters
    ----------
    rising
        Defined for x > 0; each x is evaluated once.
    start
        A first guess of the right order of magnitude, positive.
    known
        Values by x that were evaluated before; new ones are added to it.
    tolerance
        Relative, on x.

    Raises
    ------
    FitError
        The function does not reach the target within forty quadruplings.
    """
    values = {} if known is None else known

    def difference(x: float) -> float:
        if x not in values:
            values[x] = rising(x)
        return values[x] - target

    high = min((x for x in values if difference(x) > 0), default=math.inf)
    low = max((x for x in values if difference(x) <= 0 and x < high), default=0.0)
    for _ in range(_EXPANSIONS):
        if low > 0 and high < math.inf:
            return _root(difference, low, high, tolerance)
        point = start if low < start < high else high / _GROWTH if low == 0 else low * _GROWTH
        if difference(point) > 0:
            high = point
        else:
            low = point
    raise FitError(
        f"no crossing of {target:g} was found between {min(values):g} and {max(values):g}, where the "
        f"function goes from {values[min(values)]:g} to {values[max(values)]:g}; is the signal empty?"
    )


def _root(difference: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    if difference(low) == 0:
        return low
    return float(toms748(difference, low, high, rtol=tolerance, xtol=tolerance * low))


def solve_limits(
    q_observed: Callable[[float], float],
    q_asimov: Callable[[float], float],
    sigma: float,
    confidence_level: float,
    tolerance: float = RELATIVE_TOLERANCE,
) -> LimitSet:
    r"""Return the observed upper limit and the expected ones.

    The five expected limits are crossings of one function, :math:`\sqrt{q_{\mu,A}}`, so all share its
    evaluations, and the observed limit uses them again.

    Parameters
    ----------
    q_observed, q_asimov
        :math:`\tilde q_\mu` of the data, and of the Asimov data of the background, at :math:`\mu > 0`.
    sigma
        A rough error of :math:`\mu`, from which the search starts.
    confidence_level
        Such as 0.90.
    tolerance
        Relative, on each limit.

    Raises
    ------
    FitError
        No limit is found, or the confidence level is none.
    """
    check_confidence_level(confidence_level)
    roots: dict[float, float] = {}
    asimov: dict[float, float] = {}

    def root_q(mu: float) -> float:
        asimov[mu] = q_asimov(mu)
        return float(np.sqrt(asimov[mu]))

    expected = {}
    for deviations in (0, 2, -2, 1, -1):
        target = band_target(deviations, confidence_level)
        expected[deviations] = find_crossing(root_q, target, target * sigma, roots, tolerance)

    def exclusion(mu: float) -> float:
        if mu not in asimov:
            asimov[mu] = q_asimov(mu)
        return -_log_confidence_s(q_observed(mu), asimov[mu])

    observed = find_crossing(exclusion, -math.log(1 - confidence_level), expected[0], tolerance=tolerance)
    return LimitSet(observed, tuple(expected[deviations] for deviations in BANDS))


def asymptotic_overstatement(background: float, confidence_level: float, observed: int = 0) -> float:
    """Return by how much the asymptotic limit is too strong in a counting experiment.

    One bin with an exactly known background: 1 − (asymptotic limit)/(exact CLs limit). The exact one
    solves ``P(n ≤ observed | s + b) / P(n ≤ observed | b) = 1 − CL``.

    Parameters
    ----------
    background
        Expected events, positive.
    observed
        Events seen; zero is the worst case, and the number to quote.

    >>> round(asymptotic_overstatement(0.5, 0.95), 2)
    0.26
    """
    alpha = 1 - confidence_level
    at_most = float(gammaincc(observed + 1, background))
    ceiling = 100.0 + 10 * (background + observed)
    exact = brentq(lambda s: gammaincc(observed + 1, s + background) / at_most - alpha, 0.0, ceiling)
    best = max(observed - background, 0.0)

    def q(n: float, mu: float, best: float) -> float:
        if mu <= best:
            return 0.0
        likelihood = mu - best - (n * math.log((mu + background) / (best + background)) if n else 0.0)
        return max(2 * likelihood, 0.0)  # it is rounded below zero next to the best fit

    def excess(mu: float) -> float:
        return confidence_s(q(observed, mu, best), q(background, mu, 0.0)) - alpha

    asymptotic = float(brentq(excess, 1e-9, ceiling))
    return 1 - asymptotic / float(exact)
