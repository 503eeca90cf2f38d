"""Options of a processor as they are typed: ``thresholds.max_dr=0.4``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from darkbelle.errors import ConfigurationError

__all__ = ["parse_options"]


class _Values(yaml.SafeLoader):
    """YAML in which ``1e-3`` is a number, as YAML 1.2 has it; for YAML 1.1 it is a word."""


_Values.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def parse_options(assignments: Iterable[str]) -> dict[str, Any]:
    """Return nested options from ``name=value`` or ``group.name=value``, values as in YAML.

    Raises
    ------
    ConfigurationError
        An assignment has no ``=``, or a name is both a value and a group.

    >>> parse_options(["thresholds.max_dr=4e-1", "mass=2"])
    {'thresholds': {'max_dr': 0.4}, 'mass': 2}
    """
    options: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        *groups, last = name.split(".")
        target = options
        for group in groups:
            target = target.setdefault(group, {})
            if not isinstance(target, dict):
                raise ConfigurationError(f"option {name!r}: {group!r} has a value already; it cannot be both")
        if not equals or not last:
            raise ConfigurationError(f"option {assignment!r} is not of the form NAME=VALUE")
        target[last] = yaml.load(value, _Values)  # noqa: S506  # it is a safe loader
    return options
