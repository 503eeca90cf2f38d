"""Recipes: what is to be drawn and fitted, in a form that JSON can hold and any machine can make."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from darkbelle.errors import FitError
from darkbelle.runfolder import canonical_json
from darkbelle.vectors import Column

__all__ = ["Columns", "Make", "Recipe", "in_process", "read_recipe", "sound"]

Columns = dict[str, Column]
_AT_ONCE = 10_000  # experiments, so that memory is bounded
FAILING = 0.01  # share of experiments without a fit, above which there is no answer

# where each kind is defined
_HOMES = {
    "Ensemble": "ensembles",
    "ExclusionEnsemble": "exclusion",
    "NestedEnsemble": "nested",
    "ScanEnsemble": "scans",
}


@dataclass(frozen=True)
class Recipe(ABC):
    """Some experiments and what is computed of each; see the subclasses.

    Parameters
    ----------
    toys
        How many experiments.
    seed
        Of all random numbers, from 0 to 2⁶⁴ − 1.
    """

    version: ClassVar[int] = 1

    toys: int
    seed: int

    @property
    @abstractmethod
    def cost(self) -> int:
        """How many times an experiment is worth one that is fitted once or twice."""

    @abstractmethod
    def columns(self, numbers: range, workers: int = 1) -> Columns:
        """Return what is computed of some of the experiments, one entry each; NaN where a fit failed.

        An entry depends on the recipe and the number of the experiment only. ``workers`` are threads.
        """

    @abstractmethod
    def __str__(self) -> str:
        """Return a few words for a log."""

    def as_json(self) -> dict[str, Any]:
        """Return the recipe for JSON, from which `read_recipe` makes the same one."""
        return {"kind": type(self).__name__, **asdict(self)}

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that tell recipes apart; the number of experiments is not among it."""
        content = {name: value for name, value in self.as_json().items() if name != "toys"}
        return hashlib.sha256(canonical_json(content)).hexdigest()


Make = Callable[[Sequence[Recipe]], list[Columns]]


def read_recipe(content: Mapping[str, Any]) -> Recipe:
    """Return the recipe that `Recipe.as_json` wrote."""
    fields = dict(content)
    kind = fields.pop("kind")
    module = import_module(f"darkbelle.fitting.studies.{_HOMES[kind]}")
    recipe: Recipe = getattr(module, kind)(**fields)
    return recipe


def in_process(workers: int = 1) -> Make:
    """Return a maker that works here, on some threads."""

    def make(recipes: Sequence[Recipe]) -> list[Columns]:
        return [_whole(recipe, workers) for recipe in recipes]

    return make


def _whole(recipe: Recipe, workers: int) -> Columns:
    starts = range(0, recipe.toys, _AT_ONCE)
    parts = [recipe.columns(range(start, min(start + _AT_ONCE, recipe.toys)), workers) for start in starts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def sound(columns: Columns) -> tuple[Columns, int]:
    """Return the columns without experiments that failed, and how many these are.

    Raises
    ------
    FitError
        They are more than 1 %.
    """
    good = ~np.any([np.isnan(column) for column in columns.values()], axis=0)
    failed = int(good.size - good.sum())
    if failed > FAILING * good.size:
        raise FitError(
            f"{failed} of {good.size} pseudo-experiments cannot be fitted; look for bins of very low "
            "background and for systematic shifts of about 100 %"
        )
    return {name: column[good] for name, column in columns.items()}, failed
