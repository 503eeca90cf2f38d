"""Searches that want experiments step by step; each step is made for many searches at once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from itertools import islice
from typing import TypeVar

from darkbelle.errors import FitError
from darkbelle.fitting.studies.recipes import Columns, Make, Recipe

__all__ = ["Search", "in_step"]

T = TypeVar("T")

# yields recipes, is sent their columns, and returns what was looked for
Search = Generator[Sequence[Recipe], Sequence[Columns], T]


def in_step(
    searches: Sequence[Search[T]], make: Make, progress: Callable[[int, int], None] | None = None
) -> list[T | FitError]:
    """Return what searches find, or the `FitError` that one ended with.

    What all of them want in a step is made at once, so that an executor has much to do.

    Parameters
    ----------
    searches
        Not begun yet.
    make
        Makes the experiments.
    progress
        Called after each step with the number of searches done and to do.
    """
    found: dict[int, T | FitError] = {}
    answers: dict[int, list[Columns] | None] = dict.fromkeys(range(len(searches)))
    while answers:
        wanted: dict[int, Sequence[Recipe]] = {}
        for index, answer in answers.items():
            try:
                # a generator that has not begun takes nothing but None
                wanted[index] = searches[index].send(answer)  # type: ignore[arg-type]
            except StopIteration as end:
                found[index] = end.value
            except FitError as error:
                found[index] = error
        if progress is not None:
            progress(len(found), len(searches))
        made = iter(make([recipe for recipes in wanted.values() for recipe in recipes]) if wanted else ())
        answers = {index: list(islice(made, len(recipes))) for index, recipes in wanted.items()}
    return [found[index] for index in range(len(searches))]
