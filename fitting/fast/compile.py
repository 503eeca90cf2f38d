"""From a pyhf workspace to arrays.

Channels, samples and parameters stand in pyhf's order, so that parameter values can be exchanged.
What is not known is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.interpolation import (
    EXPONENTIAL,
    LINEAR,
    PIECEWISE,
    POLYNOMIAL,
    factor_coefficients,
)
from darkbelle.fitting.fast.model import FREE, Bin, Indices, Model, Tables
from darkbelle.fitting.fast.parameters import ParameterSet, configured, parameter_set, staterror_widths
from darkbelle.vectors import Column

__all__ = ["compile_workspace"]

_MUCH = 1 / 3  # share of a sample, above which a shift is far from linear
_OTHER_ENGINE = "use --engine pyhf"
_ORDER = ("histosys", "lumi", "normfactor", "normsys", "shapefactor", "shapesys", "staterror")  # pyhf's
_BIN_FACTORS = ("staterror", "shapesys", "shapefactor")  # the first that a channel has becomes local

NormsysCode = Literal["code4", "code1"]
HistosysCode = Literal["code4p", "code0"]
_CODES = {"code4": POLYNOMIAL, "code4p": POLYNOMIAL, "code1": EXPONENTIAL, "code0": PIECEWISE}


@dataclass(frozen=True)
class _Block:
    """One sample in one channel: its first bin, its events, its modifiers by (type, name)."""

    channel: str
    sample: str
    first: int
    nominal: Column
    modifiers: dict[tuple[str, str], Any]

    def __str__(self) -> str:
        return f"sample {self.sample!r} in channel {self.channel!r}"

    @property
    def last(self) -> int:
        return self.first + self.nominal.size


def compile_workspace(
    workspace: Mapping[str, Any],
    measurement: str | None = None,
    *,
    normsys: NormsysCode = "code4",
    histosys: HistosysCode = "code4p",
    profiled: bool = True,
) -> Model:
    """Return the model of a workspace, with its data.

    Parameters
    ----------
    workspace
        As pyhf's schema 1.0.0 wants it.
    measurement
        Name of the measurement; may be left out if there is one only.
    normsys, histosys
        Interpolation codes; the defaults are pyhf's. They are no part of a workspace.
    profiled
        Whether parameters that act in one bin are put at their best in closed form. Otherwise they
        are parameters like all others, which is slower and gives their errors and correlations.

    Raises
    ------
    FitError
        The workspace holds something that this engine does not know, or contradicts itself.
    """
    config = _measurement(workspace, measurement)
    blocks, bins = _blocks(workspace)
    sets = _parameter_sets(blocks, config.get("parameters", []))
    begins = dict(zip(sets, np.cumsum([0] + [item.size for item in sets.values()]).tolist(), strict=False))
    everything = list(sets.values())
    names = tuple(name for item in everything for name in item.names)
    if config["poi"] not in sets or not sets[config["poi"]].scalar:
        raise FitError(
            f"the parameter of interest {config['poi']!r} is not one number of this model, which has: "
            f"{', '.join(name for name, item in sets.items() if item.scalar)}"
        )
    bounds = np.array([pair for item in everything for pair in item.bounds], dtype=np.float64)
    local = _local_sets(blocks) if profiled else {}
    tables = _tables(blocks, sets, begins, (_CODES[normsys], _CODES[histosys]), local)
    nonlinear = {begins[name] for block in blocks for name in _nonlinear(block)}
    return Model(
        tables=tables,
        names=names,
        poi=begins[config["poi"]],
        start=np.array([value for item in everything for value in item.start], dtype=np.float64),
        lower=bounds[:, 0].copy(),
        upper=bounds[:, 1].copy(),
        fixed=np.array([value for item in everything for value in item.fixed], dtype=np.bool_),
        observed=_observations(workspace, bins),
        auxiliary=_by_parameter(everything, "auxiliary", 0.0),
        bins=bins,
        nonlinear=np.array(sorted(nonlinear.union(tables.kinked.tolist())), np.int64),
    )


def _measurement(workspace: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    found = {item["name"]: item["config"] for item in workspace["measurements"]}
    if name is None and len(found) == 1:
        name = next(iter(found))
    if name not in found:
        raise FitError(
            f"the workspace has the measurements {', '.join(found)}; name one of them, got {name!r}"
        )
    config: Mapping[str, Any] = found[name]
    return config


def _blocks(workspace: Mapping[str, Any]) -> tuple[list[_Block], tuple[Bin, ...]]:
    blocks: list[_Block] = []
    bins: list[Bin] = []
    for channel in sorted(workspace["channels"], key=lambda item: str(item["name"])):
        size = len(channel["samples"][0]["data"])
        for sample in sorted(channel["samples"], key=lambda item: str(item["name"])):
            block = _Block(
                channel["name"],
                sample["name"],
                len(bins),
                np.array(sample["data"], dtype=np.float64),
                {(item["type"], item["name"]): _as_arrays(item) for item in sample["modifiers"]},
            )
            _check_block(block, size, len(sample["modifiers"]))
            blocks.append(block)
        bins += [Bin(channel["name"], number) for number in range(size)]
    return blocks, tuple(bins)


def _as_arrays(modifier: Mapping[str, Any]) -> Any:
    """Return the data of a modifier, for histosys as the arrays of high and low."""
    data: Any = modifier.get("data")
    if modifier["type"] == "histosys":
        return np.array(data["hi_data"], dtype=np.float64), np.array(data["lo_data"], dtype=np.float64)
    if modifier["type"] in {"staterror", "shapesys"}:
        return np.array(data, dtype=np.float64)
    return data


def _nonlinear(block: _Block) -> Iterator[str]:
    """Yield the parameters that change the block the same way up and down on the whole, or by much."""
    for (kind, name), data in block.modifiers.items():
        if kind == "normsys":
            up, down = data["hi"] - 1, data["lo"] - 1
            if up * down > 0 or max(abs(up), abs(down)) > _MUCH:
                yield name
        elif kind == "histosys":
            high, low = data[0] - block.nominal, data[1] - block.nominal
            much = _MUCH * np.abs(block.nominal).sum()
            if high @ low > 0 or np.abs(high).sum() > much or np.abs(low).sum() > much:
                yield name


def _check_block(block: _Block, size: int, modifiers: int) -> None:
    if len(block.modifiers) != modifiers:
        raise FitError(f"{block} has two modifiers of one type and name; {_OTHER_ENGINE} to see what it says")
    arrays: dict[str, Any] = {"data": block.nominal}
    for (kind, name), data in block.modifiers.items():
        if kind not in _ORDER:
            raise FitError(
                f"{block} has a modifier {name!r} of type {kind!r}, which the fast engine does not know; it "
                f"knows {', '.join(_ORDER)}; {_OTHER_ENGINE}"
            )
        if kind == "histosys":
            arrays[f"hi_data of {name!r}"], arrays[f"lo_data of {name!r}"] = data
        elif kind in {"staterror", "shapesys"}:
            arrays[f"data of {name!r}"] = data
        elif kind == "normsys" and not (0 < data["hi"] < np.inf and 0 < data["lo"] < np.inf):
            raise FitError(
                f"normsys {name!r} of {block} has hi = {data['hi']} and lo = {data['lo']}, expected positive "
                "numbers, since their logarithms are interpolated; write it as a histosys"
            )
    for name, values in arrays.items():
        if len(values) != size:
            raise FitError(f"{name} of {block} has {len(values)} bins, expected {size}")
        if not np.isfinite(values).all():
            raise FitError(f"{name} of {block} is not finite, got {list(values)}")


def _observations(workspace: Mapping[str, Any], bins: tuple[Bin, ...]) -> Column:
    found = {item["name"]: item["data"] for item in workspace["observations"]}
    sizes: dict[str, int] = {}
    for item in bins:
        sizes[item.channel] = item.number + 1
    for channel, size in sizes.items():
        if len(found.get(channel, [])) != size:
            raise FitError(
                f"channel {channel!r} has {size} bins and {len(found.get(channel, []))} observations; "
                "give one observation a bin"
            )
    observed = np.concatenate([np.asarray(found[channel], dtype=np.float64) for channel in sizes])
    for name, value in zip(bins, observed, strict=True):
        if not 0 <= value < np.inf:
            raise FitError(f"{name} was observed with {value} events, expected a number of at least 0")
    return observed


def _parameter_sets(blocks: list[_Block], settings: list[Mapping[str, Any]]) -> dict[str, ParameterSet]:
    """Return the parameters by modifier name, in pyhf's order."""
    by_name = {item["name"]: item for item in settings}
    if len(by_name) != len(settings):
        raise FitError("the measurement configures a parameter twice; keep one of the entries")
    sets: dict[str, ParameterSet] = {}
    seen = set()
    for kind in _ORDER:
        for block in blocks:
            for name in sorted(name for type_, name in block.modifiers if type_ == kind):
                if (kind, name) in seen:
                    _check_shared(kind, sets[name], block)
                    continue
                seen.add((kind, name))
                found = _set_of(kind, name, block, blocks)
                if sets.setdefault(name, found) != found:
                    raise FitError(
                        f"{kind} {name!r} of {block} has the name of a modifier of another kind; rename one"
                    )
    return {name: configured(item, by_name.get(name, {})) for name, item in sets.items()}


