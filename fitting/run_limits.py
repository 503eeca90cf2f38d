"""Upper limits of a run: from its histograms to ``limits.json``."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from darkbelle.errors import ConfigurationError, FitError
from darkbelle.fitting.engines import Failure
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.limit_points import limit_point
from darkbelle.fitting.limit_results import LimitPoint, Limits
from darkbelle.fitting.signals import scan_masses, with_masses
from darkbelle.fitting.solving import WorkspaceLimits, limits
from darkbelle.fitting.studies.recipes import Make
from darkbelle.fitting.templates import (
    Data,
    FitInputs,
    MassTemplates,
    Place,
    all_fit_inputs,
    mass_templates,
)
from darkbelle.fitting.workspaces import build_workspace, poi_name
from darkbelle.provenance import provenance
from darkbelle.runfolder import LIMITS, load_result, write_json

__all__ = ["compute_limits"]

_LOG = logging.getLogger(__name__)

METHOD = "CLs, {}, q-tilde (arXiv:1007.1727); normsys code 4, histosys code 4p"


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
    every = all_fit_inputs(load_result(run_dir), data, seed)
    if mass_step is not None:
        masses = _scanned(every[0], masses, mass_step)
    if interpolate or mass_step is not None:
        every = [with_masses(item, masses or ()) for item in every]
    level = confidence_level or every[0].channel.confidence_level
    templates, failed = _all_templates(every, None if masses is None else sorted(set(masses)))
    solved = limits(
        {repr(place): build_workspace(of, item) for place, (of, item) in templates.items()},
        confidence_level=level,
        engine=engine,
        toys=toys,
        seed=seed,
        workers=workers,
        make=make,
        progress=progress,
    )
    points, unsolved = _sorted_out({place: item for place, (_, item) in templates.items()}, solved)
    failed |= unsolved
    if not points:
        reasons = "; ".join(f"{place}: {reason}" for place, reason in failed.items())
        raise FitError(f"no limit could be computed: {reasons or 'the run has no signal'}")
    found = Limits(
        channel=every[0].channel.name,
        poi=every[0].channel.poi,
        unit=every[0].channel.poi_unit,
        confidence_level=level,
        method=METHOD.format(f"{toys} pseudo-experiments a hypothesis" if toys else "asymptotic"),
        engine="fast" if toys else engine,
        luminosity_fb=every[0].luminosity_fb,
        data=data,
        seed=seed,
        points=tuple(points),
        failed=failed,
        missing_processes=every[0].missing,
        findings={place: answer.findings for place, answer in zip(templates, solved, strict=True)},
    )
    _warn(found)
    record = provenance(run=Path(run_dir).name, parameter=poi_name(every[0].channel))
    write_json(Path(run_dir) / LIMITS, {**found.as_json(), "provenance": record})
    return found


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
    every: Sequence[FitInputs], masses: Sequence[float] | None
) -> tuple[dict[Place, tuple[FitInputs, MassTemplates]], dict[Place, str]]:
    templates, failed = {}, {}
    for inputs in every:
        for mass in masses or tuple(inputs.signals):
            place = Place(mass, inputs.final_state)
            try:
                templates[place] = (inputs, mass_templates(inputs, mass))
            except FitError as error:
                failed[place] = str(error)
    return templates, failed


def _sorted_out(
    templates: Mapping[Place, MassTemplates], solved: Sequence[WorkspaceLimits]
) -> tuple[list[LimitPoint], dict[Place, str]]:
    """Return the points that have a limit, and why the others have none."""
    points, failed = [], {}
    for (place, item), answer in zip(templates.items(), solved, strict=True):
        if isinstance(answer.outcome, Failure):
            failed[place] = answer.outcome.reason
        else:
            points.append(limit_point(item, answer.outcome, answer.findings, place.final_state))
    return points, failed
