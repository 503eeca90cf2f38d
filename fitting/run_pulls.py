"""Nuisance parameters of a run: from its histograms to ``pulls.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from darkbelle.errors import FitError
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.nuisances import Pulls, pulls
from darkbelle.fitting.templates import Data, FitInputs, fit_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace
from darkbelle.provenance import provenance
from darkbelle.runfolder import PULLS, SCHEMA, load_result, read_json, write_json

__all__ = ["RunPulls", "compute_pulls", "read_pulls"]


@dataclass(frozen=True)
class RunPulls:
    """Fits of a run with their nuisance parameters, by mass in GeV; ``failed`` have none, and why."""

    channel: str
    luminosity_fb: float
    data: Data
    seed: int
    points: dict[float, Pulls]
    failed: dict[float, str]

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``pulls.json``."""
        return {
            "schema": SCHEMA,
            "channel": self.channel,
            "luminosity_fb": self.luminosity_fb,
            "data": self.data,
            "seed": self.seed,
            "points": [{"mass": mass, "fit": item.as_json()} for mass, item in self.points.items()],
            "failed": [{"mass": mass, "reason": reason} for mass, reason in self.failed.items()],
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Return what `as_json` wrote."""
        same = ("channel", "luminosity_fb", "data", "seed")
        return cls(
            **{name: content[name] for name in same},
            points={item["mass"]: Pulls.from_json(item["fit"]) for item in content["points"]},
            failed={item["mass"]: item["reason"] for item in content["failed"]},
        )


def compute_pulls(
    run_dir: str | Path,
    *,
    masses: Sequence[float] | None = None,
    signal: float | None = None,
    data: Data = "pseudo",
    seed: int = 1,
    progress: Progress | None = None,
) -> RunPulls:
    """Compute pulls, impacts and correlations of a run and write them to ``RUN/pulls.json``.

    Parameters
    ----------
    run_dir
        A run folder with merged results.
    masses
        GeV; by default the one in the middle of those that were simulated.
    signal
        Fit the expectation with a signal of this cross section instead of ``data``.
    data, seed
        What is fitted, see `darkbelle.fitting.templates.fit_inputs`.
    progress
        Called with the number of masses done and to do.

    Raises
    ------
    FitError
        The run has no signal. Masses that cannot be fitted are in ``failed``.
    """
    inputs = fit_inputs(load_result(run_dir), data, seed)
    if not inputs.signals:
        raise FitError("the run has no signal, so there is no mass to fit; add its datasets")
    chosen = tuple(masses) if masses else _middle(inputs)
    points: dict[float, Pulls] = {}
    failed: dict[float, str] = {}
    for done, mass in enumerate(chosen, start=1):
        try:
            points[mass] = pulls(build_workspace(inputs, mass_templates(inputs, mass)), signal=signal)
        except FitError as error:
            failed[mass] = str(error)
        if progress is not None:
            progress(done, len(chosen))
    found = RunPulls(inputs.channel.name, inputs.luminosity_fb, data, seed, points, failed)
    write_json(Path(run_dir) / PULLS, {**found.as_json(), "provenance": provenance(run=Path(run_dir).name)})
    return found


def read_pulls(run_dir: str | Path) -> RunPulls:
    """Return the nuisance parameters of a run folder.

    Raises
    ------
    RunError
        There are none yet, or they are of another version.
    """
    return RunPulls.from_json(read_json(Path(run_dir) / PULLS))


def _middle(inputs: FitInputs) -> tuple[float, ...]:
    masses = tuple(inputs.signals)
    return masses[len(masses) // 2 : len(masses) // 2 + 1]