def _check_shared(kind: str, parameters: ParameterSet, block: _Block) -> None:
    if kind == "shapesys":
        raise FitError(
            f"shapesys {parameters.name!r} of {block} stands elsewhere too, which pyhf refuses; rename it"
        )
    if kind == "shapefactor" and block.nominal.size > parameters.size:
        raise FitError(
            f"shapefactor {parameters.name!r} of {block} needs {block.nominal.size} parameters, but has "
            f"{parameters.size}, one a bin of the first channel that uses it; rename one"
        )


def _set_of(kind: str, name: str, block: _Block, blocks: list[_Block]) -> ParameterSet:
    key = (kind, name)
    if kind != "staterror":
        return parameter_set(kind, name, block.nominal, block.modifiers[key])
    carriers = [item for item in blocks if key in item.modifiers]
    samples = {item.sample: [other for other in carriers if other.sample == item.sample] for item in carriers}
    channels = {tuple(item.channel for item in items) for items in samples.values()}
    if len(channels) > 1:
        raise FitError(
            f"staterror {name!r} acts on samples in different sets of channels, {sorted(channels)}, which "
            "pyhf refuses; give it one name a channel"
        )
    return staterror_widths(
        name,
        [np.concatenate([item.nominal for item in items]) for items in samples.values()],
        [np.concatenate([item.modifiers[key] for item in items]) for items in samples.values()],
    )


