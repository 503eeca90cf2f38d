"""Uncertainties of a measurement at other luminosities: systematics are kept, or shrink like statistics.

Each source of ``fit.json`` is kept or scaled with the square root of the luminosity; ``limited_from`` says
where one that is kept is as large as the statistics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from darkbelle.errors import ConfigurationError
from darkbelle.fitting.measurements import Measurement, read_measurement
from darkbelle.provenance import provenance
from darkbelle.runfolder import PROJECTION, SCHEMA, read_json, write_json

__all__ = [
    "MeasuredProjection",
    "ProjectedError",
    "project_measurement",
    "projected_errors",
    "read_measured_projection",
]


@dataclass(frozen=True)
class ProjectedError:
    """Standard deviations at a luminosity: of statistics, of all sources kept, and of all scaled."""

    luminosity_fb: float
    stat: float
    syst_kept: float
    syst_scaled: float

    @property
    def total_kept(self) -> float:
        """Statistics and systematics, these as they are today."""
        return math.hypot(self.stat, self.syst_kept)

    @property
    def total_scaled(self) -> float:
        """Statistics and systematics, these measured better with more data."""
        return math.hypot(self.stat, self.syst_scaled)


@dataclass(frozen=True)
class MeasuredProjection:
    """Uncertainties of a measurement against luminosity.

    Parameters
    ----------
    channel, parameter, unit
        What is measured.
    luminosity_fb
        Of the measurement that is projected, 1/fb.
    errors
        By luminosity.
    limited_from
        By source, from which luminosity on it is larger than the statistics if it is kept, 1/fb.
    """

    channel: str
    parameter: str
    unit: str
    luminosity_fb: float
    errors: tuple[ProjectedError, ...]
    limited_from: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``projection.json``."""
        errors = [
            {**asdict(item), "total_kept": item.total_kept, "total_scaled": item.total_scaled}
            for item in self.errors
        ]
        return {"schema": SCHEMA, **asdict(self), "errors": errors}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return what `as_json` wrote."""
        own = ("luminosity_fb", "stat", "syst_kept", "syst_scaled")
        errors = tuple(ProjectedError(**{name: item[name] for name in own}) for item in content["errors"])
        same = ("channel", "parameter", "unit", "luminosity_fb", "limited_from")
        return cls(**{name: content[name] for name in same}, errors=errors)


def projected_errors(measurement: Measurement, luminosities: Sequence[float]) -> MeasuredProjection:
    """Return the uncertainties of a measurement at other luminosities in 1/fb.

    Raises
    ------
    ConfigurationError
        A luminosity is not positive.
    """
    if not all(0 < luminosity < math.inf for luminosity in luminosities):
        raise ConfigurationError(f"luminosities must be positive, got {', '.join(map(str, luminosities))}")
    now = measurement.luminosity_fb
    errors = []
    for luminosity in luminosities:
        shrink = math.sqrt(now / luminosity)
        errors.append(
            ProjectedError(luminosity, measurement.stat * shrink, measurement.syst, measurement.syst * shrink)
        )
    crossings = {
        name: now * (measurement.stat / shift.size) ** 2
        for name, shift in measurement.shifts.items()
        if shift.size > 0
    }
    return MeasuredProjection(
        measurement.channel,
        measurement.parameter,
        measurement.unit,
        now,
        tuple(errors),
        dict(sorted(crossings.items(), key=lambda item: item[1])),
    )


def project_measurement(run_dir: str | Path, luminosities: Sequence[float]) -> MeasuredProjection:
    """Project ``RUN/fit.json`` to other luminosities in 1/fb, and write ``RUN/projection.json``.

    Raises
    ------
    RunError
        The run has no measurement.
    ConfigurationError
        A luminosity is not positive.
    """
    found = projected_errors(read_measurement(run_dir), luminosities)
    record = provenance(run=Path(run_dir).name)
    write_json(Path(run_dir) / PROJECTION, {**found.as_json(), "provenance": record})
    return found


def read_measured_projection(run_dir: str | Path) -> MeasuredProjection:
    """Return the projection of a measurement.

    Raises
    ------
    RunError
        There is none yet, or it is of another version.
    """
    return MeasuredProjection.from_json(read_json(Path(run_dir) / PROJECTION))
