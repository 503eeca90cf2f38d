"""The resolution of the recoil against mass: a table and a plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from darkbelle.errors import FitError
from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, stamp
from darkbelle.fitting.resolution import core_resolution
from darkbelle.fitting.templates import FitInputs

__all__ = ["ResolutionPoint", "plot_resolution", "resolution_table"]


class ResolutionPoint(NamedTuple):
    """Half the shortest interval with 68.3 % of the core: of M² in GeV², and of M = σ(M²)/2M in GeV.

    The latter is NaN where the mass is lost in the resolution, σ(M²) > M².
    """

    mass: float
    m2: float
    m: float


def resolution_table(inputs: FitInputs) -> list[ResolutionPoint]:
    """Return the measured resolution of each simulated mass; those without events are left out."""
    axis = inputs.axis
    points = []
    for mass, spectra in inputs.signals.items():
        try:
            m2 = core_resolution(spectra.nominal.values.sum(axis=1), axis.edges)
        except FitError:
            continue
        points.append(ResolutionPoint(mass, m2, m2 / (2 * mass) if m2 < mass**2 else math.nan))
    return points


def plot_resolution(points: Sequence[ResolutionPoint]) -> Figure:
    """Draw the resolution of the recoil mass squared and of the recoil mass against mass."""
    figure, (upper, lower) = new_figure(2, 1, (8, 7.4), sharex=True)
    masses = [point.mass for point in points]
    upper.plot(masses, [point.m2 for point in points], "o-", color=OKABE_ITO["blue"])
    lower.plot(masses, [1000 * point.m for point in points], "s-", color=OKABE_ITO["vermilion"])
    upper.set_ylabel(r"$\sigma(M^2_\mathrm{recoil})$ [GeV$^2$]")
    lower.set_ylabel(r"$\sigma(M_\mathrm{recoil})$ [MeV]")
    lower.set_xlabel("$M_{Z'}$ [GeV]")
    upper.set_ylim(0, None)
    lower.set_yscale("log")
    for axes in (upper, lower):
        axes.grid(color="0.92", linewidth=0.8)
        axes.set_axisbelow(True)
    figure.align_ylabels()
    stamp(upper)
    return figure