def _first_parameter(key: tuple[str, str], block: _Block, blocks: list[_Block], begin: int) -> int:
    """Return the parameter of a bin factor that belongs to the block's first bin."""
    if key[0] != "staterror":
        return begin
    carriers = [item for item in blocks if key in item.modifiers and item.first < block.first]
    return begin + sum({item.channel: item.nominal.size for item in carriers}.values())


def _local_sets(blocks: list[_Block]) -> dict[str, tuple[str, str]]:
    """Return for each channel the bin factor whose parameters act in one bin each, if there is one."""
    local: dict[str, tuple[str, str]] = {}
    for kind in reversed(_BIN_FACTORS):
        for block in blocks:
            for key in block.modifiers:
                channels = {item.channel for item in blocks if key in item.modifiers}
                # a shapefactor in two channels ties their bins together
                if key[0] == kind and (kind != "shapefactor" or len(channels) == 1):
                    local[block.channel] = key
    return local


def _by_parameter(sets: list[ParameterSet], attribute: str, missing: float) -> Column:
    values: list[float] = []
    for item in sets:
        values += getattr(item, attribute) if item.constraint != FREE else [missing] * item.size
    return np.array(values, dtype=np.float64)


def _tables(
    blocks: list[_Block],
    sets: dict[str, ParameterSet],
    begins: dict[str, int],
    codes: tuple[int, int],
    local: dict[str, tuple[str, str]],
) -> Tables:
    local_parameter = np.full(max(block.last for block in blocks), -1, dtype=np.int64)
    factors, shifts, gammas = _Rows(), _Rows(), _Rows()
    entry = 0
    ups: list[Column] = [np.empty(0)]
    downs: list[Column] = [np.empty(0)]
    for block in blocks:
        for key in sorted(block.modifiers):
            kind, name = key
            data, begin = block.modifiers[key], begins[name]
            if kind in _BIN_FACTORS:
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
        width=_by_parameter(everything, "widths", 1.0),
    )


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
