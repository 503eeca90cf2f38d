r"""Upper limits by CLs from pseudo-experiments instead of asymptotic formulas.

Experiments of background are the same for all values of the parameter of interest, and those with
signal use the same random numbers, so that :math:`\mathrm{CL_s}` falls nearly without noise. See
`exclusion` for the test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.special import ndtr

from darkbelle.errors import FitError
from darkbelle.fitting.asymptotics import BANDS, check_confidence_level
from darkbelle.fitting.fast.asymptotic import AsymptoticLimits, analyse, asymptotic_limits
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.minimise import Minimum
from darkbelle.fitting.studies.exclusion import ExclusionEnsemble, ToyTest, toy_test
from darkbelle.fitting.studies.recipes import Columns, Make, in_process, sound
from darkbelle.fitting.studies.searches import Search, in_step

__all__ = ["ToyLimits", "confidence_by_toys", "toy_limits"]

BACKGROUND, SIGNAL = 0, 1  # hypotheses, as they enter the random numbers
_WIDEN = 1.3
_CLOSE = 0.1  # relative width of the bracket in which ln CLs is a straight line, to 1e-3 of the limit
_LEVER = 1.2  # factor from a limit, at least, to the points that the slope of CLs is taken from
_FARTHEST = 10.0  # times the asymptotic limit, at which the search for one ends
_STEPS = 40


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


def toy_limits(
    workspaces: Sequence[Mapping[str, Any]],
    confidence_level: float = 0.95,
    *,
    toys: int,
    seed: int = 1,
    make: Make | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[ToyLimits | FitError]:
    """Return the upper limits on the parameters of interest of workspaces, or why one has none.

    Parameters
    ----------
    workspaces
        As pyhf's schema 1.0.0 wants them, with one measurement.
    confidence_level
        Such as 0.95.
    toys, seed
        Experiments a hypothesis and value tested, and their seed. A limit rests on some
        (1 − confidence level) of those with signal; at −2 standard deviations on a fiftieth of that.
    make
        Makes the experiments; here and on one thread by default.
    progress
        Called with the number of workspaces done and to do.

    Raises
    ------
    FitError
        The confidence level is none, or the experiments are too few for it.
    """
    check_confidence_level(confidence_level)
    needed = math.ceil(1 / ((1 - confidence_level) * ndtr(BANDS[0])))
    if toys < needed:
        raise FitError(
            f"{toys} pseudo-experiments are too few: of those with signal at the expected limit at "
            f"{BANDS[0]} standard deviations, less than one would count; make at least {needed}, better ten "
            "times as many"
        )
    searches = [_search(workspace, confidence_level, toys, seed) for workspace in workspaces]
    return in_step(searches, make or in_process(), progress)


def confidence_by_toys(
    workspace: Mapping[str, Any], mu: float, *, toys: int, seed: int = 1, make: Make | None = None
) -> ToyTest:
    """Return CLs of one positive value of the parameter of interest from experiments; see `toy_limits`.

    Raises
    ------
    FitError
        The fits to the data fail, or more than 1 % of those to experiments do.
    """

    def search() -> Search[ToyTest]:
        tests = _Tests(workspace, toys, seed)
        yield from tests.make([mu])
        return tests.made[mu]

    (found,) = in_step([search()], make or in_process())
    if isinstance(found, FitError):
        raise found
    return found


class _Tests:
    """The tests of a workspace by value of the parameter of interest, each made once."""

    def __init__(self, workspace: Mapping[str, Any], toys: int, seed: int) -> None:
        self.workspace = workspace
        self.toys, self.seed = toys, seed
        self.model = compile_workspace(workspace)
        self.analysis = analyse(self.model)
        self.failed = 0
        self.made: dict[float, ToyTest] = {}

    def make(self, values: Iterable[float]) -> Search[None]:
        """Make the tests of some values that were not made yet."""
        new = tuple(sorted(set(values) - self.made.keys()))
        if not new:
            return
        background, *with_signal = yield [
            self._ensemble(self.analysis.background, new, BACKGROUND),
            *(self._ensemble(self.analysis.on_data.fit(mu), (mu,), SIGNAL) for mu in new),
        ]
        without = self._sound(background)
        best = self.analysis.best.parameters[self.model.poi]
        for number, (mu, columns) in enumerate(zip(new, with_signal, strict=True)):
            observed = self.analysis.on_data.q(mu)[0] if mu > best else 0.0
            self.made[mu] = toy_test(observed, self._sound(columns)["q_0"], without[f"q_{number}"])

    def _ensemble(self, truth: Minimum, tested: tuple[float, ...], hypothesis: int) -> ExclusionEnsemble:
        parameters = tuple(truth.parameters.tolist())
        return ExclusionEnsemble(self.toys, self.seed, self.workspace, parameters, tested, hypothesis)

    def _sound(self, columns: Columns) -> Columns:
        kept, failed = sound(columns)
        self.failed += failed
        return kept


def _search(workspace: Mapping[str, Any], confidence_level: float, toys: int, seed: int) -> Search[ToyLimits]:
    """Return the limits, of which the observed one is number 0."""
    asymptotic = asymptotic_limits(compile_workspace(workspace), confidence_level)
    tests = _Tests(workspace, toys, seed)
    starts = (asymptotic.observed, *asymptotic.expected)
    curves = [_Curve(tests.made, number, 1 - confidence_level) for number in range(len(starts))]
    for _ in range(_STEPS):
        trials = [curve.trial(start) for curve, start in zip(curves, starts, strict=True)]
        if all(trial is None for trial in trials):
            break
        yield from tests.make(trial for trial in trials if trial is not None)
    limits = [curve.crossing() for curve in curves]
    sides = [curve.sides(limit) for curve, limit in zip(curves, limits, strict=True)]
    yield from tests.make(mu for pair in sides for mu in pair)
    errors = [curve.error(*at) for curve, at in zip(curves, zip(limits, sides, strict=True), strict=True)]
    return ToyLimits(
        observed=limits[0],
        expected=tuple(limits[1:]),
        errors=tuple(errors),
        asymptotic=asymptotic,
        tests=len(tests.made),
        failed=tests.failed,
    )


@dataclass(frozen=True)
class _Curve:
    """One of the six CLs against the parameter of interest, as far as it was tested.

    ``number`` is its place in the tests, ``wanted`` the value that it falls to at the limit.
    """

    made: Mapping[float, ToyTest]
    number: int
    wanted: float

    def _excess(self, mu: float) -> float:
        return math.log(self.made[mu].levels[self.number] / self.wanted)

    def _bracket(self) -> tuple[float, float]:
        """Return the tested values between which CLs falls to the wanted one for good, or 0 and infinity."""
        low = max((mu for mu in self.made if self._excess(mu) > 0), default=0.0)
        return low, min((mu for mu in self.made if mu > low), default=math.inf)

    def trial(self, start: float) -> float | None:
        """Return what to test next, None if the limit is known; ``start`` is about where it is."""
        low, high = self._bracket()
        if high < low * (1 + _CLOSE):
            return None
        if low > _FARTHEST * start:
            raise FitError(
                f"CLs from pseudo-experiments does not fall to {self.wanted:g} up to {low:g}: too few with "
                "background alone are as extreme as these data; make more"
            )
        if low == 0:
            return min(start, high / _WIDEN)
        if high == math.inf:
            return max(start, low * _WIDEN)
        # kept off the ends, so that the bracket shrinks
        return min(max(self._between(low, high), low * (1 + _CLOSE / 3)), high / (1 + _CLOSE / 3))

    def crossing(self) -> float:
        """Return where CLs falls to the wanted value."""
        return self._between(*self._bracket())

    def _between(self, low: float, high: float) -> float:
        """Return where the straight line through two points of opposite sign is zero."""
        above, below = self._excess(low), self._excess(high)
        return low + (high - low) * above / (above - below)

    def sides(self, limit: float) -> tuple[float, float]:
        """Return values on both sides of the limit, at some distance, that its error is found from."""
        below = max((mu for mu in self.made if mu <= limit / _LEVER), default=0.0)
        above = min((mu for mu in self.made if mu >= limit * _LEVER), default=math.inf)
        return (
            below if below >= limit / _LEVER**2 else limit / _LEVER,
            above if above <= limit * _LEVER**2 else limit * _LEVER,
        )

    def error(self, limit: float, sides: tuple[float, float]) -> float:
        """Return the error of the limit, that of CLs over its slope; infinite if no slope is seen."""
        below, above = sides
        fall = self._excess(below) - self._excess(above)
        closest = self.made[min(self.made, key=lambda mu: abs(mu - limit))]
        error = closest.errors[self.number] / closest.levels[self.number]
        return error * (above - below) / fall if fall > 0 else math.inf
