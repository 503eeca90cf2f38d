"""Tables of cross sections that the interpretation of limits reads, made by the generators' modules."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from darkbelle.simulation.muon_boson import MuonBoson
from darkbelle.vectors import Column

__all__ = ["CrossSectionTable", "cross_section_table", "write_table"]


class CrossSectionTable(NamedTuple):
    """Cross sections of e+e− → μ+μ−X at unit coupling in fb, with numerical uncertainties, shape (n,).

    ``radiative`` is with radiation of the beams, ``born`` without; ``mass`` is that of X in GeV.
    """

    mass: Column
    radiative: Column
    radiative_uncertainty: Column
    born: Column
    born_uncertainty: Column


def cross_section_table(
    masses: Iterable[float], production: Callable[[float], MuonBoson]
) -> CrossSectionTable:
    """Return the cross sections at some masses in GeV; ``production`` says what is made at a mass."""
    made = [production(float(mass)) for mass in masses]
    rows = [(m.mass, *m.cross_section, *m.born) for m in made]
    return CrossSectionTable(*np.array(rows, dtype=np.float64).T)


def write_table(header: str, table: CrossSectionTable) -> None:
    """Write a table to the standard output as CSV, after the lines of its header."""
    sys.stdout.write(header + ",".join(table._fields) + "\n")
    for row in zip(*table, strict=True):
        sys.stdout.write(",".join(f"{value:.6g}" for value in row) + "\n")
