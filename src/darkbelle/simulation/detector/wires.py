"""The sense wires of the drift chamber."""

from __future__ import annotations

from functools import cache

import numpy as np

from darkbelle.simulation.detector.parameters import DriftChamber
from darkbelle.simulation.detector.records import Indices
from darkbelle.vectors import Column

__all__ = ["layers_crossed", "wire_radii"]


@cache
def wire_radii(chamber: DriftChamber) -> Column:
    """Return the radii of all layers of wires in cm, from the inside, evenly spaced in a superlayer."""
    layers = zip(chamber.superlayer_inner, chamber.superlayer_outer, chamber.superlayer_size, strict=True)
    return np.concatenate([np.linspace(inner, outer, size) for inner, outer, size in layers])


def layers_crossed(inner: Column, outer: Column, chamber: DriftChamber) -> Indices:
    """Return how many layers lie between two radii in cm, the edges included."""
    radii = wire_radii(chamber)
    crossed: Indices = np.searchsorted(radii, outer, side="right") - np.searchsorted(
        radii, inner, side="left"
    )
    nonnegative: Indices = np.maximum(crossed, 0)
    return nonnegative
