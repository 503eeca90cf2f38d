"""Measure what a run is about: the function of its channel."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from darkbelle.errors import ConfigurationError
from darkbelle.fitting.page import Table
from darkbelle.runfolder import load_result

__all__ = ["MEASURED", "Measured", "measure_run"]

# channel: module whose function `measure` does it
MEASURED: Final = {
    "tau_mass": "tau_measurement",
    "momentum_scale": "scale.control",
    "beam_energy": "b_energy.measurement",
}


class Measured(Protocol):
    """What a function `measure` returns: a measurement, or the factors of a correction."""

    @property
    def data(self) -> Literal["pseudo", "observed"]:
        """What was measured."""

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``fit.json``."""

    def tables(self) -> tuple[Table, ...]:
        """Return what to print of it."""

    @property
    def remark(self) -> str:
        """What to say beside the tables."""


def measure_run(run: Path, *, data: Literal["pseudo", "observed"] = "pseudo", seed: int = 1) -> Measured:
    """Measure, and write ``RUN/fit.json``.

    Raises
    ------
    ConfigurationError
        The channel of the run measures nothing.
    """
    channel = load_result(run).channel
    if channel not in MEASURED:
        raise ConfigurationError(
            f"channel {channel!r} measures nothing, those that do are {', '.join(MEASURED)}; "
            "for upper limits say `darkbelle limits`"
        )
    measure: Callable[..., Measured] = import_module(f"darkbelle.fitting.{MEASURED[channel]}").measure
    return measure(run, data=data, seed=seed)
