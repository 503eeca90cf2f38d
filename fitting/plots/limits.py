"""Plots of upper limits against mass, on the cross section and on the coupling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from darkbelle.fitting.couplings import Model
from darkbelle.fitting.interpretation import Interpretation, magnetic_moment_band
from darkbelle.fitting.limit_results import Limits
from darkbelle.fitting.plots.style import BAND_COLOURS, OKABE_ITO, new_figure, stamp
from darkbelle.vectors import Column

__all__ = [
    "OBSERVED_LABELS",
    "Curve",
    "draw_band",
    "finish",
    "frame",
    "plot_coupling_limit",
    "plot_limit",
]

OBSERVED_LABELS = {"pseudo": "Pseudo-data", "asimov": "Asimov data", "observed": "Observed"}
MODEL_TITLES = {
    "vanilla": r"$L_\mu - L_\tau$, $Z' \to \nu\bar\nu$",
    "fully_invisible": r"$L_\mu - L_\tau$, $\mathcal{B}(Z' \to$ invisible$)=1$",
}


class Curve(NamedTuple):
    """A limit of others to draw over ours: g′ against mass in GeV, for a model."""

    label: str
    model: Model
    mass: Column
    coupling: Column


def plot_limit(limits: Limits) -> Figure:
    """Draw the upper limits on the cross section; masses without one interrupt the band.

    Markers are where signals were simulated; between them they are interpolated, if at all.
    """
    figure, axes = new_figure(size=(8, 6.2))
    draw_band(axes, limits.points, tuple(place.mass for place in limits.failed), OBSERVED_LABELS[limits.data])
    frame(axes, limits.points)
    axes.set_ylabel(rf"$\sigma(e^+e^-\to\mu^+\mu^-Z')\;\mathcal{{B}}(Z'\to$ invisible$)$ [{limits.unit}]")
    finish(axes, limits.confidence_level, limits.luminosity_fb)
    return figure


def plot_coupling_limit(
    interpretation: Interpretation, overlay: Curve | None = None, without: Sequence[float] = ()
) -> Figure:
    """Draw the upper limits on g′, with the band that explains the muon's magnetic moment.

    Masses ``without`` a limit, GeV, interrupt the band.
    """
    figure, axes = new_figure(size=(8, 6.2))
    points = interpretation.points
    draw_band(axes, points, without, OBSERVED_LABELS[interpretation.data])
    masses = np.linspace(points[0].mass, points[-1].mass, 200)
    low, high = magnetic_moment_band(masses)
    red = OKABE_ITO["vermilion"]
    axes.fill_between(
        masses, low, high, color=red, alpha=0.35, linewidth=0, zorder=0.5, label=r"$(g-2)_\mu \pm 2\sigma$"
    )
    for edge in (low, high):
        axes.plot(masses, edge, color=red, linewidth=1)
    others: list[Column] = [low, high]
    if overlay is not None:
        inside = (overlay.mass >= points[0].mass) & (overlay.mass <= points[-1].mass)
        axes.plot(overlay.mass, overlay.coupling, color=OKABE_ITO["blue"], linewidth=2, label=overlay.label)
        others.append(overlay.coupling[inside])
    frame(axes, points, others=others)
    axes.set_ylabel("$g'$")
    axes.text(
        0.97, 0.05, MODEL_TITLES[interpretation.model], transform=axes.transAxes, ha="right", fontsize=14
    )
    finish(axes, interpretation.confidence_level, interpretation.luminosity_fb)
    return figure


def draw_band(axes: Axes, points: Sequence[Any], without: Sequence[float], label: str) -> None:
    """Draw limits against mass: the expected band and what is observed; NaN at masses ``without`` one."""
    rows = [
        (p.mass, p.observed, *p.expected, bool(p.flags), p.interpolated_between is not None) for p in points
    ]
    rows += [(mass, *[np.nan] * 6, False, False) for mass in without]  # NaN: no line across what is not known
    columns = np.array(sorted(rows, key=lambda r: r[0])).T
    mass, observed, low2, low1, median, high1, high2, flags, interpolated = columns
    axes.fill_between(
        mass, low2, high2, facecolor=BAND_COLOURS[1], linewidth=0, label=r"Expected $\pm 2\sigma$"
    )
    axes.fill_between(
        mass, low1, high1, facecolor=BAND_COLOURS[0], linewidth=0, label=r"Expected $\pm 1\sigma$"
    )
    axes.plot(mass, median, "--", color="black", linewidth=1.5, label="Expected, median")
    axes.plot(
        mass,
        observed,
        "-",
        color="black",
        linewidth=1.3,
        marker="o",
        markersize=4.5,
        markevery=np.flatnonzero(~interpolated.astype(bool)),
        label=label,
    )
    flagged = flags.astype(bool)
    if flagged.any():
        axes.plot(
            mass[flagged],
            observed[flagged],
            "o",
            markersize=4.5,
            markerfacecolor="white",
            markeredgecolor="black",
            label="with a remark",
            zorder=5,
        )


def frame(
    axes: Axes, points: Sequence[Any], mass_title: str = "$M_{Z'}$ [GeV]", others: Sequence[Column] = ()
) -> None:
    """Set the ranges: everything in, and room above for the legend."""
    values = np.concatenate(
        [[*point.expected, point.observed] for point in points] + [np.ravel(o) for o in others]
    )
    values = values[values > 0]
    axes.set_yscale("log")
    low, high = values.min() / 2, values.max() * 1.5
    axes.set_ylim(low, high * (high / low) ** 0.4)
    edge = 0.02 * (points[-1].mass - points[0].mass) if len(points) > 1 else 0.5
    axes.set_xlim(points[0].mass - edge, points[-1].mass + edge)
    axes.set_xlabel(mass_title)


def finish(axes: Axes, confidence_level: float, luminosity_fb: float) -> None:
    """Draw the legend, and whose plot it is."""
    handles, labels = axes.get_legend_handles_labels()
    title = f"{confidence_level:.0%} CL upper limits (CL$_\\mathrm{{s}}$)"
    axes.legend(handles, labels, loc="upper left", ncols=2, title=title, title_fontsize=13, alignment="left")
    stamp(axes, luminosity_fb)
