"""What a measurement comes to: a value, its uncertainties and where each comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from darkbelle.fitting.page import Table
from darkbelle.provenance import provenance
from darkbelle.runfolder import FIT, SCHEMA, read_json, write_json

__all__ = ["Measurement", "Shift", "read_measurement", "write_measurement"]


@dataclass(frozen=True)
class Shift:
    """How far one source moves the answer, in the unit of the measurement.

    Parameters
    ----------
    up, down
        By one standard deviation of the source either way; they keep their signs.
    how
        What was done to find out.
    error
        Standard deviation of the larger of the two by the statistics of what was fitted; None where it is
        not known, or where the shift itself is one.
    """

    up: float
    down: float
    how: str
    error: float | None = None

    @property
    def size(self) -> float:
        """The larger of the two, which goes into the systematic uncertainty."""
        return max(abs(self.up), abs(self.down))

    def times(self, factor: float) -> Shift:
        """Return the shift in another unit, or of another size of its source."""
        error = None if self.error is None else self.error * abs(factor)
        return Shift(self.up * factor, self.down * factor, self.how, error)

    def of_control(self, size: float, known: float | None) -> Shift:
        """Return the shift of a source of ``size`` by as much as its control channel leaves unknown.

        The answer moves in proportion. Without a control channel, ``known`` is None, the shift stays.
        """
        if known is None:
            return self
        how = f"{self.how}, from {size:.2g} to the control channel's {known:.2g}"
        return replace(self.times(known / size), how=how)


@dataclass(frozen=True)
class Measurement:
    """A measured parameter.

    Parameters
    ----------
    channel
        Where it comes from.
    parameter, unit
        What it is.
    value, stat
        With its statistical standard deviation.
    shifts
        Systematic sources by name.
    luminosity_fb
        Of the data, or of the pseudo-data, 1/fb.
    data
        ``observed`` for collisions recorded by the detector, ``pseudo`` for simulation taken as such.
    stat_at
        The statistical standard deviation expected at the channel's luminosity.
    details
        How it came about, as JSON.
    """

    channel: str
    parameter: str
    unit: str
    value: float
    stat: float
    shifts: Mapping[str, Shift]
    luminosity_fb: float
    data: Literal["observed", "pseudo"]
    stat_at: float
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def syst(self) -> float:
        """The shifts added in quadrature."""
        return float(np.sqrt(sum(shift.size**2 for shift in self.shifts.values())))

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``fit.json``."""
        return {
            "schema": SCHEMA,
            "channel": self.channel,
            "parameter": self.parameter,
            "unit": self.unit,
            "value": self.value,
            "stat": self.stat,
            "syst": self.syst,
            "systematics": {name: shift.size for name, shift in self.shifts.items()},
            "shifts": {
                name: {"up": shift.up, "down": shift.down, "how": shift.how, "error": shift.error}
                for name, shift in self.shifts.items()
            },
            "luminosity_fb": self.luminosity_fb,
            "data": self.data,
            "stat_at_channel_luminosity": self.stat_at,
            "details": self.details,
        }

    def tables(self) -> tuple[Table, ...]:
        """Return the value with its uncertainties, and what each source moves it by."""
        title = f"{self.parameter.replace('_', ' ')} in {self.unit}, {self.luminosity_fb:.4g}/fb"
        answer = tuple(f"{number:.3f}" for number in (self.value, self.stat, self.syst))
        ordered = sorted(self.shifts.items(), key=lambda item: -item[1].size)
        return (
            Table(title, ("value", "stat", "syst"), [answer]),
            Table(
                f"Systematic shifts in {self.unit}",
                ("source", "up", "down", "error", "how"),
                [
                    (name, shift.up, shift.down, "" if shift.error is None else shift.error, shift.how)
                    for name, shift in ordered
                ],
            ),
        )

    @property
    def remark(self) -> str:
        """What the statistical uncertainty would be at the channel's luminosity."""
        return (
            f"at the channel's luminosity the statistical uncertainty would be {self.stat_at:.3g} {self.unit}"
        )

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the measurement that `as_json` wrote."""
        same = ("channel", "parameter", "unit", "value", "stat", "luminosity_fb", "data", "details")
        return cls(
            **{name: content[name] for name in same},
            shifts={name: Shift(**shift) for name, shift in content["shifts"].items()},
            stat_at=content["stat_at_channel_luminosity"],
        )


def write_measurement(run_dir: str | Path, measurement: Measurement) -> Path:
    """Write ``fit.json`` of a run folder, with its provenance, and return its path."""
    path = Path(run_dir) / FIT
    write_json(path, {**measurement.as_json(), "provenance": provenance(run=Path(run_dir).name)})
    return path


def read_measurement(run_dir: str | Path) -> Measurement:
    """Read ``fit.json`` of a run folder.

    Raises
    ------
    RunError
        There is none yet, or it is of another version.
    """
    return Measurement.from_json(read_json(Path(run_dir) / FIT))
