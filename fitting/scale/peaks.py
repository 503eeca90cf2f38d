r"""Binned extended maximum-likelihood fits of a narrow peak over a smooth background.

The peak is a Gaussian core that goes over into exponential tails,

.. math:: \ln f(t) = \begin{cases}
    k_-^2/2 + k_- t & t < -k_- \\ -t^2/2 & -k_- \le t \le k_+ \\ k_+^2/2 - k_+ t & t > k_+
    \end{cases}, \qquad t = (M - \mu)/\sigma,

with a continuous derivative (S. Das, arXiv:1603.08591, eqs. 2 and 4); its integral is analytic. The
background is a straight line, or any other shape of one parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from iminuit import Minuit
from scipy.special import ndtr
from scipy.stats import chi2 as chi_squared_distribution

from darkbelle.errors import FitError
from darkbelle.vectors import Column

__all__ = ["Background", "PeakFit", "Tails", "fit_peak", "peak_integral", "straight_line"]

# shares of a smooth background in bins: takes their edges and its slope, from -1 to 1
Background = Callable[[Column, float], Column]

LEAST_TAIL: Final = 0.3  # standard deviations at which a tail may begin
LARGEST_TAIL: Final = 5.0
LEAST_EXPECTED: Final = 5.0  # events of a bin in the test of goodness
NEAR_LIMIT: Final = 1e-3  # of the range of a parameter
NORMAL: Final = float(np.sqrt(2 * np.pi))
TINY: Final = 1e-9  # events: least content of a bin, for the logarithm


@dataclass(frozen=True)
class Tails:
    """Where the tails of a peak begin below and above, in standard deviations of its core."""

    low: float
    high: float


def straight_line(edges: Column, slope: float) -> Column:
    """Return the share of a straight line in each bin.

    ``slope`` is its density at the upper end minus that at the lower, over their sum.
    """
    place = 2 * (edges - edges[0]) / (edges[-1] - edges[0]) - 1
    shares: Column = np.diff(place + slope * place**2 / 2) / 2
    return shares


@dataclass(frozen=True)
class PeakFit:
    """A fitted peak; masses in GeV.

    Parameters
    ----------
    position, position_error
        Of the core.
    width
        Standard deviation of the core.
    tails
        Where its tails begin.
    signal, background
        Events within the range.
    slope
        Of the background, see `straight_line`.
    p_value
        Probability of a larger χ².
    shape
        Of the background.
    """

    position: float
    position_error: float
    width: float
    tails: Tails
    signal: float
    background: float
    slope: float
    p_value: float
    shape: Background = straight_line

    def expected(self, edges: Column) -> tuple[Column, Column]:
        """Return expected events of peak and background in bins, shape (n,) each."""
        shares = _shares(edges, self.position, self.width, self.tails)
        return self.signal * shares, self.background * self.shape(edges, self.slope)


def peak_integral(t: Column, tails: Tails) -> Column:
    """Return the integral of the peak from −∞ to t, shape (n,), not normalised; t in units of its core."""
    low, high = tails.low, tails.high
    below = np.exp(low * low / 2 + low * np.minimum(t, -low)) / low
    core = NORMAL * (ndtr(np.clip(t, -low, high)) - ndtr(-low))
    above = np.exp(-high * high / 2) / high - np.exp(high * high / 2 - high * np.maximum(t, high)) / high
    found: Column = below + core + above
    return found


def fit_peak(
    edges: Column,
    counts: Column,
    start: tuple[float, float],
    tails: Tails | None = None,
    background: Background = straight_line,
) -> PeakFit:
    """Fit a peak in a histogram.

    Parameters
    ----------
    edges
        Of the bins, shape (n + 1,), GeV.
    counts
        Shape (n,).
    start
        Where the peak is about, and its width, GeV.
    tails
        Held, if given; else fitted, for which some thousand events are needed.
    background
        What the peak stands on.

    Raises
    ------
    FitError
        There are no events, or MIGRAD does not converge.
    """
    total = float(np.sum(counts))
    if not total > 0:
        raise FitError(
            f"a peak at {start[0]:g} GeV needs events from {edges[0]:g} to {edges[-1]:g} GeV, got none"
        )
    minuit = Minuit(
        _likelihood(edges, np.asarray(counts, dtype=np.float64), background),
        position=start[0],
        width=start[1],
        low=1.5 if tails is None else tails.low,
        high=1.5 if tails is None else tails.high,
        signal=0.8 * total,
        background=0.2 * total,
        slope=0.0,
    )
    minuit.errordef = Minuit.LIKELIHOOD
    minuit.limits["position"] = (start[0] - 5 * start[1], start[0] + 5 * start[1])
    minuit.limits["width"] = (0.3 * start[1], 4 * start[1])
    minuit.limits["low"] = minuit.limits["high"] = (LEAST_TAIL, LARGEST_TAIL)
    minuit.limits["signal"] = minuit.limits["background"] = (0, 2 * total)
    minuit.limits["slope"] = (-1, 1)
    minuit.fixed["low"] = minuit.fixed["high"] = tails is not None
    minuit.migrad()
    _hold_at_limits(minuit)
    minuit.migrad()
    if not minuit.valid:
        minuit.strategy = 2
        minuit.migrad()
    if not minuit.valid:
        raise FitError(
            f"the fit of the peak at {start[0]:g} GeV with {total:g} events did not converge (estimated "
            f"distance {minuit.fmin.edm:.2g}); widen the bins in cosθ, or look at the histogram"
        )
    minuit.hesse()
    return _result(minuit, edges, counts, background)


def _hold_at_limits(minuit: Any) -> None:
    """Hold what has gone to its limit: there the likelihood has no curvature, and others get wrong errors.

    Without a background its slope means nothing.
    """
    for name in ("low", "high", "background", "slope"):
        low, high = minuit.limits[name]
        value, near = minuit.values[name], NEAR_LIMIT * (high - low)
        if value < low + near or value > high - near:
            minuit.values[name] = low if value < low + near else high
            minuit.fixed[name] = True
    if minuit.fixed["background"]:
        minuit.values["slope"], minuit.fixed["slope"] = 0.0, True


def _likelihood(edges: Column, counts: Column, shape: Background) -> Any:
    """Return −ln L of the parameters, up to a constant of the counts: extended, binned."""

    def value(
        position: float,
        width: float,
        low: float,
        high: float,
        signal: float,
        background: float,
        slope: float,
    ) -> float:
        expected = signal * _shares(edges, position, width, Tails(low, high)) + background * shape(
            edges, slope
        )
        expected = np.maximum(expected, TINY)
        return float(np.sum(expected - counts) - np.sum(counts * np.log(expected / np.maximum(counts, TINY))))

    return value


def _shares(edges: Column, position: float, width: float, tails: Tails) -> Column:
    """Return the share of the peak in each bin, of what is within all of them."""
    integral = peak_integral((edges - position) / width, tails)
    shares: Column = np.diff(integral) / (integral[-1] - integral[0])
    return shares


def _result(minuit: Any, edges: Column, counts: Column, shape: Background) -> PeakFit:
    values = minuit.values
    found = PeakFit(
        position=float(values["position"]),
        position_error=float(minuit.errors["position"]),
        width=float(values["width"]),
        tails=Tails(float(values["low"]), float(values["high"])),
        signal=float(values["signal"]),
        background=float(values["background"]),
        slope=float(values["slope"]),
        p_value=0.0,
        shape=shape,
    )
    expected = np.sum(found.expected(edges), axis=0)
    group = np.floor(np.cumsum(expected) / LEAST_EXPECTED).astype(np.int64)
    joined, observed = np.bincount(group, expected), np.bincount(group, counts)
    used = joined > 0
    chi_squared = np.sum((observed[used] - joined[used]) ** 2 / joined[used])
    freedom = max(int(used.sum()) - minuit.nfit, 1)
    return PeakFit(**{**vars(found), "p_value": float(chi_squared_distribution.sf(chi_squared, freedom))})
