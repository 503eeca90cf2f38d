"""Limits on the coupling g′, from limits on the cross section."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy.interpolate import PchipInterpolator

from darkbelle.errors import ConfigurationError
from darkbelle.fitting.couplings import (
    MAGNETIC_MOMENT_EXCESS,
    Model,
    coupling_from_magnetic_moment,
    invisible_branching_fraction,
    total_width,
)
from darkbelle.fitting.limit_results import LimitPoint, read_limits
from darkbelle.provenance import provenance
from darkbelle.runfolder import SCHEMA, read_json, write_json
from darkbelle.vectors import Column

__all__ = [
    "MODELS",
    "CouplingPoint",
    "CrossSection",
    "Interpretation",
    "interpret",
    "interpretation_path",
    "magnetic_moment_band",
    "read_curve",
    "read_interpretation",
]

MODELS: tuple[Model, ...] = ("vanilla", "fully_invisible")
# the signal is simulated with no width of its own
TOO_WIDE = (
    "at this coupling the Z′ is wider than the resolution, but simulated narrow: the limit is too strong"
)
MASS_COLUMN = "mass"
CROSS_SECTION_COLUMN = "radiative"  # with initial-state radiation, as the samples have it


@dataclass(frozen=True)
class CrossSection:
    """The cross section of e+e− → μ+μ− Z′ at g′ = 1, fb, at rising masses, GeV; it goes as g′²."""

    masses: Column
    values: Column

    @classmethod
    def read(cls, path: Path | Traversable | None = None) -> Self:
        """Read a table with columns `MASS_COLUMN` and `CROSS_SECTION_COLUMN`; the package's by default.

        Raises
        ------
        ConfigurationError
            The table is missing or has no such columns.
        """
        table = path or files("darkbelle.channels") / "zprime_cross_section.csv"
        try:
            lines = [
                line for line in table.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
            ]
            rows = [
                (float(row[MASS_COLUMN]), float(row[CROSS_SECTION_COLUMN])) for row in csv.DictReader(lines)
            ]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{table} is not a table of cross sections: {error!r}; expected columns {MASS_COLUMN!r} "
                f"in GeV and {CROSS_SECTION_COLUMN!r} in fb for g′ = 1"
            ) from error
        masses, values = np.array(sorted(rows)).T
        return cls(masses, values)

    def at(self, mass: float) -> float:
        """Return the cross section at a mass, interpolated in its logarithm without overshoot.

        Raises
        ------
        ConfigurationError
            The mass is outside the table.
        """
        if not self.masses[0] <= mass <= self.masses[-1]:
            raise ConfigurationError(
                f"the cross section of a Z′ of {mass:g} GeV is not tabulated; the table goes from "
                f"{self.masses[0]:g} to {self.masses[-1]:g} GeV"
            )
        return float(np.exp(PchipInterpolator(self.masses, np.log(self.values))(mass)))


@dataclass(frozen=True)
class CouplingPoint:
    """Upper limits on g′ for one mass.

    Parameters
    ----------
    mass
        GeV.
    observed, expected
        Upper limits; expected at −2, −1, 0, 1, 2 standard deviations.
    branching_fraction
        To what is not seen.
    cross_section_fb
        At g′ = 1.
    width_m2
        Width of the Z′ in mass squared at the median limit, GeV², if it decays as in the vanilla model.
    flags
        Those of the limit on the cross section, and of the conversion.
    interpolated_between
        The simulated masses in GeV that the signal is interpolated between; none if it was simulated.
    """

    mass: float
    observed: float
    expected: tuple[float, ...]
    branching_fraction: float
    cross_section_fb: float
    width_m2: float
    flags: tuple[str, ...] = ()
    interpolated_between: tuple[float, float] | None = None


@dataclass(frozen=True)
class Interpretation:
    """Upper limits on g′ in a model, against mass."""

    channel: str
    model: Model
    confidence_level: float
    luminosity_fb: float
    data: str
    points: tuple[CouplingPoint, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``interpretation_<model>.json``."""
        return {
            "schema": SCHEMA,
            "channel": self.channel,
            "model": self.model,
            "parameter": "g_prime",
            "unit": "1",
            "confidence_level": self.confidence_level,
            "luminosity_fb": self.luminosity_fb,
            "data": self.data,
            "points": [
                {
                    "mass": point.mass,
                    "observed": point.observed,
                    "expected": list(point.expected),
                    "branching_fraction": point.branching_fraction,
                    "cross_section_fb": point.cross_section_fb,
                    "width_m2": point.width_m2,
                    "flags": list(point.flags),
                    "interpolated_between": point.interpolated_between,
                }
                for point in self.points
            ],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the interpretation that `as_json` wrote."""
        same = ("channel", "model", "confidence_level", "luminosity_fb", "data")
        points = tuple(
            CouplingPoint(**{name: tuple(v) if isinstance(v, list) else v for name, v in item.items()})  # type: ignore[arg-type]  # JSON
            for item in content["points"]
        )
        return cls(**{name: content[name] for name in same}, points=points)


def interpret(run_dir: str | Path, model: Model, cross_section: CrossSection | None = None) -> Interpretation:
    r"""Turn a run's limits on the cross section into limits on g′, and write them beside.

    The limit is on the cross section times the branching fraction to invisible, and both are known
    for g′ = 1: :math:`g' = \sqrt{\sigma_\mathrm{limit}/(\sigma_1 B)}`. Written as
    ``RUN/interpretation_<model>.json``.

    Parameters
    ----------
    run_dir
        With ``limits.json``.
    model
        ``vanilla`` or ``fully_invisible``.
    cross_section
        The package's table by default.
    """
    if model not in MODELS:
        raise ConfigurationError(f"model {model!r} does not exist, there are: {', '.join(MODELS)}")
    limits = read_limits(run_dir)
    if limits.poi != "cross_section":
        raise ConfigurationError(
            f"model {model!r} needs limits on a cross section; those of {limits.channel!r} are on "
            f"{limits.poi.replace('_', ' ')}: leave the model out, or choose one of that channel"
        )
    table = cross_section or CrossSection.read()
    interpretation = Interpretation(
        channel=limits.channel,
        model=model,
        confidence_level=limits.confidence_level,
        luminosity_fb=limits.luminosity_fb,
        data=limits.data,
        points=tuple(_coupling_point(point, model, table) for point in limits.points),
    )
    record = provenance(run=Path(run_dir).name, model=model)
    write_json(interpretation_path(run_dir, model), {**interpretation.as_json(), "provenance": record})
    return interpretation


def read_interpretation(run_dir: str | Path, model: Model) -> Interpretation:
    """Return what `interpret` wrote."""
    return Interpretation.from_json(read_json(interpretation_path(run_dir, model)))


def magnetic_moment_band(masses: Column, deviations: float = 2.0) -> tuple[Column, Column]:
    """Return the lowest and highest g′ that explain the excess of the muon's magnetic moment.

    Parameters
    ----------
    masses
        GeV, shape (n,).
    deviations
        Standard deviations of the band to either side.
    """
    excess, error = MAGNETIC_MOMENT_EXCESS
    edges = (excess - deviations * error, excess + deviations * error)
    low, high = (
        np.array([coupling_from_magnetic_moment(float(mass), shift) for mass in masses]) for shift in edges
    )
    return low, high


def read_curve(path: str | Path) -> tuple[Column, Column]:
    """Read a curve to draw over a limit: two columns, mass in GeV and g′, comma separated, # comments.

    Raises
    ------
    ConfigurationError
        The file cannot be read so.
    """
    try:
        mass, coupling = np.loadtxt(path, delimiter=",", usecols=(0, 1), ndmin=2).T
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path} is not a curve: {error}; expected two comma separated columns, mass in GeV and g′"
        ) from error
    return mass, coupling


def interpretation_path(run_dir: str | Path, model: Model) -> Path:
    """Return where the interpretation of a run in a model is kept."""
    return Path(run_dir) / f"interpretation_{model}.json"


def _coupling_point(point: LimitPoint, model: Model, table: CrossSection) -> CouplingPoint:
    share = invisible_branching_fraction(point.mass, model)
    unit = table.at(point.mass)

    def coupling(limit: float) -> float:
        return float(np.sqrt(limit / (unit * share)))

    expected = tuple(coupling(limit) for limit in point.expected)
    width = 2 * point.mass * total_width(point.mass, expected[2])
    flags = point.flags if width < point.diagnostics["resolution"] else (*point.flags, TOO_WIDE)
    return CouplingPoint(
        point.mass,
        coupling(point.observed),
        expected,
        share,
        unit,
        width,
        flags,
        point.interpolated_between,
    )
