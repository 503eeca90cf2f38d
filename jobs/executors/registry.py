"""Executors by the name they have on the command line."""

from __future__ import annotations

from dataclasses import fields

from darkbelle.errors import ConfigurationError
from darkbelle.jobs.executors.base import Executor
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.local import LocalExecutor

__all__ = ["EXECUTORS", "make_executor"]

EXECUTORS: dict[str, type[Executor]] = {
    "condor": CondorExecutor,
    "dask": DaskExecutor,
    "local": LocalExecutor,
}


def make_executor(name: str, **options: object) -> Executor:
    """Return an executor; an option that is None is left at its default.

    Raises
    ------
    ConfigurationError
        There is no such executor, or it has no such option.
    """
    if name not in EXECUTORS:
        raise ConfigurationError(f"executor {name!r} does not exist, there are: {', '.join(EXECUTORS)}")
    given = {option: value for option, value in options.items() if value is not None}
    known = [field.name for field in fields(EXECUTORS[name])]  # type: ignore[arg-type]  # all are dataclasses
    for option in given:
        if option not in known:
            raise ConfigurationError(
                f"executor {name!r} takes no {option}, it takes: {', '.join(known)}; drop the option, or "
                "choose another executor"
            )
    return EXECUTORS[name](**given)
