"""The tables that the compiled likelihood reads, from samples and parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from darkbelle.fitting.fast.blocks import BIN_FACTORS, Block
from darkbelle.fitting.fast.interpolation import EXPONENTIAL, LINEAR, PIECEWISE, factor_coefficients
from darkbelle.fitting.fast.model import Indices, Tables
from darkbelle.fitting.fast.parameters import ParameterSet, by_parameter
from darkbelle.vectors import Column

__all__ = ["build_tables", "local_sets"]


def local_sets(blocks: list[Block]) -> dict[str, tuple[str, str]]:
    """Return for each channel the bin factor whose parameters act in one bin each, if there is one."""
    local: dict[str, tuple[str, str]] = {}
    for kind in reversed(BIN_FACTORS):
        for block in blocks:
            for key in block.modifiers:
                channels = {item.channel for item in blocks if key in item.modifiers}
                # a shapefactor in two channels ties their bins together
                if key[0] == kind and (kind != "shapefactor" or len(channels) == 1):
                    local[block.channel] = key
    return local


def build_tables(
    blocks: list[Block],
    sets: dict[str, ParameterSet],
    begins: dict[str, int],
    codes: tuple[int, int],
    local: dict[str, tuple[str, str]],
) -> Tables:
    """Return what the likelihood reads.

    Parameters
    ----------
    blocks, sets
        Samples, and parameters by modifier name.
    begins
        Number of the first parameter of each modifier.
    codes
        Interpolation codes of normsys and histosys.
    local
        The bin factor of each channel whose parameters are profiled in closed form, of `local_sets`.
    """
    local_parameter = np.full(max(block.last for block in blocks), -1, dtype=np.int64)
    factors, shifts, gammas = _Rows(), _Rows(), _Rows()
    entry = 0
    ups: list[Column] = [np.empty(0)]
    downs: list[Column] = [np.empty(0)]
    for block in blocks:
        for key in sorted(block.modifiers):
            kind, name = key
            data, begin = block.modifiers[key], begins[name]
            if kind in BIN_FACTORS:
                first = _first_parameter(key, block, blocks, begin)
                if local.get(block.channel) == key:
                    local_parameter[block.first : block.last] = np.arange(first, first + block.nominal.size)
                else:
                    gammas.add(first)
            elif kind == "histosys":
                shifts.add(begin, codes[1], entry)
                entry += block.nominal.size
                ups.append(data[0] - block.nominal)
                downs.append(block.nominal - data[1])
            elif kind == "normsys":
                factors.add(begin, codes[0], factor_coefficients(data["hi"], data["lo"]))
            else:
                factors.add(begin, LINEAR, np.zeros(8))
        for rows in (factors, shifts, gammas):
            rows.end_block()
    everything = list(sets.values())
    is_dense = np.ones(sum(item.size for item in everything), dtype=np.bool_)
    is_dense[local_parameter[local_parameter >= 0]] = False
    return Tables(
        first_bin=np.array([block.first for block in blocks], dtype=np.int64),
        last_bin=np.array([block.last for block in blocks], dtype=np.int64),
        entry=np.cumsum([0] + [block.nominal.size for block in blocks[:-1]]).astype(np.int64),
        carries=np.array([local.get(block.channel) in block.modifiers for block in blocks], dtype=np.bool_),
        nominal=np.concatenate([block.nominal for block in blocks]),
        factor_ends=factors.ends,
        factor_parameter=factors.column(0, np.int64),
        factor_code=factors.column(1, np.int64),
        factor_table=factors.column(2, np.float64).reshape(-1, 8),
        shift_ends=shifts.ends,
        shift_parameter=shifts.column(0, np.int64),
        shift_code=shifts.column(1, np.int64),
        shift_entry=shifts.column(2, np.int64),
        shift_up=np.concatenate(ups),
        shift_down=np.concatenate(downs),
        gamma_ends=gammas.ends,
        gamma_parameter=gammas.column(0, np.int64),
        local_parameter=local_parameter,
        dense=np.flatnonzero(is_dense),
        position=np.where(is_dense, np.cumsum(is_dense) - 1, -1),
        kinked=_kinked(factors, EXPONENTIAL, shifts, PIECEWISE),
        constraint=np.repeat([item.constraint for item in everything], [item.size for item in everything]),
        width=by_parameter(everything, "widths", 1.0),
    )


def _first_parameter(key: tuple[str, str], block: Block, blocks: list[Block], begin: int) -> int:
    """Return the parameter of a bin factor that belongs to the block's first bin."""
    if key[0] != "staterror":
        return begin
    carriers = [item for item in blocks if key in item.modifiers and item.first < block.first]
    return begin + sum({item.channel: item.nominal.size for item in carriers}.values())


def _kinked(factors: _Rows, factor_code: int, shifts: _Rows, shift_code: int) -> Indices:
    """Return the parameters with rows of the given interpolation codes."""
    found = []
    for rows, code in ((factors, factor_code), (shifts, shift_code)):
        found.append(rows.column(0, np.int64)[rows.column(1, np.int64) == code])
    return np.unique(np.concatenate(found))


class _Rows:
    """Rows of a table that grow block by block."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []
        self._ends = [0]

    def add(self, *values: Any) -> None:
        self._rows.append(values)

    def end_block(self) -> None:
        self._ends.append(len(self._rows))

    @property
    def ends(self) -> Indices:
        return np.array(self._ends, dtype=np.int64)

    def column(self, place: int, dtype: type) -> Any:
        return np.array([row[place] for row in self._rows], dtype=dtype)
