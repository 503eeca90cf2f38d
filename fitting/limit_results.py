"""Upper limits of a run against mass, as ``limits.json`` holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

from darkbelle.fitting.findings import Finding, summarise
from darkbelle.fitting.templates import Data, Place
from darkbelle.runfolder import LIMITS, SCHEMA, read_json

__all__ = ["LimitPoint", "Limits", "read_limits"]

SAME_IN_JSON: Final = (
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
    final_state
        Of the signal, in channels that have several.
    """

    mass: float
    observed: float
    expected: tuple[float, ...]
    diagnostics: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    final_state: str | None = None

    @property
    def place(self) -> Place:
        """Which hypothesis it is of."""
        return Place(self.mass, self.final_state)

    @property
    def interpolated_between(self) -> tuple[float, float] | None:
        """The simulated masses in GeV that the signal is interpolated between; none if it was simulated."""
        found = self.diagnostics.get("interpolated_between")
        return (found[0], found[1]) if found else None

    def as_json(self) -> dict[str, Any]:
        """Return an entry of ``points`` in ``limits.json``."""
        return {
            **self.place.as_json(),
            "observed": self.observed,
            "expected": list(self.expected),
            "flags": list(self.flags),
            "diagnostics": self.diagnostics,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the point that `as_json` wrote."""
        return cls(
            content["mass"],
            content["observed"],
            tuple(content["expected"]),
            content["diagnostics"],
            tuple(content["flags"]),
            content.get("final_state"),
        )


@dataclass(frozen=True)
class Limits:
    """Upper limits of a channel against mass.

    ``failed`` are hypotheses without one, and why; ``findings`` what was found in each before the fits.
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
    failed: dict[Place, str] = field(default_factory=dict)
    missing_processes: tuple[str, ...] = ()
    findings: dict[Place, tuple[Finding, ...]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``limits.json``."""
        return {
            "schema": SCHEMA,
            **{name: getattr(self, name) for name in SAME_IN_JSON},
            "points": [point.as_json() for point in self.points],
            "failed": [{**place.as_json(), "reason": reason} for place, reason in self.failed.items()],
            "missing_processes": list(self.missing_processes),
            "preflight": [
                {**place.as_json(), "findings": [item.as_json() for item in found]}
                for place, found in self.findings.items()
            ],
        }

    @property
    def preflight(self) -> list[str]:
        """What was found before the fits, a line for what is the same at several masses."""
        return summarise({str(place): found for place, found in self.findings.items()})

    def of(self, final_state: str | None) -> Self:
        """Return the limits of one final state alone."""
        return replace(
            self,
            points=tuple(point for point in self.points if point.final_state == final_state),
            failed={place: why for place, why in self.failed.items() if place.final_state == final_state},
            findings={at: found for at, found in self.findings.items() if at.final_state == final_state},
        )

    @property
    def thinly_simulated(self) -> tuple[Place, ...]:
        """Hypotheses whose simulated background has fewer events than are expected of the data.

        There the statistics of the simulation dominate the uncertainty: the limits are wider than
        those of an experiment would be, and pseudo-data, drawn from the same simulation, keep
        closer to the median than the bands say.
        """
        return tuple(point.place for point in self.points if point.diagnostics["simulated_per_expected"] < 1)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the limits that `as_json` wrote."""
        return cls(
            **{name: content[name] for name in SAME_IN_JSON},
            points=tuple(map(LimitPoint.from_json, content["points"])),
            failed={Place.from_json(item): item["reason"] for item in content["failed"]},
            missing_processes=tuple(content["missing_processes"]),
            findings={
                Place.from_json(item): tuple(map(Finding.from_json, item["findings"]))
                for item in content.get("preflight", [])  # files of before there was one
            },
        )


def read_limits(run_dir: str | Path) -> Limits:
    """Return the limits of a run folder.

    Raises
    ------
    RunError
        There are none yet, or they are of another version.
    """
    return Limits.from_json(read_json(Path(run_dir) / LIMITS))
