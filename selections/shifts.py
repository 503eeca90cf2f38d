"""Systematic shifts: columns or weights change, and the processor recomputes what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from darkbelle.channels import Systematic
from darkbelle.selections.cuts import Columns
from darkbelle.vectors import Column, FourVector

__all__ = [
    "BeamShift",
    "Shift",
    "Variation",
    "WeightShift",
    "scale_momenta",
    "scaled_boost",
    "stretch_residuals",
    "unmatched",
    "variations",
]

# changes columns by so many relative units: takes the columns and a signed size, returns the new ones
Shift = Callable[[Columns, float], dict[str, Column]]
# changes the beams' total four-momentum likewise
BeamShift = Callable[[FourVector, float], FourVector]
# takes the columns and a signed size, returns the factor on the weight of each event
WeightShift = Callable[[Columns, float], Column]

COMPONENTS = (("px", "mcPX"), ("py", "mcPY"), ("pz", "mcPZ"))


class Variation(NamedTuple):
    """One side of a shift: ``name`` is ``<systematic>_up|down``, ``size`` carries the sign."""

    name: str
    systematic: str
    size: float


def variations(systematics: Mapping[str, Systematic], process: str) -> tuple[Variation, ...]:
    """Return the variations to fill for a process, in the order of the channel file."""
    return tuple(
        Variation(f"{name}_{side}", name, sign * systematic.size)
        for name, systematic in systematics.items()
        if systematic.kind == "shift" and (not systematic.processes or process in systematic.processes)
        for side, sign in (("up", +1), ("down", -1))
    )


def scale_momenta(columns: Columns, particles: tuple[str, ...], size: float) -> dict[str, Column]:
    r"""Return momenta times (1 + size), a shift of the momentum scale.

    Parameters
    ----------
    columns
        With ``<particle>.px`` …, each of shape (n,), GeV, lab.
    particles
        Whose momenta change.
    size
        Relative change: 1e-3 is a scale too high by a per mille.
    """
    return {
        f"{particle}.{axis}": columns[f"{particle}.{axis}"] * (1.0 + size)
        for particle in particles
        for axis, _ in COMPONENTS
    }


def scaled_boost(beam: FourVector, size: float) -> FourVector:
    """Return beams whose total momentum is larger by a relative ``size``, at the same √s."""
    px, py, pz = (column * (1.0 + size) for column in beam[:3])
    return FourVector.with_mass(px, py, pz, np.sqrt(beam.mass_squared()))


def stretch_residuals(columns: Columns, particles: tuple[str, ...], size: float) -> dict[str, Column]:
    r"""Return momenta whose distance to the truth is stretched, a shift of the resolution.

    .. math:: \vec p \to \vec p_\mathrm{true} + (1 + \text{size})\,(\vec p - \vec p_\mathrm{true})

    Parameters
    ----------
    columns
        With ``<particle>.px`` … and ``<particle>.mcPX`` …, each of shape (n,), GeV, lab.
    particles
        Whose momenta change.
    size
        Relative change of the resolution: +0.1 makes it 10 % worse.

    Returns
    -------
    dict
        ``<particle>.px``, ``.py``, ``.pz``. A track without matched truth keeps its momentum;
        `unmatched` says how many there are.
    """
    changed: dict[str, Column] = {}
    for particle in particles:
        for measured_name, true_name in COMPONENTS:
            measured = columns[f"{particle}.{measured_name}"]
            residual = measured - columns[f"{particle}.{true_name}"]
            shifted = measured + size * residual
            changed[f"{particle}.{measured_name}"] = np.where(np.isnan(residual), measured, shifted)
    return changed


def unmatched(columns: Columns, particles: tuple[str, ...]) -> dict[str, int]:
    """Return how many candidates have no matched truth, by particle."""
    return {name: int(np.count_nonzero(np.isnan(columns[f"{name}.mcPX"]))) for name in particles}
