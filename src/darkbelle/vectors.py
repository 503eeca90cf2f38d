"""Four-vectors as columns: the one type that kernels, beams and simulation pass around."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

__all__ = ["Column", "FourVector"]


class FourVector(NamedTuple):
    """Many four-momenta, one column a component.

    Every column is a float64 array of shape ``(n,)``, in GeV, all four of one length. A vector of
    shape ``(1,)`` stands for one that is the same in all events, such as the nominal beams. The
    frame is said where the vector is made.

    A named tuple of arrays goes into a numba kernel without a copy.
    """

    px: Column
    py: Column
    pz: Column
    energy: Column

    @classmethod
    def single(cls, px: float, py: float, pz: float, energy: float) -> FourVector:
        """Return one four-vector that is the same in all events, with columns of shape (1,)."""
        return cls(*(np.array([component], dtype=np.float64) for component in (px, py, pz, energy)))

    @classmethod
    def with_mass(cls, px: Column, py: Column, pz: Column, mass: float | Column) -> FourVector:
        """Return four-vectors on their mass shell, the mass in GeV."""
        return cls(px, py, pz, np.sqrt(px * px + py * py + pz * pz + mass * mass))

    def plus(self, other: FourVector) -> FourVector:
        """Return the sum by component; shape (1,) is broadcast."""
        return FourVector(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: FourVector) -> FourVector:
        """Return the difference by component; shape (1,) is broadcast."""
        return FourVector(*(a - b for a, b in zip(self, other, strict=True)))

    def collapsed(self) -> FourVector:
        """Return the vector with shape (1,) if it is the same in all events, else as it is.

        Kernels are faster then; beams are the same in all events of most ntuples.
        """
        if self.px.size and all(bool(np.all(column == column[0])) for column in self):
            return FourVector(*(column[:1] for column in self))
        return self

    def rows(self, index: NDArray[np.integer | np.bool_]) -> FourVector:
        """Return the vectors of chosen events; one of shape (1,) stays, as it is that of all."""
        if self.px.size == 1:
            return self
        return FourVector(*(column[index] for column in self))

    def mass_squared(self) -> Column:
        """Return :math:`E^2-|p|^2` in GeV², negative values kept."""
        return self.energy**2 - self.px**2 - self.py**2 - self.pz**2
