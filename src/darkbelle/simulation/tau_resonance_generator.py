"""What the generators of e+e− → μ+μ−X, X → τ+τ− or invisible, have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from darkbelle.simulation.events import Generated
from darkbelle.simulation.tau_resonance import Resonance

__all__ = ["TauResonanceGenerator"]


class TauResonanceGenerator(ABC):
    """A frozen dataclass of options that says how its resonance is made and what becomes of it.

    Attributes
    ----------
    prefix
        Of the sample's name.
    process
        Key of the registry.
    """

    prefix: ClassVar[str]
    process: ClassVar[str]

    @property
    @abstractmethod
    def resonance(self) -> Resonance:
        """How it is made and what becomes of it."""

    def __post_init__(self) -> None:
        self.resonance  # noqa: B018 - checks the options

    @property
    def name(self) -> str:
        """Name of the sample."""
        return f"{self.prefix}_{self.resonance.label}"

    @property
    def cross_section_fb(self) -> float:
        """The cross section of e+e− → μ+μ−X in fb, with radiation if that is on."""
        return self.resonance.production.cross_section.value

    @property
    def branching_fraction(self) -> float:
        """Product of the branching fractions of the modes of the τ."""
        return self.resonance.branching_fraction

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` unweighted events in the CM frame; there is no filter, all tried are kept."""
        return self.resonance.generate(size, rng)
