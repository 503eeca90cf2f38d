"""Shifts of charged tracks by what is not known of the detector: where it stands, and how much it weighs."""

from __future__ import annotations

from typing import Final

import numpy as np

from darkbelle.constants import PION_MASS
from darkbelle.selections.cuts import Columns
from darkbelle.vectors import Column

__all__ = ["bend_tracks", "lose_energy", "stretch_along_z"]

# GeV that a minimum-ionising particle loses across the beam pipe, six layers of silicon and the inner wall of
# the drift chamber, estimated: 1 g/cm² of beryllium, silicon and carbon, with 1.7 MeV cm²/g
LOSS: Final = 1.7e-3
# GeV: harmonic mean of the momenta of K and π in simulated D*+ → D0 (→ K π) π, whose mass gives the scale
CALIBRATED: Final = 0.91


def stretch_along_z(columns: Columns, particles: tuple[str, ...], size: float) -> dict[str, Column]:
    r"""Return momenta whose pz is times (1 + size): of a drift chamber taken for longer than it is.

    Angles to the axis change with it. A chamber taken for wider than it is shifts the transverse momentum,
    and is a part of the momentum scale.

    Parameters
    ----------
    columns
        With ``<particle>.px`` …, each of shape (n,), GeV, lab.
    particles
        Whose momenta change.
    size
        Relative error of the length.
    """
    return {f"{particle}.pz": columns[f"{particle}.pz"] * (1.0 + size) for particle in particles}


def bend_tracks(columns: Columns, particles: tuple[str, ...], size: float) -> dict[str, Column]:
    r"""Return momenta of tracks whose curvature is wrong by an amount that depends on the azimuth.

    .. math:: q/p_T \to q/p_T + \text{size}\cdot\cos\varphi

    as between an inner and an outer detector that are shifted against each other. The two charges move
    in opposite directions; polar angles stay.

    Parameters
    ----------
    columns
        With ``<particle>.px`` … in GeV, lab, and ``<particle>.charge``, each of shape (n,).
    particles
        Whose momenta change.
    size
        Amplitude, 1/GeV.
    """
    changed: dict[str, Column] = {}
    for particle in particles:
        px, charge = columns[f"{particle}.px"], columns[f"{particle}.charge"]
        changed |= _scaled(columns, particle, 1.0 / (1.0 + size * charge * px))  # px is pT cos φ
    return changed


def lose_energy(columns: Columns, particles: tuple[str, ...], size: float) -> dict[str, Column]:
    r"""Return momenta of pions that lost more in the inner detector than was made up for.

    .. math:: E \to E - \text{size}\cdot\frac{\Delta}{\beta^2\sin\theta}

    with Δ what a fast particle loses that crosses it at a right angle, 1.7 MeV (estimated). The calibration
    of the momentum scale in bins of the polar angle does not know it from a wrong scale, and takes it back
    at the momentum of its tracks: what is left is how it depends on the momentum.

    Parameters
    ----------
    columns
        With ``<particle>.px`` …, each of shape (n,), GeV, lab.
    particles
        Whose momenta change.
    size
        Share of the material that is unknown.
    """
    changed: dict[str, Column] = {}
    for particle in particles:
        px, py, pz = (columns[f"{particle}.{axis}"] for axis in ("px", "py", "pz"))
        transverse = np.hypot(px, py)
        momentum = np.hypot(transverse, pz)
        loss = size * LOSS * momentum / transverse
        kept = _kept(momentum, loss) / _kept(np.full_like(momentum, CALIBRATED), loss)
        changed |= _scaled(columns, particle, kept)
    return changed


def _kept(momentum: Column, loss: Column) -> Column:
    """Return the share of a pion's momentum that it keeps, where a fast one loses so much energy, GeV."""
    energy = np.hypot(momentum, PION_MASS)
    left = np.maximum(energy - loss * (energy / momentum) ** 2, PION_MASS)
    share: Column = np.sqrt(left**2 - PION_MASS**2) / momentum
    return share


def _scaled(columns: Columns, particle: str, factor: Column) -> dict[str, Column]:
    return {f"{particle}.{axis}": columns[f"{particle}.{axis}"] * factor for axis in ("px", "py", "pz")}
