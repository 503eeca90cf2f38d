"""Event generators by process, each imported when it is asked for."""

from __future__ import annotations

from darkbelle.simulation.generators.registry import EventGenerator, generator, generator_names

__all__ = ["EventGenerator", "generator", "generator_names"]
