"""How commands speak: tables on stdout for people, JSON on stdout for scripts, the rest on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import click

__all__ = ["BANDS", "as_json", "in_unit", "print_json", "print_table", "say"]

F = TypeVar("F", bound=Callable[..., Any])

BANDS: Final = ("−2σ", "−1σ", "expected", "+1σ", "+2σ")  # columns of expected limits


def as_json(command: F) -> F:
    """Add the option ``--json`` to a command that prints results."""
    return click.option("--json", "json_output", is_flag=True, help="Print JSON for scripts.")(command)


def print_json(data: Any) -> None:
    """Print data as JSON on stdout."""
    click.echo(json.dumps(data, indent=2, sort_keys=True))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on stdout; columns whose cells are numbers are set to the right."""
    from rich.console import Console
    from rich.table import Table

    rows = list(rows)
    table = Table(title=title, title_justify="left", title_style="bold")
    for i, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[i], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    terminal = Console()
    # what goes into a file is not folded to the width of a screen that is not there
    console = terminal if terminal.is_terminal else Console(width=160)
    console.print(table, markup=False)


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace(",", " ")
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def in_unit(unit: str) -> str:
    """Return words for a unit, none where there is none."""
    return "" if unit == "1" else f" in {unit}"


def say(message: str) -> None:
    """Say something to who watches: on stderr."""
    click.echo(message, err=True)
