"""Corrections of what was measured, from the tables that control channels write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import correctionlib
import numpy as np
from pydantic import BeforeValidator, ConfigDict

from darkbelle.errors import ConfigurationError
from darkbelle.runfolder import SCALE_FACTORS, SCALE_UNCERTAINTY
from darkbelle.selections.cuts import Columns
from darkbelle.vectors import Column

__all__ = [
    "Applied",
    "Corrected",
    "MomentumScale",
    "MomentumScaleOption",
    "read_momentum_scale",
]


# recorded data, or simulation as well: that of a detector with a biased scale
Corrected = Literal["data", "all"]


class Applied(NamedTuple):
    """Corrected momenta by column, and how many tracks were ``corrected`` and ``outside`` the table."""

    columns: dict[str, Column]
    counts: dict[str, int]


@dataclass(frozen=True)
class MomentumScale:
    """Factors by which measured momenta are to be multiplied, in bins of cosθ and charge.

    All of it is an option of a processor, and so a part of the plan and of the key of every result.

    Parameters
    ----------
    cos_theta
        Rising edges of the bins, lab, by the measured direction.
    negative, positive
        Factors of tracks of either charge, one a bin.
    uncertainty
        Relative standard deviation of the scale that all tracks have in common; None: not known.
    source
        SHA-256 of the file.

    Raises
    ------
    ConfigurationError
        The edges do not rise, or there is not one factor a bin.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    cos_theta: tuple[float, ...]
    negative: tuple[float, ...]
    positive: tuple[float, ...]
    uncertainty: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        bins = len(self.cos_theta) - 1
        if bins < 1 or any(np.diff(self.cos_theta) <= 0):
            raise ConfigurationError(
                f"a momentum scale needs rising edges in cosθ, got {list(self.cos_theta)}"
            )
        if {len(self.negative), len(self.positive)} != {bins}:
            raise ConfigurationError(
                f"a momentum scale in {bins} bins of cosθ needs as many factors for either charge, got "
                f"{len(self.negative)} and {len(self.positive)}"
            )

    def factors(self, cos_theta: Column, charge: Column) -> Column:
        """Return the factor of each track, shape (n,), NaN outside the table and without a charge."""
        place = np.searchsorted(self.cos_theta, cos_theta, side="right") - 1
        inside = (place >= 0) & (place < len(self.negative)) & (charge != 0)
        table = np.array([self.negative, self.positive])
        row, column = (charge > 0).astype(np.intp), np.where(inside, place, 0)
        found: Column = np.where(inside & np.isfinite(charge), table[row, column], np.nan)
        return found

    def applied(self, columns: Columns, tracks: Sequence[str]) -> Applied:
        """Return corrected momenta.

        Parameters
        ----------
        columns
            With ``<track>.px .py .pz``, GeV, lab, and ``.charge``, each of shape (n,).
        tracks
            Which are corrected. One outside the table keeps its momentum, and is counted.
        """
        changed: dict[str, Column] = {}
        corrected = outside = 0
        for track in tracks:
            px, py, pz, charge = (columns[f"{track}.{name}"] for name in ("px", "py", "pz", "charge"))
            found = self.factors(pz / np.sqrt(px * px + py * py + pz * pz), charge)
            known = np.isfinite(found)
            factor = np.where(known, found, 1.0)
            changed |= {
                f"{track}.{name}": value * factor for name, value in (("px", px), ("py", py), ("pz", pz))
            }
            corrected += int(np.count_nonzero(known))
            outside += int(np.count_nonzero(~known))
        return Applied(changed, {"corrected": corrected, "outside the table": outside})


def read_momentum_scale(path: str | Path) -> MomentumScale:
    """Read a table from a correctionlib file, as ``darkbelle fit`` writes one.

    Raises
    ------
    ConfigurationError
        The file is missing, is no correctionlib file, or has no such table.
    """
    try:
        content = Path(path).read_bytes()
        table = correctionlib.CorrectionSet.from_string(content.decode())
        declared = {item["name"]: item for item in json.loads(content)["corrections"]}
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ConfigurationError(f"{path} is not a correctionlib file (schema 2): {error}") from error
    try:
        edges = _edges(declared[SCALE_FACTORS]["data"])
        middle = [(low + high) / 2 for low, high in pairwise(edges)]
        negative, positive = (
            tuple(table[SCALE_FACTORS].evaluate("nominal", cosine, charge) for cosine in middle)
            for charge in (-1.0, +1.0)
        )
    except (KeyError, ValueError, TypeError, RuntimeError, IndexError, StopIteration) as error:
        raise ConfigurationError(
            f"{path} has no correction {SCALE_FACTORS!r} by variation, cos_theta and charge among "
            f"{', '.join(declared)}; make one with `darkbelle fit` of a run of that channel"
        ) from error
    known = SCALE_UNCERTAINTY in declared
    return MomentumScale(
        edges,
        negative,
        positive,
        table[SCALE_UNCERTAINTY].evaluate() if known else None,
        sha256(content).hexdigest(),
    )


def _edges(data: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the edges in cosθ of the nominal variation."""
    node = next(item["value"] for item in data["content"] if item["key"] == "nominal")
    return tuple(node["edges"][node["inputs"].index("cos_theta")])


def _read_if_path(value: Any) -> Any:
    return read_momentum_scale(value) if isinstance(value, str | Path) else value


# an option of a processor: the path of a file, or what a plan keeps of it
MomentumScaleOption = Annotated[MomentumScale | None, BeforeValidator(_read_if_path)]
