"""Studies of a run: what it takes from the run folder, and the files it writes there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.spectra import total
from darkbelle.fitting.studies.recipes import Make
from darkbelle.fitting.studies.scans import ScanEnsemble
from darkbelle.fitting.studies.significance import ScanSignificance, scan_significance
from darkbelle.fitting.studies.unified import UnifiedInterval, unified_intervals
from darkbelle.fitting.templates import Data, FitInputs, fit_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace, poi_name
from darkbelle.provenance import provenance
from darkbelle.runfolder import INTERVALS, SCHEMA, SIGNIFICANCE, load_result, read_json, write_json

__all__ = [
    "RunIntervals",
    "RunSignificance",
    "compute_intervals",
    "compute_significance",
    "read_significance",
    "run_scan",
]


@dataclass(frozen=True)
class RunSignificance:
    """Local and global significances of a run; ``failed`` are masses in GeV that no model can be built of."""

    channel: str
    luminosity_fb: float
    data: Data
    scan: ScanSignificance
    failed: dict[float, str]
    final_state: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``significance.json``."""
        return {
            "schema": SCHEMA,
            "channel": self.channel,
            "luminosity_fb": self.luminosity_fb,
            "data": self.data,
            "final_state": self.final_state,
            "truth": "expected background, nuisance parameters at their nominal values",
            "scan": self.scan.as_json(),
            "failed": [{"mass": mass, "reason": reason} for mass, reason in self.failed.items()],
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Return what `as_json` wrote."""
        failed = {item["mass"]: item["reason"] for item in content["failed"]}
        scan = ScanSignificance.from_json(content["scan"])
        return cls(
            content["channel"],
            content["luminosity_fb"],
            content["data"],
            scan,
            failed,
            content.get("final_state"),
        )


@dataclass(frozen=True)
class RunIntervals:
    """Intervals of a run, by mass in GeV; ``failed`` are masses without one, and why."""

    channel: str
    poi: str
    luminosity_fb: float
    data: Data
    points: dict[float, UnifiedInterval]
    failed: dict[float, str]
    final_state: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``intervals.json``."""
        return {
            "schema": SCHEMA,
            "channel": self.channel,
            "poi": self.poi,
            "luminosity_fb": self.luminosity_fb,
            "data": self.data,
            "final_state": self.final_state,
            "method": "Feldman and Cousins (arXiv:physics/9711021), profile construction",
            "points": [{"mass": mass, **item.as_json()} for mass, item in self.points.items()],
            "failed": [{"mass": mass, "reason": reason} for mass, reason in self.failed.items()],
        }


def compute_significance(
    run_dir: str | Path,
    *,
    masses: Sequence[float] | None = None,
    toys: int = 1000,
    data: Data = "pseudo",
    seed: int = 1,
    final_state: str | None = None,
    make: Make | None = None,
) -> RunSignificance:
    """Compute local and global p-values of a run and write them to ``RUN/significance.json``.

    Parameters
    ----------
    run_dir
        A run folder with merged results.
    masses
        GeV; all simulated ones by default.
    toys
        Experiments of background over the whole scan.
    data, seed
        What is fitted, see `darkbelle.fitting.templates.fit_inputs`; the seed is also that of the
        experiments.
    final_state
        Of the signal, in channels that fit several.
    make
        Makes the experiments; here and on one thread by default.

    Raises
    ------
    FitError
        As `run_scan` and `scan_significance`.
    """
    inputs = fit_inputs(load_result(run_dir), data, seed, final_state=final_state)
    places, scan, failed = run_scan(inputs, masses, toys=toys, seed=seed)
    found = RunSignificance(
        inputs.channel.name,
        inputs.luminosity_fb,
        data,
        scan_significance(places, scan, make=make),
        failed,
        final_state,
    )
    record = provenance(run=Path(run_dir).name)
    write_json(Path(run_dir) / SIGNIFICANCE, {**found.as_json(), "provenance": record})
    return found


def read_significance(run_dir: str | Path) -> RunSignificance:
    """Return the significances of a run folder.

    Raises
    ------
    RunError
        There are none yet, or they are of another version.
    """
    return RunSignificance.from_json(read_json(Path(run_dir) / SIGNIFICANCE))


def compute_intervals(  # noqa: PLR0913  all by keyword
    run_dir: str | Path,
    *,
    confidence_level: float | None = None,
    masses: Sequence[float] | None = None,
    toys: int = 4000,
    points: int = 20,
    data: Data = "pseudo",
    seed: int = 1,
    final_state: str | None = None,
    make: Make | None = None,
) -> RunIntervals:
    """Compute the intervals of Feldman and Cousins of a run and write them to ``RUN/intervals.json``.

    Parameters
    ----------
    run_dir, masses, data, seed, final_state, make
        As for `compute_significance`.
    confidence_level
        The channel's by default.
    toys, points
        As for `darkbelle.fitting.studies.unified.unified_interval`.

    Raises
    ------
    FitError
        Not one mass could be solved. Single failures are in ``failed``.
    """
    inputs = fit_inputs(load_result(run_dir), data, seed, final_state=final_state)
    level = confidence_level or inputs.channel.confidence_level
    workspaces: dict[float, dict[str, Any]] = {}
    failed: dict[float, str] = {}
    for mass in masses or inputs.signals:
        try:
            workspaces[mass] = build_workspace(inputs, mass_templates(inputs, mass))
        except FitError as error:
            failed[mass] = str(error)
    solved = unified_intervals(
        list(workspaces.values()), level, toys=toys, seed=seed, points=points, make=make
    )
    found: dict[float, UnifiedInterval] = {}
    for mass, item in zip(workspaces, solved, strict=True):
        if isinstance(item, FitError):
            failed[mass] = str(item)
        else:
            found[mass] = item
    if not found:
        reasons = "; ".join(f"{mass:g} GeV: {reason}" for mass, reason in failed.items())
        raise FitError(f"no interval could be computed: {reasons or 'the run has no signal'}")
    intervals = RunIntervals(
        inputs.channel.name,
        poi_name(inputs.channel),
        inputs.luminosity_fb,
        data,
        found,
        failed,
        final_state,
    )
    record = provenance(run=Path(run_dir).name)
    write_json(Path(run_dir) / INTERVALS, {**intervals.as_json(), "provenance": record})
    return intervals


def run_scan(
    inputs: FitInputs, masses: Sequence[float] | None = None, *, toys: int, seed: int = 1
) -> tuple[list[float], ScanEnsemble, dict[float, str]]:
    """Return masses in GeV, rising, their scan, and by mass why others are not in it.

    Experiments are drawn at the expected background with all nuisance parameters at their nominal
    values: hypotheses have different bins, so there is no one fit of background to all data.

    Raises
    ------
    FitError
        No model can be built of any mass.
    """
    found, workspaces, bins, failed = [], [], [], {}
    angles = inputs.observed.shape[1]
    for mass in sorted(masses or inputs.signals):
        try:
            templates = mass_templates(inputs, mass)
        except FitError as error:
            failed[mass] = str(error)
            continue
        found.append(mass)
        workspaces.append(build_workspace(inputs, templates))
        bins.append(
            tuple(
                tuple(
                    row * angles + column
                    for row in range(cell.mass_start, cell.mass_stop)
                    for column in range(cell.angle_start, cell.angle_stop)
                )
                for cell in templates.binning.cells
            )
        )
    if not found:
        reasons = "; ".join(f"{mass:g} GeV: {reason}" for mass, reason in failed.items())
        raise FitError(f"no hypothesis of the run can be scanned: {reasons or 'it has no signal'}")
    background = total(item.nominal for item in inputs.backgrounds.values())
    scan = ScanEnsemble(
        toys,
        seed,
        tuple(workspaces),
        tuple(np.maximum(background.values, 0.0).ravel().tolist()),
        tuple(bins),
        {},
        tuple(background.variances.ravel().tolist()),
    )
    return found, scan, failed
