"""Progress bars: long functions take one of these, and say nothing by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

__all__ = ["Advance", "Progress", "bar", "counter", "silent"]

Advance = Callable[[int], None]
Progress = Callable[[str, int], AbstractContextManager[Advance]]


@contextmanager
def silent(description: str, total: int) -> Iterator[Advance]:  # noqa: ARG001  # the signature of Progress
    """Show nothing."""
    yield lambda _: None


@contextmanager
def bar(description: str, total: int) -> Iterator[Advance]:
    """Show a bar that advances by steps."""
    with _bars() as bars:
        task = bars.add_task(description, total=total)
        yield lambda steps: bars.advance(task, steps)


@contextmanager
def counter(description: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar for functions that report how many are done, and of how many."""
    with _bars() as bars:
        task = bars.add_task(description, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _bars() -> Bars:
    """Return bars on stderr or in a notebook; nothing is shown where nobody watches."""
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    return Bars(*columns, console=console, disable=not (console.is_terminal or console.is_jupyter))
