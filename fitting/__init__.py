"""From the histograms of a run to limits on cross sections and couplings, and to plots.

The order in which a run goes through it::

    spectra        histograms by process, scaled to the luminosity
    resolution     how wide the signal's peak is
    binning        the bins of each mass hypothesis
    templates      the fit of a mass hypothesis as arrays
    morphing       histograms between simulated points
    signals        signals between simulated masses, by it
    closure        how well these are known: closure.json
    workspaces     the same as a pyhf workspace, by cabinetry: the interface to all engines
    run_workspaces these of a run, in files
    engines        upper limits from workspaces: pyhf, fast, and toys by the latter
    asymptotics    CLs and its expected bands, for any engine
    sources        workspaces from dictionaries and files
    patchsets      many hypotheses on one background
    hs3            workspaces for RooFit and others
    preflight      what is wrong with a workspace before it is fitted
    solving        limits of any workspaces, of a run or not
    run_limits     limits.json; limit_points makes its entries, limit_results reads them
    nuisances      pulls, impacts and correlations of any workspace
    run_pulls      pulls.json
    projection     expected limits at other luminosities; measured_projection for measurements
    crosscheck     some of these again by another engine
    validation     the fast engine beside pyhf, on hundreds of workspaces
    couplings      widths, branching fractions and magnetic moment of the Z′
    interpretation limits on the coupling
    studies        limits, intervals of Feldman and Cousins, coverage, global significances, by toys
    plots          all of it drawn

Four functions do a step each, on a run folder: `build_workspaces`, `compute_limits`, `interpret` and
`make_plots`; `limits`, `pulls`, `unified_interval`, `coverage_study`, `plain_scan` and
`scan_significance` take any pyhf workspaces. They are imported when asked for, since pyhf,
cabinetry and matplotlib take seconds.

>>> from darkbelle.fitting import engine_names
>>> "pyhf" in engine_names()
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from darkbelle.fitting.engines import engine_names
    from darkbelle.fitting.interpretation import MODELS, Interpretation, interpret, read_interpretation
    from darkbelle.fitting.limit_results import LimitPoint, Limits, read_limits
    from darkbelle.fitting.nuisances import Pulls, pulls
    from darkbelle.fitting.patchsets import patched
    from darkbelle.fitting.plots import PlotFile, make_plots
    from darkbelle.fitting.run_limits import compute_limits
    from darkbelle.fitting.run_pulls import compute_pulls
    from darkbelle.fitting.run_workspaces import build_workspaces
    from darkbelle.fitting.solving import WorkspaceLimits, limits
    from darkbelle.fitting.studies.coverage import coverage_study
    from darkbelle.fitting.studies.injection import compute_injection
    from darkbelle.fitting.studies.runs import compute_intervals, compute_significance
    from darkbelle.fitting.studies.significance import plain_scan, scan_significance
    from darkbelle.fitting.studies.unified import unified_interval

__all__ = [
    "MODELS",
    "Interpretation",
    "LimitPoint",
    "Limits",
    "PlotFile",
    "Pulls",
    "WorkspaceLimits",
    "build_workspaces",
    "compute_injection",
    "compute_intervals",
    "compute_limits",
    "compute_pulls",
    "compute_significance",
    "coverage_study",
    "engine_names",
    "interpret",
    "limits",
    "make_plots",
    "patched",
    "plain_scan",
    "pulls",
    "read_interpretation",
    "read_limits",
    "scan_significance",
    "unified_interval",
]

_HOMES = {
    "MODELS": "interpretation",
    "Interpretation": "interpretation",
    "LimitPoint": "limit_results",
    "Limits": "limit_results",
    "PlotFile": "plots",
    "Pulls": "nuisances",
    "WorkspaceLimits": "solving",
    "build_workspaces": "run_workspaces",
    "compute_injection": "studies.injection",
    "compute_intervals": "studies.runs",
    "compute_limits": "run_limits",
    "compute_pulls": "run_pulls",
    "compute_significance": "studies.runs",
    "coverage_study": "studies.coverage",
    "engine_names": "engines",
    "interpret": "interpretation",
    "limits": "solving",
    "make_plots": "plots",
    "patched": "patchsets",
    "pulls": "nuisances",
    "plain_scan": "studies.significance",
    "read_interpretation": "interpretation",
    "read_limits": "limit_results",
    "scan_significance": "studies.significance",
    "unified_interval": "studies.unified",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
