r"""Who is right where engines disagree: the lowest minimum of :math:`-\ln L` from many starting points.

The likelihood is pyhf's, and so are the derivatives, by differences of its expected events; nothing is
shared with the fast engine. For every value of the parameter of interest that a limit needs, minima are
sought from the model's start, from random points, and from points of a grid along each constrained
parameter. Interpolation codes 0 and 1 have kinks, where derivatives
say little: there each combination of sides of the kinks is a region of its own, smooth inside, and pyhf's
SLSQP looks for its minimum. The limits of that lowest profile are what both engines should have found. A
minimiser can only end too high, so whoever has the lower value in a fit is right.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pyhf

from darkbelle.errors import FitError
from darkbelle.fitting.engines.pyhf_likelihood import Likelihood, minimise
from darkbelle.fitting.validation.pyhf_limits import limits_from_profiles, minimiser
from darkbelle.fitting.validation.testset import Case
from darkbelle.vectors import Column

__all__ = ["Scan", "scan_limits"]

RANDOM_STARTS = 24
GRID = (-3.0, -1.5, -0.5, 0.5, 1.5, 3.0)  # standard deviations, along one parameter at a time
_WIDE = 1.5  # standard deviations of random starts
_FREE = (0.1, 3.0)  # range of random starts of free parameters


@dataclass
class Scan:
    """The lowest profile of a likelihood for some data.

    Every minimum found is a start for the values of the parameter of interest that come later.
    """

    likelihood: Likelihood
    data: Column
    seed: int
    kinked: tuple[int, ...] = ()
    made: dict[float | None, tuple[float, Column]] = field(default_factory=dict)

    def __call__(self, mu: float) -> float:
        """Return −2 ln L at a parameter of interest."""
        return 2 * self.lowest(mu)[0]

    def lowest(self, mu: float | None) -> tuple[float, Column]:
        """Return −ln L and the parameters of the lowest minimum, free in the parameter of interest for none.

        Raises
        ------
        FitError
            No start leads to a minimum.
        """
        if mu in self.made:
            return self.made[mu]
        found = self._by_region(mu) if self.kinked else self._by_starts(mu)
        if not found:
            raise FitError(f"no minimum from any start, with the parameter of interest at {mu}")
        self.made[mu] = min(found, key=lambda item: item[0])
        return self.made[mu]

    def _by_starts(self, mu: float | None) -> list[tuple[float, Column]]:
        found = []
        for start in [*(known for _, known in self.made.values()), *self._starts()]:
            with suppress(FitError, np.linalg.LinAlgError, ValueError):
                minimum = minimise(self.likelihood, self.data, start, mu)
                found.append((minimum.value, minimum.parameters))
        return found

    def _by_region(self, mu: float | None) -> list[tuple[float, Column]]:
        """Return the minimum of each combination of sides of the kinks."""
        likelihood, found = self.likelihood, []
        fit = pyhf.infer.mle.fit if mu is None else partial(pyhf.infer.mle.fixed_poi_fit, mu)
        begin = np.array(likelihood.model.config.suggested_init(), dtype=np.float64)
        for signs in product((1.0, -1.0), repeat=len(self.kinked)):
            lower, upper, start = likelihood.lower.copy(), likelihood.upper.copy(), begin.copy()
            for place, sign in zip(self.kinked, signs, strict=True):
                lower[place], upper[place] = (0.0, upper[place]) if sign > 0 else (lower[place], 0.0)
                start[place] = sign / 2
            bounds = list(zip(lower.tolist(), upper.tolist(), strict=True))
            with suppress(pyhf.exceptions.FailedMinimization):
                point = np.asarray(fit(self.data, likelihood.model, start.tolist(), bounds))
                found.append((likelihood.value(point, self.data), point))
        return found

    def _starts(self) -> list[Column]:
        likelihood, rng = self.likelihood, np.random.default_rng(self.seed)
        begin = np.array(likelihood.model.config.suggested_init(), dtype=np.float64)
        widths = np.zeros(begin.size)
        widths[likelihood.constraints] = np.where(
            likelihood.normal, likelihood.widths, 1 / np.sqrt(np.maximum(likelihood.widths, 1.0))
        )
        constrained, moving = widths > 0, ~likelihood.fixed
        starts = [begin]
        for place in np.flatnonzero(constrained & moving):
            for step in GRID:
                starts.append(begin.copy())
                starts[-1][place] += step * widths[place]
        for _ in range(RANDOM_STARTS):
            point = begin + _WIDE * widths * rng.normal(size=begin.size)
            free = rng.uniform(*_FREE, size=begin.size)
            starts.append(np.where(moving, np.where(constrained, point, free), begin))
        return starts


def scan_limits(case: Case, near: tuple[float, ...], seed: int = 1) -> tuple[float, ...]:
    """Return the observed limit and the expected ones of the lowest profile, at 95 % confidence level.

    Parameters
    ----------
    case
        The workspace.
    near
        Where to look first.
    seed
        Of the random starts.

    Raises
    ------
    FitError
        A fit has no minimum, or CLs no crossing.
    """
    with minimiser("slsqp"):
        likelihood, data = _likelihood(case)
        kinked = _kinked(case, likelihood)
        on_data = Scan(likelihood, data, seed, kinked)
        lowest, best = on_data.lowest(None)
        at_zero, background = on_data.lowest(0.0)
        asimov = np.asarray(likelihood.model.expected_data(background))
        on_asimov = Scan(likelihood, asimov, seed, kinked)
        on_asimov.made[0.0] = (likelihood.value(background, asimov), background)
        return limits_from_profiles(
            (on_data, 2 * min(lowest, at_zero)),
            (on_asimov, 2 * on_asimov.made[0.0][0]),
            float(best[likelihood.poi]),
            near,
        )


def _kinked(case: Case, likelihood: Likelihood) -> tuple[int, ...]:
    kinds = {"normsys"} if case.normsys == "code1" else set()
    kinds |= {"histosys"} if case.histosys == "code0" else set()
    config = likelihood.model.config
    names = {name for name, kind in config.modifiers if kind in kinds}
    return tuple(sorted(config.par_slice(name).start for name in names))


def _likelihood(case: Case) -> tuple[Likelihood, Column]:
    content = pyhf.Workspace(case.workspace)
    codes: dict[str, Any] = {
        "normsys": {"interpcode": case.normsys},
        "histosys": {"interpcode": case.histosys},
    }
    model = content.model(modifier_settings=codes)
    data = np.array(content.data(model), dtype=np.float64)
    batched = lambda size: content.model(modifier_settings=codes, batch_size=size)  # noqa: E731
    return Likelihood.of(model, batched), data
