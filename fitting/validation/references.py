"""The limits of all cases by pyhf, kept in a file, and the examination of those on which engines disagree."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkbelle.errors import FitError
from darkbelle.fitting.fast.asymptotic import AsymptoticLimits, asymptotic_limits
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.validation.pyhf_limits import MINIMISERS, pyhf_limits
from darkbelle.fitting.validation.scan import scan_limits
from darkbelle.fitting.validation.testset import Case

__all__ = [
    "AGREEMENT",
    "Reference",
    "difference",
    "fast_limits",
    "read_references",
    "reference_of",
    "write_references",
]

_LOG = logging.getLogger(__name__)

AGREEMENT = 1e-4  # relative
CONFIDENCE_LEVEL = 0.95
SCHEMA = 1
_SOMEWHERE = (1.0, 0.3, 0.5, 0.7, 1.0, 1.5)  # where pyhf looks first if there are no limits by us

Six = tuple[float, ...]


@dataclass(frozen=True)
class Reference:
    """What is known of a case without the fast engine.

    Parameters
    ----------
    by
        Observed and expected limits by each of pyhf's minimisers that has an answer.
    scan
        Those of the lowest minima found from many starts; empty where the first minimiser agrees with
        the fast engine, and nobody asked.
    """

    by: dict[str, Six]
    scan: Six = ()

    @property
    def best(self) -> Six:
        """The limits to believe: of the scan, if there was one, else of the first minimiser."""
        return self.scan or next(iter(self.by.values()))


def fast_limits(case: Case) -> AsymptoticLimits:
    """Return the limits of a case by the fast engine."""
    model = compile_workspace(case.workspace, normsys=case.normsys, histosys=case.histosys)
    return asymptotic_limits(model, CONFIDENCE_LEVEL)


def difference(one: Six, other: Six) -> float:
    """Return the largest relative difference of limits."""
    return max(abs(a / b - 1) for a, b in zip(one, other, strict=True))


def reference_of(case: Case) -> Reference:
    """Return the limits of a case by pyhf, and by a scan if they are not those of the fast engine."""
    try:
        found = fast_limits(case)
        ours: Six = (found.observed, *found.expected)
    except FitError:
        ours = ()
    by = {}
    for name in MINIMISERS:
        try:
            by[name] = pyhf_limits(case, name, ours or _SOMEWHERE)
        except FitError as error:
            _LOG.info("%s: %s", case.name, error)
    if ours and by and difference(next(iter(by.values())), ours) < AGREEMENT:
        return Reference(by)
    return Reference(by, scan_limits(case, ours or next(iter(by.values()), _SOMEWHERE)))


def write_references(path: Path, references: dict[str, Reference]) -> None:
    """Write references, numbers to eight digits."""

    def rounded(six: Six) -> list[float]:
        return [float(f"{value:.8g}") for value in six]

    content = {
        name: {"by": {key: rounded(six) for key, six in item.by.items()}, "scan": rounded(item.scan)}
        for name, item in references.items()
    }
    lines = [f" {json.dumps(name)}: {json.dumps(item)}" for name, item in content.items()]
    header = {"schema": SCHEMA, "confidence_level": CONFIDENCE_LEVEL, "made by": "make references"}
    text = json.dumps(header)[:-1] + ', "cases": {\n' + ",\n".join(lines) + "\n}}\n"
    path.write_text(text, encoding="utf-8")


def read_references(path: Path) -> dict[str, Reference]:
    """Return references that `write_references` wrote."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Reference({key: tuple(six) for key, six in item["by"].items()}, tuple(item["scan"]))
        for name, item in content["cases"].items()
    }
