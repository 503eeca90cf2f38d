"""Columnar searches for light dark sectors and τ physics at Belle II, from collisions to limits."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("darkbelle")
