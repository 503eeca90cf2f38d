"""What is found in a workspace before it is fitted, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np

__all__ = ["Finding", "Kind", "Severity", "errors_of", "summarise"]

Severity = Literal["error", "warning"]
Kind = Literal[
    "malformed",
    "not finite",
    "negative",
    "empty",
    "above 100 %",
    "one-sided",
    "thin simulation",
    "few events",
]


@dataclass(frozen=True)
class Finding:
    """One thing found in a workspace.

    Parameters
    ----------
    severity, kind
        An error stops the fit.
    region, sample, systematic
        Where; empty where it concerns none in particular.
    bins
        Numbers of the region's bins concerned, the worst first.
    value
        How bad it is in the worst: the larger, the worse among findings of one kind.
    message
        All this as a sentence.
    """

    severity: Severity
    kind: Kind
    region: str
    sample: str
    systematic: str
    bins: tuple[int, ...]
    value: float
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return the finding for JSON, which has no infinity."""
        value = self.value if np.isfinite(self.value) else None
        return {**asdict(self), "bins": list(self.bins), "value": value}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the finding that `as_json` wrote."""
        value = np.inf if content["value"] is None else content["value"]
        return cls(**{**content, "bins": tuple(content["bins"]), "value": value})


def errors_of(findings: Sequence[Finding]) -> str:
    """Return the errors among findings as one line, empty if there are none."""
    return "; ".join(item.message for item in findings if item.severity == "error")


def summarise(findings: Mapping[str, Sequence[Finding]]) -> list[str]:
    """Return lines about many workspaces, one for what is the same in several of them.

    Parameters
    ----------
    findings
        By the name of the workspace, such as ``2 GeV``; those in which nothing is found count too.
    """
    groups: dict[Any, list[tuple[str, Finding]]] = {}
    for name, items in findings.items():
        for item in items:
            key = (item.severity, item.kind, item.region, item.sample, item.systematic)
            groups.setdefault(key, []).append((name, item))
    lines = []
    for key in sorted(groups):
        members = groups[key]
        name, worst = max(members, key=lambda member: member[1].value)
        points = len({member for member, _ in members})  # one may have several of a kind
        times = f"{points} of {len(findings)} points, worst " if points > 1 else ""
        lines.append(f"{worst.severity}, {worst.kind}: {times}{name}: {worst.message}")
    return lines
