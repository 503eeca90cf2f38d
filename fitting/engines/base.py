"""What every engine takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

__all__ = ["Engine", "Failure", "Outcome", "Progress", "UpperLimit"]

Progress = Callable[[int, int], None]  # done, of how many


@dataclass(frozen=True)
class UpperLimit:
    """The answer to one workspace, in units of its parameter of interest.

    Parameters
    ----------
    observed, expected
        Upper limits; expected at −2, −1, 0, 1, 2 standard deviations.
    best_fit
        The parameter's best value, not below its lower bound.
    significance
        Of an excess over the background, √q₀ in standard deviations; 0 for a deficit.
    evaluations
        Profile likelihood fits made.
    bounds_hit
        Nuisance parameters that ended on a bound in the fits that the limits rest on.
    rescued
        Fits that needed the second minimiser.
    largest_edm
        The worst estimated distance to a minimum of the fits, in −ln L, before the last step.
    several_minima
        Whether a fit had other minima than the one taken; then the limits deserve a look.
    rescued_from
        Why the engine that was asked for gave up and left the workspace to pyhf's; empty if it did not.
    toy_errors
        Of the observed and the expected limits, from the number of pseudo-experiments; empty without.
    failed_toys
        Pseudo-experiments left out since they could not be fitted.
    """

    observed: float
    expected: tuple[float, ...]
    best_fit: float
    significance: float
    evaluations: int
    bounds_hit: tuple[str, ...]
    rescued: int
    largest_edm: float
    several_minima: bool = False
    rescued_from: str = ""
    toy_errors: tuple[float, ...] = ()
    failed_toys: int = 0

    @property
    def flags(self) -> tuple[str, ...]:
        """Sentences on the fits that whoever quotes the limit must know."""
        flags = []
        if self.bounds_hit:
            flags.append(f"nuisance parameters on their bounds: {', '.join(self.bounds_hit)}")
        if self.several_minima:
            flags.append("the likelihood has several minima, of which the lowest found was taken")
        if self.rescued_from:
            flags.append(f"solved by the pyhf engine, since: {self.rescued_from}")
        return tuple(flags)

    @property
    def needed_help(self) -> bool:
        """Whether a fit needed another minimiser, another engine, or a choice among minima."""
        return bool(self.rescued or self.rescued_from or self.several_minima)

    def as_json(self) -> dict[str, Any]:
        """Return the answer for JSON."""
        return {
            **asdict(self),
            "expected": list(self.expected),
            "bounds_hit": list(self.bounds_hit),
            "toy_errors": list(self.toy_errors),
        }


@dataclass(frozen=True)
class Failure:
    """A workspace that could not be solved, and why."""

    reason: str


Outcome = UpperLimit | Failure


class Engine(Protocol):
    """A way to get upper limits."""

    def __call__(
        self,
        workspaces: Sequence[dict[str, Any]],
        confidence_level: float,
        *,
        workers: int = 1,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """Return one outcome a workspace, in order; a failure is an outcome and not an exception."""
