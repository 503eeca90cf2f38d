"""A limit with what it stands on: how the fit went, what is in its bins, and what one must know."""

from __future__ import annotations

from collections.abc import Sequence

from darkbelle.fitting.engines import UpperLimit
from darkbelle.fitting.findings import Finding
from darkbelle.fitting.limit_results import LimitPoint
from darkbelle.fitting.run_workspaces import describe
from darkbelle.fitting.templates import MassTemplates

__all__ = ["limit_point"]

UNSIMULATED_SHARE = 0.05  # of the background in the window, above which an absent process is flagged


def limit_point(
    templates: MassTemplates,
    limit: UpperLimit,
    findings: Sequence[Finding],
    final_state: str | None = None,
) -> LimitPoint:
    """Return a limit with the diagnostics of its fit and the flags of its templates."""
    return LimitPoint(
        mass=templates.mass,
        observed=limit.observed,
        expected=limit.expected,
        diagnostics={
            **describe(templates),
            "simulated_per_expected": _simulated_per_expected(templates),
            "background": {name: float(item.values.sum()) for name, item in templates.backgrounds.items()},
            "best_fit": limit.best_fit,
            "significance": limit.significance,
            "evaluations": limit.evaluations,
            "bounds_hit": list(limit.bounds_hit),
            "rescued_fits": limit.rescued,
            "rescued_from": limit.rescued_from,
            "needed_help": limit.needed_help,
            "largest_edm": limit.largest_edm,
            "several_minima": limit.several_minima,
            "toy_errors": list(limit.toy_errors),
            "failed_toys": limit.failed_toys,
        },
        flags=_flags(templates, limit, findings),
        final_state=final_state,
    )


def _simulated_per_expected(templates: MassTemplates) -> float:
    """Return the effective number of simulated background events for each expected one, in the window."""
    values = sum(float(item.values.sum()) for item in templates.backgrounds.values())
    return values / sum(float(item.variances.sum()) for item in templates.backgrounds.values())


def _flags(templates: MassTemplates, limit: UpperLimit, findings: Sequence[Finding]) -> tuple[str, ...]:
    flags = [item.message for item in findings if item.kind == "few events"]
    inside = sum(item.values.sum() for item in templates.backgrounds.values())
    if sum(templates.unsimulated.values()) > UNSIMULATED_SHARE * inside:
        names = ", ".join(f"{name} ({weight:.2g})" for name, weight in templates.unsimulated.items())
        flags.append(f"no simulated event in the window, and events that one would stand for: {names}")
    return (*flags, *limit.flags)
