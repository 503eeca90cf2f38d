"""What a channel declares: axes, regions, processes, systematics, mass grid, luminosity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from darkbelle.errors import ConfigurationError
from darkbelle.vectors import Column

__all__ = ["Axis", "Channel", "Fit", "Observable", "Process", "Published", "Region", "Systematic"]


class Declaration(BaseModel):
    """A frozen piece of a channel file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Axis(Declaration):
    """A regular histogram axis."""

    bins: int = Field(gt=0)
    start: float
    stop: float
    unit: str = Field(description="GeV, GeV², cm, ns, rad, or 1")
    label: str = Field(description="axis title without the unit, matplotlib maths allowed")

    @property
    def edges(self) -> Column:
        """Bin edges, shape (bins + 1,), in the axis' unit."""
        return np.linspace(self.start, self.stop, self.bins + 1)


class Observable(Declaration):
    """A histogram that the processor fills in a region: one or two axes, by name."""

    axes: tuple[str, ...] = Field(min_length=1, max_length=2)
    purpose: str


class Fit(Declaration):
    """How the signal is searched for in a region."""

    observable: str
    bins: int | None = Field(
        default=None, gt=0, description="equal bins of the whole axis; none: a window around the squared mass"
    )
    final_state: str | None = Field(
        default=None, description="of the signal, where the channel has several and fits each in its region"
    )
    branching_fraction: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="the signal's is measured in units of it; none: its cross section is, in fb",
    )


class Region(Declaration):
    """A set of events, and what it is for."""

    title: str
    final_state: str
    purpose: str
    processor: str = Field(description="the processor that fills it")
    observables: tuple[str, ...] = ()
    fit: Fit | None = Field(default=None, description="none: nothing is fitted in it")


class Process(Declaration):
    """A physics process: what the templates of a fit are made of."""

    title: str = Field(description="legend entry, matplotlib maths allowed")
    role: Literal["signal", "background"]


class Systematic(Declaration):
    """A source of uncertainty.

    ``normalisation`` scales a template by ``1 ± size``; ``shift`` changes columns or weights and has the
    kinematics recomputed, so the processor fills ``<name>_up`` and ``<name>_down``; ``free`` is a common
    normalisation that only the fitted data know, and has no size.
    """

    kind: Literal["normalisation", "shift", "free"]
    size: float = Field(default=0.0, ge=0, lt=1, description="relative size of one standard deviation")
    processes: tuple[str, ...] = Field(default=(), description="empty: all processes")
    source: str

    @model_validator(mode="after")
    def _size_is_known(self) -> Self:
        if (self.kind == "free") != (self.size == 0.0):
            raise ConfigurationError(
                f"a systematic of kind {self.kind!r} got the size {self.size:g}; normalisations and shifts "
                "have one above 0, a free normalisation has none"
            )
        return self


class Published(Declaration):
    """A published measurement, to stand beside ours; nothing is fitted to it."""

    value: float
    stat: float
    syst: float
    source: str


class Channel(Declaration):
    """All that a processor and its fit must agree on."""

    name: str
    title: str
    references: tuple[str, ...]
    result: Literal["limits", "measurement", "corrections"] = Field(
        default="limits", description="what comes out of it in the end"
    )
    luminosity_fb: float = Field(gt=0, description="integrated luminosity, 1/fb")
    confidence_level: float = Field(default=0.95, gt=0.5, lt=1, description="of limits")
    poi: str = Field(description="parameter of interest")
    poi_unit: str
    published: Published | None = Field(
        default=None, description="measurements: in the unit of the parameter"
    )
    particles: dict[str, str] = Field(description="particle of the analysis: its prefix in the ntuple")
    columns: dict[str, str] = Field(description="name in the analysis: basf2 variable")
    axes: dict[str, Axis]
    observables: dict[str, Observable]
    regions: dict[str, Region]
    processes: dict[str, Process]
    systematics: dict[str, Systematic]
    masses: tuple[float, ...] = Field(default=(), description="mass hypotheses, GeV")

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        for name, observable in self.observables.items():
            self._known(observable.axes, self.axes, f"observable {name!r} uses axis")
        for name, region in self.regions.items():
            self._known(region.observables, self.observables, f"region {name!r} fills observable")
            if region.fit is not None:
                self._known((region.fit.observable,), self.observables, f"region {name!r} fits observable")
        for name, systematic in self.systematics.items():
            self._known(systematic.processes, self.processes, f"systematic {name!r} acts on process")
        return self

    def _known(self, used: tuple[str, ...], declared: Mapping[str, object], what: str) -> None:
        missing = [name for name in used if name not in declared]
        if missing:
            raise ConfigurationError(
                f"channel {self.name!r}: {what} {missing[0]!r}, which is not declared; "
                f"declared are {', '.join(declared)}"
            )

    @property
    def signal(self) -> str:
        """The name of the signal process."""
        return next(name for name, process in self.processes.items() if process.role == "signal")

    @property
    def backgrounds(self) -> tuple[str, ...]:
        """The names of the background processes, in the order of the file."""
        return tuple(name for name, process in self.processes.items() if process.role == "background")

    @property
    def final_states(self) -> tuple[str | None, ...]:
        """The final states whose signal is fitted, each in a region of its own; None where there is one."""
        return tuple(region.fit.final_state for region in self.regions.values() if region.fit is not None)

    def fitted_region(self, final_state: str | None = None) -> tuple[str, Fit]:
        """Return the name of the region in which a final state is fitted, and how.

        Raises
        ------
        ConfigurationError
            No region is fitted for it, or it must be named.
        """
        for name, region in self.regions.items():
            if region.fit is not None and region.fit.final_state == final_state:
                return name, region.fit
        known = ", ".join(state for state in self.final_states if state is not None)
        raise ConfigurationError(
            f"channel {self.name!r} fits no final state {final_state!r}; "
            + (f"name one of {known}" if known else "it has no signal that is fitted in final states")
        )

    @property
    def shifts(self) -> dict[str, Systematic]:
        """The systematics for which the processor recomputes the kinematics."""
        return {name: item for name, item in self.systematics.items() if item.kind == "shift"}
