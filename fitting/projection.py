"""Expected limits of a run at other luminosities, with three assumptions on its systematics.

``kept``: relative uncertainties stay what they are, those of the simulation's statistics too;
``scaled``: all shrink with the square root of the luminosity, as what is measured in data does and as
simulation that grows with the data; ``none``: statistics of the data only. Truth lies between the first
two. What is fitted is the expected background.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from darkbelle.errors import ConfigurationError
from darkbelle.fitting.engines import Failure
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.solving import limits
from darkbelle.fitting.templates import fit_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace, poi_name
from darkbelle.provenance import provenance
from darkbelle.runfolder import PROJECTION, SCHEMA, load_result, write_json

__all__ = ["POLICIES", "Policy", "ProjectedLimit", "Projection", "project", "scaled_workspace"]

Policy = Literal["kept", "scaled", "none"]
POLICIES: tuple[Policy, ...] = ("kept", "scaled", "none")
_UNCERTAINTIES = ("normsys", "histosys", "staterror", "shapesys", "lumi")


@dataclass(frozen=True)
class ProjectedLimit:
    """Expected limits at −2, −1, 0, 1, 2 standard deviations; none if there is a reason for that."""

    mass: float
    luminosity_fb: float
    policy: Policy
    expected: tuple[float, ...]
    reason: str = ""


@dataclass(frozen=True)
class Projection:
    """Expected limits of a channel against mass in GeV, luminosity and assumption."""

    channel: str
    unit: str
    confidence_level: float
    luminosity_fb: float
    limits: tuple[ProjectedLimit, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``projection.json``."""
        limits = [{**asdict(item), "expected": list(item.expected)} for item in self.limits]
        return {"schema": SCHEMA, **asdict(self), "limits": limits}


def scaled_workspace(workspace: Mapping[str, Any], factor: float, policy: Policy) -> dict[str, Any]:
    """Return a workspace for so many times the data, which are the expected background.

    Parameters
    ----------
    workspace
        With one measurement, and modifiers normfactor, normsys, histosys and staterror.
    factor
        Luminosity over that of the workspace.
    policy
        What becomes of its systematics.

    Raises
    ------
    ConfigurationError
        A modifier is of another type, or the factor is not positive.
    """
    if not 0 < factor < math.inf:
        raise ConfigurationError(f"luminosities must be positive, got a factor of {factor:g}")
    (measurement,) = workspace["measurements"]
    poi = measurement["config"]["poi"]
    shrink = 1 / math.sqrt(factor) if policy == "scaled" else 1.0
    channels = [
        {**channel, "samples": [_scaled_sample(item, factor, shrink, policy) for item in channel["samples"]]}
        for channel in workspace["channels"]
    ]
    observations = []
    for channel in channels:
        columns = [
            sample["data"]
            for sample in channel["samples"]
            if all(item["name"] != poi for item in sample["modifiers"])
        ]
        observations.append(
            {"name": channel["name"], "data": [sum(bins) for bins in zip(*columns, strict=True)]}
        )
    return {**workspace, "channels": channels, "observations": observations}


def _scaled_sample(sample: Mapping[str, Any], factor: float, shrink: float, policy: Policy) -> dict[str, Any]:
    kept = [item for item in sample["modifiers"] if not (policy == "none" and item["type"] in _UNCERTAINTIES)]
    return {
        "name": sample["name"],
        "data": [factor * value for value in sample["data"]],
        "modifiers": [{**item, "data": _scaled(item, sample["data"], factor, shrink)} for item in kept],
    }


def _scaled(modifier: Mapping[str, Any], nominal: Sequence[float], factor: float, shrink: float) -> Any:
    kind, data = modifier["type"], modifier["data"]
    if kind == "normfactor":
        return data
    if kind == "normsys":  # in the logarithm, in which it is interpolated
        return {side: value**shrink for side, value in data.items()}
    if kind == "staterror":
        return [factor * shrink * value for value in data]
    if kind == "histosys":
        return {
            side: [
                factor * (centre + shrink * (value - centre))
                for value, centre in zip(values, nominal, strict=True)
            ]
            for side, values in data.items()
        }
    raise ConfigurationError(
        f"{modifier['name']!r} is a modifier of type {kind!r}, of which it is not known how it scales with "
        "the luminosity; expected normfactor, normsys, histosys or staterror"
    )


def project(
    run_dir: str | Path,
    luminosities: Sequence[float],
    *,
    masses: Sequence[float] | None = None,
    confidence_level: float | None = None,
    engine: str = "fast",
    progress: Progress | None = None,
) -> Projection:
    """Compute expected limits of a run at other luminosities and write ``RUN/projection.json``.

    Parameters
    ----------
    run_dir
        A run folder with merged results.
    luminosities
        1/fb.
    masses
        GeV; all simulated ones by default.
    confidence_level
        The channel's by default.
    engine
        One of `darkbelle.fitting.engines.engine_names`.
    progress
        Called with the number of limits done and to do.

    Raises
    ------
    ConfigurationError
        A luminosity is not positive.
    FitError
        A mass has no templates.
    """
    inputs = fit_inputs(load_result(run_dir), "asimov")
    level = confidence_level or inputs.channel.confidence_level
    workspaces: dict[str, Mapping[str, Any]] = {}
    cases: list[tuple[float, float, Policy]] = []
    for mass in masses or tuple(inputs.signals):
        base = build_workspace(inputs, mass_templates(inputs, mass))
        for luminosity in luminosities:
            for policy in POLICIES:
                cases.append((mass, luminosity, policy))
                scaled = scaled_workspace(base, luminosity / inputs.luminosity_fb, policy)
                workspaces[f"{mass!r} GeV, {luminosity!r}/fb, {policy}"] = scaled
    answers = limits(workspaces, confidence_level=level, engine=engine, progress=progress)
    projected = tuple(
        ProjectedLimit(*case, (), answer.outcome.reason)
        if isinstance(answer.outcome, Failure)
        else ProjectedLimit(*case, answer.outcome.expected)
        for case, answer in zip(cases, answers, strict=True)
    )
    found = Projection(inputs.channel.name, inputs.channel.poi_unit, level, inputs.luminosity_fb, projected)
    record = provenance(run=Path(run_dir).name, parameter=poi_name(inputs.channel))
    write_json(Path(run_dir) / PROJECTION, {**found.as_json(), "provenance": record})
    return found
