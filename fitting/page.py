"""What an analysis has to show of a run: sections of words, plots and tables, for pages and terminals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matplotlib.figure import Figure

__all__ = ["Drawing", "Section", "Table"]


class Drawing(NamedTuple):
    """A plot, the name of its file, and what a reader needs to be told."""

    name: str
    figure: Figure
    title: str
    caption: str


class Table(NamedTuple):
    """A table; cells are words or numbers."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Section:
    """A part of the page of a run: text first, then plots, tables and remarks."""

    title: str
    text: str = ""
    drawings: tuple[Drawing, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
