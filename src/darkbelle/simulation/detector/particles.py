"""Charged particles as the detector meets them, and the facts about their kinds."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import ELECTRON_MASS, KAON_MASS, MUON_MASS, PION_MASS, PROTON_MASS
from darkbelle.kernels import libm
from darkbelle.simulation.detector.helix import curvature_radius
from darkbelle.simulation.detector.records import Codes, Flags, Indices
from darkbelle.vectors import Column

__all__ = ["ELECTRON", "KAON", "MUON", "PHOTON", "PION", "PROTON", "Charged", "charge_of", "is_charged"]

ELECTRON, MUON, PHOTON, PION, KAON, PROTON = 11, 13, 22, 211, 321, 2212

MASSES = {
    ELECTRON: ELECTRON_MASS,
    MUON: MUON_MASS,
    PION: PION_MASS,
    KAON: KAON_MASS,
    PROTON: PROTON_MASS,
}


def is_charged(pdg: Codes) -> Flags:
    """Return which particles leave tracks."""
    return np.isin(np.abs(pdg), list(MASSES))


def charge_of(pdg: Codes) -> NDArray[np.int8]:
    """Return ±1 for charged particles; leptons of positive code are negative.

    >>> charge_of(np.array([13, -13, 211, -321], dtype=np.int32))
    array([-1,  1,  1, -1], dtype=int8)
    """
    return (np.sign(pdg) * np.where(np.abs(pdg) < 20, -1, 1)).astype(np.int8)


@dataclass(frozen=True)
class Charged:
    """Charged particles in the order of events, after decays in flight and photon conversions.

    Columns of shape (n,); GeV and cm in the lab.

    Parameters
    ----------
    event, particle
        Event, and generated particle it is or stems from.
    pdg, mother_pdg, primary_pdg
        Of itself, of its mother, and of the generated particle.
    px, py, pz, x, y, z
        Momentum and place at its birth.
    secondary
        Born in the detector.
    ends_at
        Distance to the z axis at which it decays, infinite if it does not.
    muon_momentum, muon_angle_sine
        Momentum, and sine of the polar angle, of the muon that it is or becomes; 0 if none.
    radiated
        Energy that it lost to a photon in the inner material, of an electron; ``px`` to ``pz`` are
        after that.
    """

    event: Indices
    particle: Indices
    pdg: Codes
    mother_pdg: Codes
    primary_pdg: Codes
    px: Column
    py: Column
    pz: Column
    x: Column
    y: Column
    z: Column
    secondary: Flags
    ends_at: Column
    muon_momentum: Column
    muon_angle_sine: Column
    radiated: Column

    def __len__(self) -> int:
        return len(self.event)

    @cached_property
    def charge(self) -> Column:
        """±1, as float."""
        return charge_of(self.pdg).astype(np.float64)

    @cached_property
    def transverse(self) -> Column:
        """Transverse momentum, GeV."""
        return np.hypot(self.px, self.py)

    @cached_property
    def momentum(self) -> Column:
        """Magnitude of the momentum, GeV."""
        return np.hypot(self.transverse, self.pz)

    @cached_property
    def theta(self) -> Column:
        """Polar angle, rad."""
        return libm.arctan2(self.transverse, self.pz)

    @cached_property
    def phi(self) -> Column:
        """Azimuth at birth, rad."""
        return libm.arctan2(self.py, self.px)

    @cached_property
    def cotangent(self) -> Column:
        """Cotangent of the polar angle."""
        return self.pz / self.transverse

    @cached_property
    def beta(self) -> Column:
        """Velocity in units of that of light."""
        codes = np.abs(self.pdg)
        mass = np.select([codes == code for code in MASSES], list(MASSES.values()))
        energy: Column = np.hypot(self.momentum, mass)
        return self.momentum / energy

    @cached_property
    def birth_radius(self) -> Column:
        """Distance of the birth to the z axis, cm."""
        return np.hypot(self.x, self.y)

    def curvature(self, magnetic_field: float) -> Column:
        """Radius of the circle in the transverse plane, cm, in a field in T."""
        return curvature_radius(self.transverse, magnetic_field)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def take(self, which: Flags | Indices) -> Charged:
        """Return the particles of a mask, or at indices."""
        index = np.flatnonzero(which) if which.dtype == np.bool_ else which
        return Charged(**{name: column[index] for name, column in self.columns().items()})
