"""Options of a processor as they are typed: ``thresholds.max_dr=0.4``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from darkbelle.errors import ConfigurationError

__all__ = ["parse_options"]


def parse_options(assignments: Iterable[str]) -> dict[str, Any]:
    """Return nested options from ``name=value`` or ``group.name=value``, values as in YAML.

    Raises
    ------
    ConfigurationError
        An assignment has no ``=``, or a name is both a value and a group.

    >>> parse_options(["thresholds.max_dr=0.4", "mass=2"])
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
        target[last] = yaml.safe_load(value)
    return options
