"""Columnar searches for light dark sectors and τ physics at Belle II, from collisions to limits.

``darkbelle.run(channel, files, folder)`` processes ntuples from Python or a notebook; the command
``darkbelle`` does the same from a shell.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

__all__ = ["__version__", "run"]

__version__ = version("darkbelle")


def __getattr__(name: str) -> Any:
    # looked up on first use: importing a kernel must not import coffea
    if name == "run":
        return import_module("darkbelle.jobs.api").run
    raise AttributeError(f"module 'darkbelle' has no attribute {name!r}")
