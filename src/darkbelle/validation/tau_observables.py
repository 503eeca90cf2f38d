"""What is compared of pairs of hadronic τ decays: energies and masses of the pions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.kernels import boost_to_rest_frame
from darkbelle.vectors import Column, FourVector

__all__ = ["TauObservables", "observables"]

PION = 211


class TauObservables(NamedTuple):
    """Of each pair: shape (n,), NaN where it is not defined.

    Attributes
    ----------
    x_minus, x_plus
        Energy of the pions of τ− and τ+ over that of the τ, in the pair's rest frame.
    mass_minus
        Mass of all pions of the τ−, GeV.
    opposite_mass_minus
        Mass of its π+ with its first π−, GeV; NaN unless it has three pions.
    """

    x_minus: Column
    x_plus: Column
    mass_minus: Column
    opposite_mass_minus: Column


def observables(
    event: NDArray[np.int64], pdg: NDArray[np.int32], mother_pdg: NDArray[np.int32], momenta: FourVector
) -> TauObservables:
    """Return the observables of events with one τ− and one τ+ that decay to charged pions and a neutrino.

    Parameters
    ----------
    event, pdg, mother_pdg
        Of stable particles, shape (n,): event, from 0, code, and that of the mother.
    momenta
        GeV, in any frame.
    """
    size = int(event.max()) + 1 if event.size else 0

    def summed(which: NDArray[np.bool_]) -> FourVector:
        sums = (np.bincount(event[which], column[which], minlength=size) for column in momenta)
        return FourVector(*(column.astype(np.float64) for column in sums))

    is_pion = np.abs(pdg) == PION
    minus, plus = (summed(mother_pdg == code) for code in (15, -15))
    pair = minus.plus(plus)
    energy = np.sqrt(pair.mass_squared()) / 2.0
    hadrons = [summed(is_pion & (mother_pdg == code)) for code in (15, -15)]
    fractions = [boost_to_rest_frame(system, pair).energy / energy for system in hadrons]
    of_minus = is_pion & (mother_pdg == 15)
    negative = np.flatnonzero(of_minus & (pdg == -PION))
    _, first = np.unique(event[negative], return_index=True)
    opposite = of_minus & (pdg == PION)
    opposite[negative[first]] = True
    three = np.bincount(event[of_minus], minlength=size) == 3
    return TauObservables(
        fractions[0], fractions[1], _mass(hadrons[0]), np.where(three, _mass(summed(opposite)), np.nan)
    )


def _mass(vectors: FourVector) -> Column:
    mass: Column = np.sqrt(np.maximum(vectors.mass_squared(), 0.0))
    return mass
