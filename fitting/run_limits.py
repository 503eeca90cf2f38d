"""Upper limits of a run: from its histograms to ``limits.json``."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from darkbelle.errors import ConfigurationError, FitError
from darkbelle.fitting.engines import Failure, UpperLimit
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.findings import Finding, summarise
from darkbelle.fitting.signals import scan_masses, with_masses
from darkbelle.fitting.solving import WorkspaceLimits, limits
from darkbelle.fitting.studies.recipes import Make
from darkbelle.fitting.templates import Data, FitInputs, MassTemplates, fit_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace, describe, poi_name
from darkbelle.provenance import provenance
from darkbelle.runfolder import LIMITS, SCHEMA, load_result, read_json, write_json

__all__ = ["LimitPoint", "Limits", "compute_limits", "read_limits"]

_LOG = logging.getLogger(__name__)

UNSIMULATED_SHARE = 0.05  # of the background in the window, above which an absent process is flagged
METHOD = "CLs, {}, q-tilde (arXiv:1007.1727); normsys code 4, histosys code 4p"


@dataclass(frozen=True)
class LimitPoint:
    """The limits on one mass hypothesis.

    Parameters
    ----------
    mass
        GeV.
    observed, expected
        Upper limits in the unit of `Limits`; expected at −2, −1, 0, 1, 2 standard deviations.
    diagnostics
        How the fit went and what it stood on, as JSON.
    flags
        Sentences that whoever quotes this limit must know; mostly none.
    """

    mass: float
    observed: float
    expected: tuple[float, ...]
    diagnostics: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    @property
    def interpolated_between(self) -> tuple[float, float] | None:
        """The simulated masses in GeV that the signal is interpolated between; none if it was simulated."""
        found = self.diagnostics.get("interpolated_between")
        return (found[0], found[1]) if found else None


@dataclass(frozen=True)
class Limits:
    """Upper limits of a channel against mass.

    ``failed`` are masses in GeV without one, and why; ``findings``, by mass, what was found before the fits.
    """

    channel: str
    poi: str
    unit: str
    confidence_level: float
    method: str
    engine: str
    luminosity_fb: float
    data: Data
    seed: int
    points: tuple[LimitPoint, ...]
    failed: dict[float, str] = field(default_factory=dict)
    missing_processes: tuple[str, ...] = ()
    findings: dict[float, tuple[Finding, ...]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``limits.json``."""
        return {
            "schema": SCHEMA,
            "channel": self.channel,
            "poi": self.poi,
            "unit": self.unit,
            "confidence_level": self.confidence_level,
            "method": self.method,
            "engine": self.engine,
            "luminosity_fb": self.luminosity_fb,
            "data": self.data,
            "seed": self.seed,
            "points": [
                {
                    "mass": point.mass,
                    "observed": point.observed,
                    "expected": list(point.expected),
                    "flags": list(point.flags),
                    "diagnostics": point.diagnostics,
                }
                for point in self.points
            ],
            "failed": [{"mass": mass, "reason": reason} for mass, reason in self.failed.items()],
            "missing_processes": list(self.missing_processes),
            "preflight": [
                {"mass": mass, "findings": [item.as_json() for item in found]}
                for mass, found in self.findings.items()
            ],
        }

    @property
    def preflight(self) -> list[str]:
        """What was found before the fits, a line for what is the same at several masses."""
        return summarise({f"{mass:g} GeV": found for mass, found in self.findings.items()})

    @property
    def thinly_simulated(self) -> tuple[float, ...]:
        """Masses whose simulated background has fewer events than are expected of the data.

        There the statistics of the simulation dominate the uncertainty: the limits are wider than
        those of an experiment would be, and pseudo-data, drawn from the same simulation, keep
        closer to the median than the bands say.
        """
        return tuple(point.mass for point in self.points if point.diagnostics["simulated_per_expected"] < 1)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the limits that `as_json` wrote."""
        points = tuple(
            LimitPoint(
                item["mass"],
                item["observed"],
                tuple(item["expected"]),
                item["diagnostics"],
                tuple(item["flags"]),
            )
            for item in content["points"]
        )
        same = (
            "channel",
            "poi",
            "unit",
            "confidence_level",
            "method",
            "engine",
            "luminosity_fb",
            "data",
            "seed",
        )
        return cls(
            **{name: content[name] for name in same},
            points=points,
            failed={item["mass"]: item["reason"] for item in content["failed"]},
            missing_processes=tuple(content["missing_processes"]),
            findings={
                item["mass"]: tuple(map(Finding.from_json, item["findings"]))
                for item in content.get("preflight", [])  # files of before there was one
            },
        )


def compute_limits(  # noqa: PLR0913  all by keyword
    run_dir: str | Path,
    *,
    confidence_level: float | None = None,
    engine: str = "fast",
    toys: int = 0,
    masses: Sequence[float] | None = None,
    mass_step: float | None = None,
    interpolate: bool = False,
    workers: int = 1,
    data: Data = "pseudo",
    seed: int = 1,
    make: Make | None = None,
    progress: Progress | None = None,
) -> Limits:
    """Compute the upper limits of a run and write them to ``RUN/limits.json``.

    Parameters
    ----------
    run_dir
        A run folder with merged results.
    confidence_level
        The channel's by default.
    engine
        One of `darkbelle.fitting.engines.engine_names`.
    toys
        Pseudo-experiments a hypothesis, instead of asymptotic formulas; always by the fast engine.
    masses
        GeV; all simulated ones by default.
    mass_step
        GeV: between the simulated masses others so far apart, instead of ``masses``; interpolates.
    interpolate
        Whether masses may lie between simulated ones, see `darkbelle.fitting.signals`. Limits at such
        masses say so.
    workers
        Processes.
    data, seed
        What is fitted, see `darkbelle.fitting.templates.fit_inputs`; the seed is also that of the toys.
    make
        Makes the toys, see `darkbelle.fitting.solving.limits`.
    progress
        Called with the number of masses done and to do.

    Raises
    ------
    ConfigurationError
        The step is not positive, or masses are given besides.
    FitError
        Not one mass could be solved, or there are too few toys. Single failures are in ``Limits.failed``.
    """
    inputs = fit_inputs(load_result(run_dir), data, seed)
    if mass_step is not None:
        masses = _scanned(inputs, masses, mass_step)
    if interpolate or mass_step is not None:
        inputs = with_masses(inputs, masses or ())
    level = confidence_level or inputs.channel.confidence_level
    templates, failed = _all_templates(inputs, masses or tuple(inputs.signals))
    solved = limits(
        {f"{item.mass!r} GeV": build_workspace(inputs, item) for item in templates},
        confidence_level=level,
        engine=engine,
        toys=toys,
        seed=seed,
        workers=workers,
        make=make,
        progress=progress,
    )
    points, unsolved = _sorted_out(templates, solved)
    failed |= unsolved
    if not points:
        reasons = "; ".join(f"{mass:g} GeV: {reason}" for mass, reason in failed.items())
        raise FitError(f"no limit could be computed: {reasons or 'the run has no signal'}")
    found = Limits(
        channel=inputs.channel.name,
        poi=inputs.channel.poi,
        unit=inputs.channel.poi_unit,
        confidence_level=level,
        method=METHOD.format(f"{toys} pseudo-experiments a hypothesis" if toys else "asymptotic"),
        engine="fast" if toys else engine,
        luminosity_fb=inputs.luminosity_fb,
        data=data,
        seed=seed,
        points=tuple(points),
        failed=failed,
        missing_processes=inputs.missing,
        findings={item.mass: answer.findings for item, answer in zip(templates, solved, strict=True)},
    )
    _warn(found)
    record = provenance(run=Path(run_dir).name, parameter=poi_name(inputs.channel))
    write_json(Path(run_dir) / LIMITS, {**found.as_json(), "provenance": record})
    return found


def read_limits(run_dir: str | Path) -> Limits:
    """Return the limits of a run folder.

    Raises
    ------
    RunError
        There are none yet, or they are of another version.
    """
    return Limits.from_json(read_json(Path(run_dir) / LIMITS))


def _scanned(inputs: FitInputs, masses: Sequence[float] | None, step: float) -> tuple[float, ...]:
    if masses or not step > 0:
        raise ConfigurationError(
            f"a mass step is positive, in GeV, and stands instead of masses; got {step:g} and "
            f"{len(masses or ())} masses"
        )
    return scan_masses(inputs.signals, step)


def _warn(limits: Limits) -> None:
    """Say what concerns all points."""
    if limits.missing_processes:
        missing = ", ".join(limits.missing_processes)
        _LOG.warning("backgrounds without a dataset are not in these limits: %s", missing)
    if limits.thinly_simulated:
        _LOG.warning(
            "the background is simulated with fewer events than are expected of the data at %d of %d masses: "
            "simulation dominates their uncertainty",
            len(limits.thinly_simulated),
            len(limits.points),
        )


def _all_templates(
    inputs: FitInputs, masses: Sequence[float]
) -> tuple[list[MassTemplates], dict[float, str]]:
    templates, failed = [], {}
    for mass in masses:
        try:
            templates.append(mass_templates(inputs, mass))
        except FitError as error:
            failed[mass] = str(error)
    return templates, failed


def _sorted_out(
    templates: Sequence[MassTemplates], solved: Sequence[WorkspaceLimits]
) -> tuple[list[LimitPoint], dict[float, str]]:
    """Return the points that have a limit, and by mass why the others have none."""
    points, failed = [], {}
    for item, answer in zip(templates, solved, strict=True):
        if isinstance(answer.outcome, Failure):
            failed[item.mass] = answer.outcome.reason
        else:
            points.append(_point(item, answer.outcome, answer.findings))
    return points, failed


def _point(templates: MassTemplates, limit: UpperLimit, findings: Sequence[Finding]) -> LimitPoint:
    return LimitPoint(
        mass=templates.mass,
        observed=limit.observed,
        expected=limit.expected,
        diagnostics={
            **describe(templates),
            "simulated_per_expected": _simulated_per_expected(templates),
            "background": {name: float(item.values.sum()) for name, item in templates.backgrounds.items()},
            "best_fit": limit.best_fit,
            "significance": limit.significance,
            "evaluations": limit.evaluations,
            "bounds_hit": list(limit.bounds_hit),
            "rescued_fits": limit.rescued,
            "rescued_from": limit.rescued_from,
            "needed_help": limit.needed_help,
            "largest_edm": limit.largest_edm,
            "several_minima": limit.several_minima,
            "toy_errors": list(limit.toy_errors),
            "failed_toys": limit.failed_toys,
        },
        flags=_flags(templates, limit, findings),
    )


def _simulated_per_expected(templates: MassTemplates) -> float:
    """Return the effective number of simulated background events for each expected one, in the window."""
    values = sum(float(item.values.sum()) for item in templates.backgrounds.values())
    return values / sum(float(item.variances.sum()) for item in templates.backgrounds.values())


def _flags(templates: MassTemplates, limit: UpperLimit, findings: Sequence[Finding]) -> tuple[str, ...]:
    flags = [item.message for item in findings if item.kind == "few events"]
    inside = sum(item.values.sum() for item in templates.backgrounds.values())
    if sum(templates.unsimulated.values()) > UNSIMULATED_SHARE * inside:
        names = ", ".join(f"{name} ({weight:.2g})" for name, weight in templates.unsimulated.items())
        flags.append(f"no simulated event in the window, and events that one would stand for: {names}")
    return (*flags, *limit.flags)
