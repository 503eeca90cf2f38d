"""Upper limits of any pyhf workspaces, of a run or not: looked at first, then solved by an engine.

>>> from darkbelle.fitting import limits
>>> counting = {
...     "version": "1.0.0",
...     "channels": [{"name": "sr", "samples": [
...         {"name": "s", "data": [10.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
...         {"name": "b", "data": [100.0], "modifiers": []}]}],
...     "observations": [{"name": "sr", "data": [100.0]}],
...     "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
... }
>>> (answer,) = limits([counting], confidence_level=0.95)
>>> round(answer.outcome.expected[2], 2)  # q of 20.9 events, 2 (20.9 − 100 ln 1.209), is 1.960²
2.09
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from darkbelle.fitting.asymptotics import check_confidence_level
from darkbelle.fitting.engines import Failure, Outcome, load_engine, toy_engine
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.findings import Finding, errors_of
from darkbelle.fitting.preflight import preflight
from darkbelle.fitting.sources import Source, named_contents
from darkbelle.fitting.studies.recipes import Make

__all__ = ["WorkspaceLimits", "limits"]


@dataclass(frozen=True)
class WorkspaceLimits:
    """The answer to one workspace.

    Parameters
    ----------
    name
        Of the workspace: its key, file, or number.
    outcome
        Its limits in units of the parameter of interest, or why there are none.
    findings
        What was found in it before the fit.
    """

    name: str
    outcome: Outcome
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the answer for JSON."""
        common = {"name": self.name, "preflight": [item.as_json() for item in self.findings]}
        if isinstance(self.outcome, Failure):
            return {**common, "failed": self.outcome.reason}
        return {**common, **self.outcome.as_json()}


def limits(  # noqa: PLR0913  all by keyword
    workspaces: Mapping[str, Source] | Iterable[Source],
    *,
    confidence_level: float = 0.95,
    engine: str = "fast",
    toys: int = 0,
    seed: int = 1,
    workers: int = 1,
    make: Make | None = None,
    progress: Progress | None = None,
) -> tuple[WorkspaceLimits, ...]:
    """Return the CLs upper limits on the parameters of interest of pyhf workspaces.

    A workspace in which `preflight` finds an error is not fitted; one that an engine cannot solve
    is a failure among the answers. Neither stops the others. Few events are no finding if there are toys.

    Parameters
    ----------
    workspaces
        Dictionaries as pyhf's schema 1.0.0 wants them, with one measurement, or paths of such JSON files;
        as a mapping, by the names that the answers shall have.
    confidence_level
        Between 0.5 and 1.
    engine
        One of `darkbelle.fitting.engines.engine_names`.
    toys, seed
        Pseudo-experiments a hypothesis, instead of asymptotic formulas, and their seed; always fitted with
        the fast engine's likelihood.
    workers
        Processes or threads, for engines that use them.
    make
        Makes the pseudo-experiments, such as `darkbelle.jobs.toys.store_maker` with any executor; here and on
        ``workers`` threads by default.
    progress
        Called with the number of workspaces done and to do.

    Raises
    ------
    ConfigurationError
        A file cannot be read, or the engine does not exist.
    FitError
        The confidence level is none, or there are too few toys for it.
    """
    check_confidence_level(confidence_level)
    solve = toy_engine(toys, seed, make) if toys else load_engine(engine)
    named = named_contents(workspaces)
    findings = {
        name: tuple(
            item for item in preflight(content, confidence_level) if not (toys and item.kind == "few events")
        )
        for name, content in named.items()
    }
    outcomes: dict[str, Outcome] = {
        name: Failure(errors_of(found)) for name, found in findings.items() if errors_of(found)
    }
    sound = [name for name in named if name not in outcomes]
    solved = solve([named[name] for name in sound], confidence_level, workers=workers, progress=progress)
    outcomes |= dict(zip(sound, solved, strict=True))
    return tuple(WorkspaceLimits(name, outcomes[name], findings[name]) for name in named)
