"""Objects, cuts, regions, weights and column shifts: plain functions of flat columns."""

from __future__ import annotations

from darkbelle.selections.cuts import Cut, Decisions, evaluate
from darkbelle.selections.weights import on_grid

__all__ = ["Cut", "Decisions", "evaluate", "on_grid"]
