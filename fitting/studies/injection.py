"""Signals put into the expected background of a run, and found again: ``injection.json``.

A signal of some times the median expected limit is put into the expectation, in which the fit must find it;
and experiments are drawn with it, and without any, which say what bias and pulls the fit has and how often
limits and intervals contain the truth. Experiments come from the model that is fitted, with nuisance
parameters at their nominal values: they test the fit, and not what the model leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from darkbelle.errors import ConfigurationError, FitError
from darkbelle.fitting.engines import Failure, UpperLimit
from darkbelle.fitting.nuisances import with_signal
from darkbelle.fitting.solving import limits
from darkbelle.fitting.studies.coverage import CoveragePoint, Share, coverage_study
from darkbelle.fitting.studies.recipes import Make
from darkbelle.fitting.templates import Place, chosen_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace, poi_name
from darkbelle.provenance import provenance
from darkbelle.runfolder import INJECTION, SCHEMA, load_result, read_json, write_json

__all__ = ["Injected", "RunInjection", "compute_injection", "read_injection"]

LIMIT, INTERVAL = "asymptotic limit", "likelihood-ratio interval"  # as `coverage_study` calls them


@dataclass(frozen=True)
class Injected:
    """A signal of one hypothesis put in, and what was found.

    Parameters
    ----------
    mass, final_state
        The hypothesis, mass in GeV.
    strength
        What was put in: a value of the parameter of interest.
    found
        What the fit finds in the expectation.
    mean, mean_error
        Of the best fits to experiments.
    pull_mean, pull_width
        Of (best fit − truth)/error in experiments.
    limit_covers, interval_covers
        How often the limit and the interval of the likelihood ratio contain the truth.
    interval_covers_background
        How often the latter contains 0 where there is no signal. Half of the fits end at the bound then,
        so that it covers more often than its level says.
    """

    mass: float
    final_state: str | None
    strength: float
    found: float
    mean: float
    mean_error: float
    pull_mean: float
    pull_width: float
    limit_covers: Share
    interval_covers: Share
    interval_covers_background: Share

    @property
    def place(self) -> Place:
        """Which hypothesis it is of."""
        return Place(self.mass, self.final_state)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return what `dataclasses.asdict` made of one."""
        shares = {name: Share(**item) for name, item in content.items() if isinstance(item, dict)}
        return cls(**{**content, **shares})


@dataclass(frozen=True)
class RunInjection:
    """Signals of ``times`` the median expected limit put into a run; ``failed`` have no model or no limit."""

    channel: str
    poi: str
    luminosity_fb: float
    confidence_level: float
    times: float
    toys: int
    seed: int
    points: tuple[Injected, ...]
    failed: dict[Place, str]

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``injection.json``."""
        return {
            "schema": SCHEMA,
            **asdict(self),
            "points": [asdict(item) for item in self.points],
            "failed": [{**place.as_json(), "reason": reason} for place, reason in self.failed.items()],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return what `as_json` wrote."""
        same = ("channel", "poi", "luminosity_fb", "confidence_level", "times", "toys", "seed")
        return cls(
            **{name: content[name] for name in same},
            points=tuple(map(Injected.from_json, content["points"])),
            failed={Place.from_json(item): item["reason"] for item in content["failed"]},
        )


def compute_injection(  # noqa: PLR0913  all by keyword
    run_dir: str | Path,
    *,
    masses: Sequence[float] | None = None,
    final_state: str | None = None,
    times: float = 2.0,
    toys: int = 300,
    seed: int = 1,
    confidence_level: float | None = None,
    make: Make | None = None,
) -> RunInjection:
    """Put signals into the expected background of a run, find them again, and write ``RUN/injection.json``.

    Parameters
    ----------
    run_dir
        A run folder with merged results.
    masses
        GeV; all simulated ones by default.
    final_state
        Of the signal, in channels that fit several; all by default.
    times
        How strong they are, in median expected limits.
    toys, seed
        Experiments with each signal, as many without, and their seed.
    confidence_level
        Of limits and intervals; the channel's by default.
    make
        Makes the experiments; here and on one thread by default.

    Raises
    ------
    ConfigurationError
        The strength is not positive.
    FitError
        Nothing could be put in, or more than 1 % of the fits to experiments fail.
    """
    if not times > 0:
        raise ConfigurationError(f"signals to be found must be positive, got {times:g} times the limit")
    every = chosen_inputs(load_result(run_dir), "asimov", seed, final_state)
    level = confidence_level or every[0].channel.confidence_level
    workspaces: dict[Place, dict[str, Any]] = {}
    failed: dict[Place, str] = {}
    for inputs in every:
        for mass in masses or tuple(inputs.signals):
            place = Place(mass, inputs.final_state)
            try:
                workspaces[place] = build_workspace(inputs, mass_templates(inputs, mass))
            except FitError as error:
                failed[place] = str(error)
    solved, unsolved = _limits(workspaces, level)
    failed |= unsolved
    if not solved:
        reasons = "; ".join(f"{place}: {reason}" for place, reason in failed.items())
        raise FitError(f"no signal could be put in: {reasons or 'the run has none'}")
    points = []
    for place, limit in solved.items():
        strength = times * limit.expected[2]
        points.append(_injected(place, workspaces[place], strength, level, toys=toys, seed=seed, make=make))
    channel = every[0].channel
    found = RunInjection(
        channel.name,
        poi_name(channel),
        every[0].luminosity_fb,
        level,
        times,
        toys,
        seed,
        tuple(points),
        failed,
    )
    record = provenance(run=Path(run_dir).name)
    write_json(Path(run_dir) / INJECTION, {**found.as_json(), "provenance": record})
    return found


def read_injection(run_dir: str | Path) -> RunInjection:
    """Return what was put into a run and found.

    Raises
    ------
    RunError
        There is nothing yet, or it is of another version.
    """
    return RunInjection.from_json(read_json(Path(run_dir) / INJECTION))


def _limits(
    workspaces: Mapping[Place, dict[str, Any]], level: float
) -> tuple[dict[Place, UpperLimit], dict[Place, str]]:
    """Return the limits of hypotheses, and why others have none."""
    found: dict[Place, UpperLimit] = {}
    failed: dict[Place, str] = {}
    named = {str(place): workspace for place, workspace in workspaces.items()}
    for place, answer in zip(workspaces, limits(named, confidence_level=level), strict=True):
        if isinstance(answer.outcome, Failure):
            failed[place] = answer.outcome.reason
        else:
            found[place] = answer.outcome
    return found, failed


def _injected(
    place: Place,
    workspace: dict[str, Any],
    strength: float,
    level: float,
    *,
    toys: int,
    seed: int,
    make: Make | None,
) -> Injected:
    containing = with_signal(workspace, strength)
    found, failed = _limits({place: containing}, level)
    if failed:
        raise FitError(f"{place}: a signal of {strength:g} cannot be fitted: {failed[place]}")

    def experiments(of: dict[str, Any], truth: float) -> CoveragePoint:
        return coverage_study(of, [truth], level, toys=toys, seed=seed, make=make).points[0]

    some, none = experiments(containing, strength), experiments(workspace, 0.0)
    return Injected(
        *place,
        strength=strength,
        found=found[place].best_fit,
        mean=strength + some.bias,
        mean_error=some.bias_error,
        pull_mean=some.pull_mean,
        pull_width=some.pull_width,
        limit_covers=some.coverage[LIMIT],
        interval_covers=some.coverage[INTERVAL],
        interval_covers_background=none.coverage[INTERVAL],
    )
