"""What the control channel of the collision energy found, as an option of other processors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from math import hypot
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict

from darkbelle.errors import ConfigurationError

__all__ = ["MeasuredEnergy", "MeasuredEnergyOption", "read_measured_energy"]


@dataclass(frozen=True)
class MeasuredEnergy:
    """√s as `darkbelle fit` of a run of ``beam_energy`` measured it.

    All of it is an option of a processor, and so a part of the plan and of the key of every result.

    Parameters
    ----------
    sqrt_s
        GeV.
    uncertainty
        Relative, statistical and systematic together.
    source
        SHA-256 of the file.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    sqrt_s: float
    uncertainty: float
    source: str = ""


def read_measured_energy(path: str | Path) -> MeasuredEnergy:
    """Read the ``fit.json`` of a run of the channel ``beam_energy``.

    Raises
    ------
    ConfigurationError
        The file is missing, is no measurement, or is one of something else.
    """
    try:
        content = Path(path).read_bytes()
        found = json.loads(content)
        parameter, unit = found["parameter"], found["unit"]
        value, stat, syst = (float(found[name]) for name in ("value", "stat", "syst"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path} is not the fit.json of a measurement ({type(error).__name__}: {error}); make one with "
            "`darkbelle fit` of a run of the channel beam_energy"
        ) from error
    if (parameter, unit) != ("sqrt_s", "MeV"):
        raise ConfigurationError(
            f"{path} measures {parameter!r} in {unit}, expected 'sqrt_s' in MeV; take the fit.json of a run "
            "of the channel beam_energy"
        )
    return MeasuredEnergy(value / 1e3, hypot(stat, syst) / value, sha256(content).hexdigest())


def _read_if_path(value: Any) -> Any:
    return read_measured_energy(value) if isinstance(value, str | Path) else value


# an option of a processor: the path of a file, or what a plan keeps of it
MeasuredEnergyOption = Annotated[MeasuredEnergy | None, BeforeValidator(_read_if_path)]
