"""Expected limits of a run at other luminosities, with three assumptions on its systematics.

``kept``: relative uncertainties stay what they are, those of the simulation's statistics too;
``scaled``: all shrink with the square root of the luminosity, as what is measured in data does and as
simulation that grows with the data; ``none``: statistics of the data only. Truth lies between the first
two: by source, each one is kept while all others are scaled, which says what limits at which luminosity.
What is fitted is the expected background.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

from darkbelle.errors import ConfigurationError
from darkbelle.fitting.engines import Failure
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.solving import limits
from darkbelle.fitting.templates import fit_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace, poi_name
from darkbelle.provenance import provenance
from darkbelle.runfolder import PROJECTION, SCHEMA, load_result, read_json, write_json

__all__ = [
    "POLICIES",
    "Policy",
    "ProjectedLimit",
    "Projection",
    "project",
    "read_projection",
    "scaled_workspace",
    "sources_of",
]

Policy = Literal["kept", "scaled", "none"]
POLICIES: tuple[Policy, ...] = ("kept", "scaled", "none")
_UNCERTAINTIES = ("normsys", "histosys", "staterror", "shapesys", "lumi")


@dataclass(frozen=True)
class ProjectedLimit:
    """Expected limits at −2, −1, 0, 1, 2 standard deviations; none if there is a reason for that.

    ``source`` is the one that is kept while all others are scaled; empty if the policy is that of all.
    """

    mass: float
    luminosity_fb: float
    policy: Policy
    expected: tuple[float, ...]
    reason: str = ""
    source: str = ""


@dataclass(frozen=True)
class Projection:
    """Expected limits of a channel against mass in GeV, luminosity and assumption."""

    channel: str
    unit: str
    confidence_level: float
    luminosity_fb: float
    limits: tuple[ProjectedLimit, ...]
    final_state: str | None = None

    def medians(self, mass: float, luminosity_fb: float) -> dict[str, float]:
        """Return the median limits at a mass and luminosity, by policy or source; those there are."""
        return {
            item.source or item.policy: item.expected[2]
            for item in self.limits
            if item.expected and (item.mass, item.luminosity_fb) == (mass, luminosity_fb)
        }

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of uncertainty that were kept alone; none if it was not asked for."""
        return tuple(dict.fromkeys(item.source for item in self.limits if item.source))

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``projection.json``."""
        limits = [{**asdict(item), "expected": list(item.expected)} for item in self.limits]
        return {"schema": SCHEMA, **asdict(self), "limits": limits}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return what `as_json` wrote."""
        limits = tuple(
            ProjectedLimit(**{**item, "expected": tuple(item["expected"])}) for item in content["limits"]
        )
        same = ("channel", "unit", "confidence_level", "luminosity_fb")
        return cls(
            **{name: content[name] for name in same}, limits=limits, final_state=content.get("final_state")
        )


def sources_of(workspace: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of all modifiers of a workspace that are uncertainties."""
    modifiers = (
        item
        for channel in workspace["channels"]
        for sample in channel["samples"]
        for item in sample["modifiers"]
    )
    return tuple(dict.fromkeys(item["name"] for item in modifiers if item["type"] in _UNCERTAINTIES))


def scaled_workspace(
    workspace: Mapping[str, Any], factor: float, policy: Policy, kept: str = ""
) -> dict[str, Any]:
    """Return a workspace for so many times the data, which are the expected background.

    Parameters
    ----------
    workspace
        With one measurement, and modifiers normfactor, normsys, histosys and staterror.
    factor
        Luminosity over that of the workspace.
    policy
        What becomes of its systematics.
    kept
        The name of one that is kept whatever the policy.

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
    by_source = {name: 1.0 if name == kept else shrink for name in sources_of(workspace)}
    if policy == "none":
        by_source = {name: 1.0 for name in by_source if name == kept}
    channels = [
        {**channel, "samples": [_scaled_sample(item, factor, by_source) for item in channel["samples"]]}
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


def _scaled_sample(sample: Mapping[str, Any], factor: float, shrink: Mapping[str, float]) -> dict[str, Any]:
    """Return a sample for more data, with those of its uncertainties that are named."""
    left = [m for m in sample["modifiers"] if m["type"] not in _UNCERTAINTIES or m["name"] in shrink]
    return {
        "name": sample["name"],
        "data": [factor * value for value in sample["data"]],
        "modifiers": [
            {**item, "data": _scaled(item, sample["data"], factor, shrink.get(item["name"], 1.0))}
            for item in left
        ],
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


def project(  # noqa: PLR0913  all by keyword
    run_dir: str | Path,
    luminosities: Sequence[float],
    *,
    masses: Sequence[float] | None = None,
    by_source: bool = False,
    confidence_level: float | None = None,
    engine: str = "fast",
    final_state: str | None = None,
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
    by_source
        Whether besides each source is kept while all others are scaled.
    confidence_level
        The channel's by default.
    engine
        One of `darkbelle.fitting.engines.engine_names`.
    final_state
        Of the signal, in channels that fit several.
    progress
        Called with the number of limits done and to do.

    Raises
    ------
    ConfigurationError
        A luminosity is not positive.
    FitError
        A mass has no templates.
    """
    inputs = fit_inputs(load_result(run_dir), "asimov", final_state=final_state)
    level = confidence_level or inputs.channel.confidence_level
    workspaces: dict[str, Mapping[str, Any]] = {}
    cases: list[tuple[float, float, Policy, str]] = []
    for mass in masses or tuple(inputs.signals):
        base = build_workspace(inputs, mass_templates(inputs, mass))
        for luminosity in luminosities:
            assumptions = [(policy, "") for policy in POLICIES]
            if by_source:
                assumptions += [("scaled", source) for source in sources_of(base)]
            for policy, source in assumptions:
                cases.append((mass, luminosity, policy, source))
                scaled = scaled_workspace(base, luminosity / inputs.luminosity_fb, policy, source)
                workspaces[f"{mass!r} GeV, {luminosity!r}/fb, {policy} {source}".strip()] = scaled
    answers = limits(workspaces, confidence_level=level, engine=engine, progress=progress)
    projected = tuple(
        ProjectedLimit(mass, luminosity, policy, (), answer.outcome.reason, source)
        if isinstance(answer.outcome, Failure)
        else ProjectedLimit(mass, luminosity, policy, answer.outcome.expected, "", source)
        for (mass, luminosity, policy, source), answer in zip(cases, answers, strict=True)
    )
    found = Projection(
        inputs.channel.name, inputs.channel.poi_unit, level, inputs.luminosity_fb, projected, final_state
    )
    record = provenance(run=Path(run_dir).name, parameter=poi_name(inputs.channel))
    write_json(Path(run_dir) / PROJECTION, {**found.as_json(), "provenance": record})
    return found


def read_projection(run_dir: str | Path) -> Projection:
    """Return the projection of limits of a run folder.

    Raises
    ------
    RunError
        There is none yet, or it is of another version.
    """
    return Projection.from_json(read_json(Path(run_dir) / PROJECTION))
