"""A figure of the simulation beside the known one, and the verdict that follows from both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from darkbelle.errors import ConfigurationError
from darkbelle.vectors import Column

__all__ = ["Figure", "Mark", "half_width", "half_width_error", "peak_width", "share"]

Mark = Literal["pub", "std", "est", "formula", "generator"]
FEWEST, BINS = 200, 60  # values that a peak needs, and bins over six widths
ERRORS = 3.0  # standard deviations that a figure may be away beyond the tolerance


@dataclass(frozen=True)
class Figure:
    """One line of the validation page.

    Parameters
    ----------
    section, name, unit
        Where it stands and what it is.
    value, error
        As computed here, with its statistical or numerical error.
    known
        The known figure as a range, both ends alike for a single one; None if none is known.
    mark
        What the known figure is worth: ``pub``, read in a publication; ``std``, a standard figure; ``est``,
        remembered or estimated; ``formula``, computed here in another way; ``generator``, another program.
    source
        Of the known figure.
    tolerance
        How far from the range a figure may lie and still agree, relative, beside three errors.
    set_to_it
        Whether the model takes the known figure as input, so that agreement is no evidence.
    because
        Why it differs, if it does.
    """

    section: str
    name: str
    unit: str
    value: float
    error: float = 0.0
    known: tuple[float, float] | None = None
    mark: Mark | None = None
    source: str = ""
    tolerance: float = 0.0
    set_to_it: bool = False
    because: str = ""

    def __post_init__(self) -> None:
        if self.known is not None and (self.mark is None or not self.source or self.known[0] > self.known[1]):
            raise ConfigurationError(
                f"the known figure of {self.name!r} needs a mark, a source and a range that rises, got "
                f"{self.mark!r}, {self.source!r} and {self.known}"
            )

    @property
    def distance(self) -> float:
        """How far the value lies from the known range, 0 inside; NaN without one."""
        if self.known is None:
            return math.nan
        low, high = self.known
        return max(low - self.value, self.value - high, 0.0) if math.isfinite(self.value) else math.inf

    @property
    def allowed(self) -> float:
        """How far it may lie: the tolerance of the nearer end, and three errors."""
        if self.known is None:
            return math.nan
        nearest = min(self.known, key=lambda end: abs(end - self.value))
        return self.tolerance * abs(nearest) + ERRORS * self.error

    @property
    def agrees(self) -> bool:
        """Whether the value lies within what is allowed."""
        return self.distance <= self.allowed

    @property
    def verdict(self) -> str:
        """What the page says: *agrees*, *differs, because …*, or that there is nothing to agree with.

        >>> Figure("", "mass", "GeV", 1.02, 0.0, (1.0, 1.0), "std", "PDG", tolerance=0.03).verdict
        'agrees'
        """
        if self.known is None:
            return "no known figure"
        if not self.agrees:
            return f"differs, because {self.because}" if self.because else "differs, not understood"
        return "set to it, no evidence" if self.set_to_it else "agrees"


def half_width(values: Column) -> float:
    """Return half the range that holds the central 68.27 % of values: σ, if they are Gaussian."""
    if len(values) == 0:
        return math.nan
    low, high = np.quantile(values, [0.15866, 0.84134])
    return float(high - low) / 2.0


def half_width_error(values: Column) -> float:
    """Return the standard deviation of `half_width` for Gaussian values, 0.96/√n of it."""
    # var(q) = p(1−p)/(n φ²); half the difference of two: √(p(1−2p)/2)/φ = 0.96
    return 0.96 * half_width(values) / math.sqrt(len(values)) if len(values) else math.inf


def peak_width(values: Column) -> float:
    """Return the Gaussian σ of a peak above half its height, whatever its tails: a parabola in the logarithm.

    >>> values = np.random.default_rng(1).normal(size=100_000)
    >>> values[:10_000] -= np.random.default_rng(2).exponential(4.0, 10_000)
    >>> bool(abs(peak_width(values) - 1.0) < 0.02), bool(half_width(values) > 1.1)
    (True, True)
    """
    if len(values) < FEWEST:
        return math.nan
    middle, width = float(np.median(values)), half_width(values)
    counts, edges = np.histogram(values, BINS, (middle - 3 * width, middle + 3 * width))
    height = np.sort(counts)[-BINS // 10 :].mean()
    above = counts > height / 2
    # bins weigh by 1 over the error of the logarithm, √counts
    centre = (edges[1:] + edges[:-1])[above] / 2 - middle
    curvature = np.polyfit(centre, np.log(counts[above]), 2, w=np.sqrt(counts[above]))[0]
    return math.sqrt(-0.5 / curvature) if curvature < 0 else math.nan


def share(passed: int, size: int) -> tuple[float, float]:
    """Return a share and its error, by a prior that is even in it, so that 0 of n has an error too.

    >>> share(50, 100)
    (0.5, 0.04926646390821465)
    """
    if size == 0:
        return math.nan, math.inf
    mean = (passed + 1.0) / (size + 2.0)
    return passed / size, math.sqrt(mean * (1.0 - mean) / (size + 3.0))
