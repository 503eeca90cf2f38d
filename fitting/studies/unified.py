r"""Intervals of Feldman and Cousins: one construction for upper limits and for two-sided intervals.

A value :math:`\mu` is in the interval if the rise :math:`t_\mu` of the data (see `ensembles`) is not among
the largest 1 − CL of experiments made at :math:`\mu`: the ordering of G. J. Feldman, R. D. Cousins, Phys.
Rev. D 57 (1998) 3873, arXiv:physics/9711021, section IV. Nuisance parameters are profiled in
:math:`t_\mu`, and experiments are made at their conditional best values for the data at that
:math:`\mu` (the profile construction: K. Cranmer, PHYSTAT 2005, arXiv:physics/0511028).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from darkbelle.errors import FitError
from darkbelle.fitting.asymptotics import check_confidence_level
from darkbelle.fitting.fast.asymptotic import Analysis, analyse
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.studies.ensembles import TIE, Ensemble
from darkbelle.fitting.studies.recipes import Make, in_process, sound
from darkbelle.fitting.studies.searches import Search, in_step
from darkbelle.vectors import Column

__all__ = ["UnifiedInterval", "unified_interval", "unified_intervals"]

_BEYOND = 1.0  # standard deviations that the tested range is wider than the asymptotic interval
_FURTHER = 1.5  # factor by which a range is widened that the interval does not fit into
_ROUNDS = 6


@dataclass(frozen=True)
class UnifiedInterval:
    """A confidence interval.

    Parameters
    ----------
    lower, upper
        Its ends; 0 as the lower end means that there is an upper limit only.
    errors
        Of the two: by how much they move when p-values do by their binomial error.
    steps
        Distances of the values tested on both sides of an end, within which it is not resolved.
    best_fit
        Of the parameter of interest.
    confidence_level, toys, seed
        What was asked for; ``toys`` are for each value tested.
    tested, p_values
        Values tested, rising, and the share of experiments that are as far from them as the data.
    failed
        Experiments that could not be fitted and were left out, of all values.
    """

    lower: float
    upper: float
    errors: tuple[float, float]
    steps: tuple[float, float]
    best_fit: float
    confidence_level: float
    toys: int
    seed: int
    tested: tuple[float, ...]
    p_values: tuple[float, ...]
    failed: int

    def as_json(self) -> dict[str, Any]:
        """Return the interval for JSON."""
        return asdict(self)


def unified_interval(
    workspace: Mapping[str, Any],
    confidence_level: float = 0.90,
    *,
    toys: int = 4000,
    seed: int = 1,
    points: int = 20,
    make: Make | None = None,
) -> UnifiedInterval:
    """Return the interval of Feldman and Cousins for the data of a workspace.

    Values are tested at equal distances over somewhat more than the asymptotic interval, and again between
    the outermost ones inside and those next to them outside. Where the accepted values have gaps, as
    they may for small counts, the interval goes from the first to the last of them.

    Parameters
    ----------
    workspace
        As pyhf's schema 1.0.0 wants it, with one measurement.
    confidence_level
        Between 0.5 and 1.
    toys, seed
        Experiments for each value tested, and their seed.
    points
        Values tested in each of the two steps.
    make
        Makes the experiments; here and on one thread by default.

    Raises
    ------
    FitError
        The fits to the data fail, more than 1 % of those to experiments do, or no end is found.
    """
    (found,) = unified_intervals(
        [workspace], confidence_level, toys=toys, seed=seed, points=points, make=make
    )
    if isinstance(found, FitError):
        raise found
    return found


def unified_intervals(
    workspaces: Sequence[Mapping[str, Any]],
    confidence_level: float = 0.90,
    *,
    toys: int = 4000,
    seed: int = 1,
    points: int = 20,
    make: Make | None = None,
) -> list[UnifiedInterval | FitError]:
    """Return the intervals of several workspaces, or the errors that `unified_interval` would raise.

    Each step is made for all of them at once, so that an executor has much to do.

    Raises
    ------
    FitError
        The confidence level is none.
    """
    check_confidence_level(confidence_level)
    searches = [_search(workspace, confidence_level, toys, seed, points) for workspace in workspaces]
    return in_step(searches, make or in_process())


def _search(
    workspace: Mapping[str, Any], confidence_level: float, toys: int, seed: int, points: int
) -> Search[UnifiedInterval]:
    """Return the interval that follows from the values tested."""
    belt = _Belt(workspace, 1 - confidence_level, toys, seed)
    low, high = _reach(belt.analysis, belt.best, float(ndtri((1 + confidence_level) / 2)) + _BEYOND)
    for _ in range(_ROUNDS):
        yield from belt.test(np.linspace(low, high, points + 1))
        inside = belt.inside
        if not inside:
            raise FitError(
                f"no value between {low:g} and {high:g} is in the interval; make more than {points} points"
            )
        if inside[-1] < high and (inside[0] > low or low == 0):
            break
        low = low if inside[0] > low else max(belt.best - _FURTHER * (belt.best - low), 0.0)
        high = high if inside[-1] < high else _FURTHER * high
    else:
        raise FitError(f"the interval does not end between {low:g} and {high:g}; is the signal empty?")
    yield from belt.test(np.concatenate([np.linspace(*edge, points + 1) for edge in belt.edges()]))
    lower, upper = belt.end(upper=False), belt.end(upper=True)
    return UnifiedInterval(
        lower=lower.value,
        upper=upper.value,
        errors=(lower.error, upper.error),
        steps=(lower.step, upper.step),
        best_fit=belt.best,
        confidence_level=confidence_level,
        toys=belt.toys,
        seed=belt.seed,
        tested=tuple(sorted(belt.p_values)),
        p_values=tuple(belt.p_values[mu] for mu in sorted(belt.p_values)),
        failed=belt.failed,
    )


@dataclass(frozen=True)
class _End:
    value: float
    error: float
    step: float


class _Belt:
    """P-values of the data at values of the parameter of interest, each made once."""

    def __init__(self, workspace: Mapping[str, Any], size: float, toys: int, seed: int) -> None:
        self.workspace = workspace
        self.size = size  # of the test: 1 − CL
        self.toys, self.seed = toys, seed
        model = compile_workspace(workspace)
        self.analysis: Analysis = analyse(model)
        self.best = float(self.analysis.best.parameters[model.poi])
        self.p_values: dict[float, float] = {}
        self.failed = 0

    def test(self, values: Column) -> Search[None]:
        """Find the p-values of some values that were not tested."""
        new = [mu for mu in dict.fromkeys(map(float, values)) if mu not in self.p_values]
        fits = [self.analysis.on_data.fit(mu) for mu in new]
        made = yield [
            Ensemble(self.toys, self.seed, self.workspace, tuple(fit.parameters.tolist()), (mu,))
            for mu, fit in zip(new, fits, strict=True)
        ]
        for mu, columns in zip(new, made, strict=True):
            kept, failed = sound(columns)
            self.failed += failed
            self.p_values[mu] = float(np.mean(kept["rise_0"] >= self.analysis.on_data.q(mu)[0] - TIE))

    @property
    def inside(self) -> list[float]:
        """Values in the interval, rising."""
        return [mu for mu in sorted(self.p_values) if self.p_values[mu] > self.size]

    def edges(self) -> list[tuple[float, float]]:
        """Return the values next to the interval and its outermost ones; none where it ends at the bound."""
        pairs = (self._edge(self.size, upper=upper) for upper in (False, True))
        return [(outside, first) for outside, first in pairs if outside != first]

    def end(self, *, upper: bool) -> _End:
        """Return an end of the interval, between two values tested; errors from the noise of p-values."""
        noise = math.sqrt(self.size * (1 - self.size) / self.toys)
        wide, narrow = (self._crossing(self.size + shift, upper=upper) for shift in (-noise, noise))
        outside, first = self._edge(self.size, upper=upper)
        return _End(self._crossing(self.size, upper=upper), abs(wide - narrow) / 2, abs(first - outside))

    def _edge(self, size: float, *, upper: bool) -> tuple[float, float]:
        """Return the value next to the outermost one with a larger p-value, and that one, or it twice."""
        outwards = sorted(self.p_values, reverse=not upper)
        place = max((i for i, mu in enumerate(outwards) if self.p_values[mu] > size), default=0)
        return outwards[min(place + 1, len(outwards) - 1)], outwards[place]

    def _crossing(self, size: float, *, upper: bool) -> float:
        """Return where the p-value falls below a size for good, by a straight line between two values."""
        outside, first = self._edge(size, upper=upper)
        low, high = self.p_values[outside], self.p_values[first]
        if not low < size < high:
            return first
        return outside + (size - low) / (high - low) * (first - outside)


def _reach(analysis: Analysis, best: float, deviations: float) -> tuple[float, float]:
    """Return about where −2 ln L has risen by so many deviations squared; 0 if it does not below."""
    wanted = deviations**2

    def crossed(inside: float, outside: float) -> float:
        for _ in range(12):
            middle = (inside + outside) / 2
            inside, outside = (
                (inside, middle) if analysis.on_data.q(middle)[0] > wanted else (middle, outside)
            )
        return outside

    low = crossed(best, 0.0) if best > 0 and analysis.on_data.q(0.0)[0] > wanted else 0.0
    step = 1.0 if best == 0 else best
    for _ in range(200):
        if analysis.on_data.q(best + step)[0] > wanted:
            break
        step *= 2
    # downwards, too: the first step may be far too long
    while step > 1e-300 and analysis.on_data.q(best + step / 2)[0] > wanted:
        step /= 2
    return low, crossed(best, best + step)
