"""Engines: ways to get upper limits from workspaces. A new one is a module and a line here.

An engine is a function of the type `Engine`. It gets all workspaces at once, so that one that
solves them as a batch can.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from darkbelle.errors import ConfigurationError
from darkbelle.fitting.engines.base import Engine, Failure, Outcome, UpperLimit
from darkbelle.fitting.studies.recipes import Make

__all__ = [
    "Engine",
    "Failure",
    "Outcome",
    "UpperLimit",
    "engine_names",
    "load_engine",
    "roostats_engine",
    "toy_engine",
]


def _pyhf() -> Engine:
    from darkbelle.fitting.engines.pyhf_engine import upper_limits  # noqa: PLC0415  pyhf takes seconds

    return upper_limits


def _fast() -> Engine:
    from darkbelle.fitting.engines.fast_engine import upper_limits  # noqa: PLC0415  numba takes seconds

    return upper_limits


_ENGINES: dict[str, Callable[[], Engine]] = {"pyhf": _pyhf, "fast": _fast}


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines."""
    return tuple(_ENGINES)


def load_engine(name: str) -> Engine:
    """Return an engine, importing what it needs.

    Raises
    ------
    ConfigurationError
        There is no such engine.
    """
    if name not in _ENGINES:
        raise ConfigurationError(f"engine {name!r} does not exist, there are: {', '.join(_ENGINES)}")
    return _ENGINES[name]()


def toy_engine(toys: int, seed: int, make: Make | None = None) -> Engine:
    """Return an engine for limits from pseudo-experiments, so many a hypothesis; ``make`` makes them."""
    from darkbelle.fitting.engines.toys import ToyEngine  # noqa: PLC0415  numba takes seconds

    return ToyEngine(toys, seed, make)


def roostats_engine(python: Path | None = None) -> Engine:
    """Return RooStats as an engine, for cross-checks.

    Parameters
    ----------
    python
        An interpreter that has ROOT; by default this one.

    Raises
    ------
    ConfigurationError
        None is given, and this one has no ROOT.
    """
    if python is None:
        if importlib.util.find_spec("ROOT") is None:
            raise ConfigurationError(
                "this Python has no ROOT; name one that has with --root-python, made for instance by "
                "`python -m venv rooted && rooted/bin/pip install 'root>=0.1a12'`"
            )
        python = Path(sys.executable)
    from darkbelle.fitting.engines.roostats import RooStatsEngine  # noqa: PLC0415  numba takes seconds

    return RooStatsEngine(python)
