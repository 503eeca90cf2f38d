"""The columns of a table as coffea asks for them: one at a time, when first touched."""

from __future__ import annotations

from functools import cache
from typing import Any, Final
from urllib.parse import quote, unquote

import awkward as ak
import numpy as np
from coffea.nanoevents.mapping.base import BaseSourceMapping

from darkbelle.ntuple.keys import read_counter
from darkbelle.ntuple.names import COUNTERS
from darkbelle.ntuple.tables import Jagged, Table

__all__ = ["CLIPPED", "RowColumns", "column_name"]

# Made here for event-based trees: whether the event has more candidates than basf2's arrays hold.
CLIPPED: Final = "__clipped__"


class RowColumns(BaseSourceMapping):  # type: ignore[misc]  # coffea has no types
    """Rows of a table as the source of a `NanoEventsFactory` in virtual mode.

    Counters come out as int64 whatever the file holds, arrays of event-based trees without the garbage
    past ``max_candidates``.

    Parameters
    ----------
    table
        It stays open as long as this lives.
    start, stop
        Range of rows.
    max_candidates
        See `darkbelle.ntuple.layout.Layout`.
    """

    def __init__(self, table: Table, start: int, stop: int, max_candidates: int) -> None:
        super().__init__(None, start, stop, access_log=[], virtual=True)
        self._table = table
        self._max_candidates = max_candidates
        self._jagged = cache(self._read_jagged)

    def base_form(self, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the form of all numeric columns: a flat record, or one with lists."""
        forms = {name: self._column_form(name, dtype) for name, dtype in self._table.types.items()}
        if "__event__" in forms:
            forms.setdefault("__production__", _leaf("__production__", np.dtype(np.int64)))
        if self._table.jagged:
            forms[CLIPPED] = _leaf(CLIPPED, np.dtype(np.bool_))
        return {
            "class": "RecordArray",
            "fields": list(forms),
            "contents": list(forms.values()),
            "parameters": {"metadata": metadata or {}},
            "form_key": None,
        }

    @property
    def start(self) -> int:
        """The first row."""
        return int(self._start)

    @property
    def stop(self) -> int:
        """The row after the last one."""
        return int(self._stop)

    def _column_form(self, name: str, dtype: np.dtype[Any]) -> dict[str, Any]:
        if name in COUNTERS and name != "__weight__":
            dtype = np.dtype(np.int64)
        if name not in self._table.jagged:
            return _leaf(name, dtype)
        return {
            "class": "ListOffsetArray",
            "offsets": "i64",
            "content": _leaf(name, dtype, ",!content"),
            "form_key": quote(f"{_handle(name)},!load", safe=""),
        }

    def key_root(self) -> str:
        """Return the prefix of coffea's cache keys."""
        return "darkbelle:"

    def _column_source(self, uuid: str, path_in_source: str) -> Table:  # noqa: ARG002  # coffea's interface
        return self._table

    def get_column_handle(self, columnsource: Table, name: str, allow_missing: bool) -> str:  # noqa: ARG002
        """Return the column's name on disk."""
        return column_name(name)

    def extract_column(
        self,
        columnhandle: str,
        start: int,
        stop: int,
        allow_missing: bool,  # noqa: ARG002
        use_ak_forth: bool = True,  # noqa: ARG002
    ) -> Any:
        """Return the values of a column in the rows ``start`` to ``stop``."""
        if columnhandle in self._table.jagged:
            offsets, content = self._jagged(columnhandle)
            return ak.contents.ListOffsetArray(ak.index.Index64(offsets), ak.contents.NumpyArray(content))
        if columnhandle == CLIPPED:
            return read_counter(self._table, "__ncandidates__", start, stop) > self._max_candidates
        if columnhandle in COUNTERS and columnhandle != "__weight__":
            return read_counter(self._table, columnhandle, start, stop)
        values = self._table.read(columnhandle, start, stop)
        # as awkward content, since coffea would copy a bare array
        return ak.contents.NumpyArray(values.astype(values.dtype.newbyteorder("="), copy=False))

    def _read_jagged(self, name: str) -> Jagged:
        return _clipped(self._table.read_jagged(name, self._start, self._stop), self._max_candidates)

    @classmethod
    def _extract_base_form(cls, source: Table) -> dict[str, Any]:
        return cls(source, 0, source.entries, 0).base_form()

    def __len__(self) -> int:
        return int(self._stop - self._start)

    def __iter__(self) -> Any:
        return iter(self._table.types)


def _clipped(jagged: Jagged, maximum: int) -> Jagged:
    counts = np.diff(jagged.offsets)
    if not len(counts) or counts.max() <= maximum:
        return jagged
    position = np.arange(len(jagged.content)) - np.repeat(jagged.offsets[:-1], counts)
    kept = np.minimum(counts, maximum)
    return Jagged(np.concatenate([[0], np.cumsum(kept)]), jagged.content[position < maximum])


def column_name(handle: str) -> str:
    """Return a column's name on disk from its name in coffea's keys and access log."""
    return unquote(handle)


def _handle(name: str) -> str:
    # coffea's keys are separated by commas, and raw basf2 names have some
    return quote(name, safe="")


def _leaf(name: str, dtype: np.dtype[Any], after: str = "") -> dict[str, Any]:
    primitive = {"b": "bool", "i": "int", "u": "uint", "f": "float"}[dtype.kind]
    bits = "" if dtype.kind == "b" else str(8 * dtype.itemsize)
    return {
        "class": "NumpyArray",
        "primitive": primitive + bits,
        "form_key": quote(f"{_handle(name)},!load{after}", safe=""),
    }
