"""A statistical model as arrays, in the form that compiled loops read.

A *block* is one sample in one channel. The events it expects in a bin are a product of *factors*
(one number for the whole block: normfactor, normsys, lumi) and *bin factors* (one number a bin:
staterror, shapesys, shapefactor), times the nominal events plus *shifts* (histosys).

Where a bin has a bin factor that acts in no other bin, the best value of that factor is known in
closed form for any value of all other parameters. Such a *local* parameter is no dimension of a fit;
all others are *dense*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import FitError
from darkbelle.vectors import Column

__all__ = ["FREE", "NORMAL", "POISSON", "Bin", "Indices", "Model", "Tables"]

Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]

FREE, NORMAL, POISSON = 0, 1, 2  # how a parameter is constrained


class Tables(NamedTuple):
    """The arrays of a model. Ranges ``ends[i]:ends[i + 1]`` are the rows that belong to block i.

    Parameters
    ----------
    first_bin, last_bin
        Bins of each block, the last excluded, shape (blocks,).
    entry
        Where the contents of each block start in ``nominal``.
    carries
        Whether the local parameters of the block's bins act on it.
    nominal
        Nominal events of all blocks, one after the other.
    factor_ends, factor_parameter, factor_code, factor_table
        Factors: their parameter, how it becomes a factor, and the coefficients for that, shape (factors, 8):
        ln hi, ln lo, and the six of the polynomial.
    shift_ends, shift_parameter, shift_code, shift_entry, shift_up, shift_down
        Shifts: up is hi − nominal and down is nominal − lo, from ``shift_entry`` on.
    gamma_ends, gamma_parameter
        Bin factors that are not local: the parameter of the block's first bin, others follow.
    local_parameter
        The local parameter of each bin, or −1, shape (bins,).
    dense, position
        Parameters that are not local, and the place of each parameter among them or −1.
    kinked
        Parameters whose effect has a kink at 0, by their interpolation code.
    constraint, width
        For each parameter, how it is constrained, and its standard deviation or Poisson factor τ.
    """

    first_bin: Indices
    last_bin: Indices
    entry: Indices
    carries: Flags
    nominal: Column
    factor_ends: Indices
    factor_parameter: Indices
    factor_code: Indices
    factor_table: Column
    shift_ends: Indices
    shift_parameter: Indices
    shift_code: Indices
    shift_entry: Indices
    shift_up: Column
    shift_down: Column
    gamma_ends: Indices
    gamma_parameter: Indices
    local_parameter: Indices
    dense: Indices
    position: Indices
    kinked: Indices
    constraint: Indices
    width: Column


class Bin(NamedTuple):
    """The name of a bin: its channel, and its number in there."""

    channel: str
    number: int

    def __str__(self) -> str:
        return f"bin {self.number} of channel {self.channel!r}"


@dataclass(frozen=True)
class Model:
    """A model with its data.

    Parameters
    ----------
    tables
        What the kernels read.
    names
        Of the parameters, in pyhf's order and spelling.
    poi
        Index of the parameter of interest.
    start, lower, upper, fixed
        Where a fit starts, between what bounds, and which parameters it leaves alone.
    observed, auxiliary
        Events of the bins, and for each constrained parameter what was measured of it elsewhere.
    bins
        Names of the bins.
    nonlinear
        Parameters by which −ln L may have several minima: they change a sample the same way up and down,
        or by more than a third, or have a kink.
    """

    tables: Tables
    names: tuple[str, ...]
    poi: int
    start: Column
    lower: Column
    upper: Column
    fixed: Flags
    observed: Column
    auxiliary: Column
    bins: tuple[Bin, ...]
    nonlinear: Indices

    @property
    def poi_name(self) -> str:
        """The name of the parameter of interest."""
        return self.names[self.poi]

    def index(self, name: str) -> int:
        """Return the index of a parameter.

        Raises
        ------
        FitError
            The model does not have it.
        """
        if name not in self.names:
            raise FitError(f"the model has no parameter {name!r}, it has: {', '.join(self.names)}")
        return self.names.index(name)
