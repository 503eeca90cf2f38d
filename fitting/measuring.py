"""Measure what a run is about: the function of its channel."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final, Literal

from darkbelle.errors import ConfigurationError
from darkbelle.fitting.measurements import Measurement
from darkbelle.runfolder import load_result

__all__ = ["MEASURED", "measure_run"]

# channel: module whose function `measure` does it
MEASURED: Final = {"tau_mass": "tau_edge"}


def measure_run(run: Path, *, data: Literal["pseudo", "observed"] = "pseudo", seed: int = 1) -> Measurement:
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
    measure: Callable[..., Measurement] = import_module(f"darkbelle.fitting.{MEASURED[channel]}").measure
    return measure(run, data=data, seed=seed)
