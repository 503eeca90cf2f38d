"""The samples of a workspace in its channels, checked, with their modifiers as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.model import Bin
from darkbelle.vectors import Column

__all__ = ["BIN_FACTORS", "ORDER", "Block", "nonlinear_parameters", "read_blocks", "read_observations"]

ORDER = ("histosys", "lumi", "normfactor", "normsys", "shapefactor", "shapesys", "staterror")  # pyhf's
BIN_FACTORS = ("staterror", "shapesys", "shapefactor")  # the first that a channel has becomes local
_MUCH = 1 / 3  # share of a sample, above which a shift is far from linear
_OTHER_ENGINE = "use --engine pyhf"


@dataclass(frozen=True)
class Block:
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
        """The bin after its last one."""
        return self.first + self.nominal.size


def read_blocks(workspace: Mapping[str, Any]) -> tuple[list[Block], tuple[Bin, ...]]:
    """Return the samples of all channels, and the bins of all channels one after the other.

    Raises
    ------
    FitError
        A sample has a modifier that is not known, or arrays of different sizes, or numbers that are none.
    """
    blocks: list[Block] = []
    bins: list[Bin] = []
    for channel in sorted(workspace["channels"], key=lambda item: str(item["name"])):
        size = len(channel["samples"][0]["data"])
        for sample in sorted(channel["samples"], key=lambda item: str(item["name"])):
            block = Block(
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


def _check_block(block: Block, size: int, modifiers: int) -> None:
    if len(block.modifiers) != modifiers:
        raise FitError(f"{block} has two modifiers of one type and name; {_OTHER_ENGINE} to see what it says")
    arrays: dict[str, Any] = {"data": block.nominal}
    for (kind, name), data in block.modifiers.items():
        if kind not in ORDER:
            raise FitError(
                f"{block} has a modifier {name!r} of type {kind!r}, which the fast engine does not know; it "
                f"knows {', '.join(ORDER)}; {_OTHER_ENGINE}"
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


def read_observations(workspace: Mapping[str, Any], bins: tuple[Bin, ...]) -> Column:
    """Return the observed number of events of each bin.

    Raises
    ------
    FitError
        There is not one finite number of at least 0 for each bin.
    """
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


def nonlinear_parameters(block: Block) -> Iterator[str]:
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
