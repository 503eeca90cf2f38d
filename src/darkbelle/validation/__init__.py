"""What the simulation gives, beside what is known: figures, verdicts, and the page that shows them."""

from __future__ import annotations

from darkbelle.validation.figure import Figure
from darkbelle.validation.page import write_page
from darkbelle.validation.plots import draw
from darkbelle.validation.results import Sizes, Validation, validate

__all__ = ["Figure", "Sizes", "Validation", "draw", "validate", "write_page"]
