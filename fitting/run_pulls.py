"""Nuisance parameters of a run: from its histograms to ``pulls.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from darkbelle.errors import FitError
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.nuisances import Pulls, pulls
from darkbelle.fitting.templates import Data, FitInputs, Place, chosen_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace
from darkbelle.provenance import provenance
from darkbelle.runfolder import PULLS, SCHEMA, load_result, read_json, write_json

__all__ = ["RunPulls", "compute_pulls", "read_pulls"]


@dataclass(frozen=True)
class RunPulls:
    """Fits of a run with their nuisance parameters, by hypothesis; ``failed`` have none, and why."""

    channel: str
    luminosity_fb: float
    data: Data
    seed: int
    points: dict[Place, Pulls]
    failed: dict[Place, str]

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``pulls.json``."""
        return {
            "schema": SCHEMA,
            "channel": self.channel,
            "luminosity_fb": self.luminosity_fb,
            "data": self.data,
            "seed": self.seed,
            "points": [{**at.as_json(), "fit": item.as_json()} for at, item in self.points.items()],
            "failed": [{**at.as_json(), "reason": reason} for at, reason in self.failed.items()],
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Return what `as_json` wrote."""
        same = ("channel", "luminosity_fb", "data", "seed")
        return cls(
            **{name: content[name] for name in same},
            points={Place.from_json(item): Pulls.from_json(item["fit"]) for item in content["points"]},
            failed={Place.from_json(item): item["reason"] for item in content["failed"]},
        )


def compute_pulls(
    run_dir: str | Path,
    *,
    masses: Sequence[float] | None = None,
    final_state: str | None = None,
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
    final_state
        Of the signal, in channels that fit several; all by default.
    signal
        Fit the expectation with a signal of this strength instead of ``data``.
    data, seed
        What is fitted, see `darkbelle.fitting.templates.fit_inputs`.
    progress
        Called with the number of masses done and to do.

    Raises
    ------
    FitError
        The run has no signal. Masses that cannot be fitted are in ``failed``.
    """
    every = chosen_inputs(load_result(run_dir), data, seed, final_state)
    chosen = [(inputs, mass) for inputs in every for mass in masses or _middle(inputs)]
    if not chosen:
        raise FitError("the run has no signal, so there is no mass to fit; add its datasets")
    points: dict[Place, Pulls] = {}
    failed: dict[Place, str] = {}
    for done, (inputs, mass) in enumerate(chosen, start=1):
        place = Place(mass, inputs.final_state)
        try:
            points[place] = pulls(build_workspace(inputs, mass_templates(inputs, mass)), signal=signal)
        except FitError as error:
            failed[place] = str(error)
        if progress is not None:
            progress(done, len(chosen))
    found = RunPulls(every[0].channel.name, every[0].luminosity_fb, data, seed, points, failed)
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
