"""Plots against luminosity: expected limits, what limits them, and uncertainties of a measurement."""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from darkbelle.fitting.measured_projection import MeasuredProjection
from darkbelle.fitting.plots.style import OKABE_ITO, SIGNAL_COLOURS, choose, new_figure, stamp
from darkbelle.fitting.projection import POLICIES, Projection
from darkbelle.fitting.templates import Place

__all__ = ["plot_measured_projection", "plot_projection", "plot_sources"]

LINES = {"kept": "-", "scaled": "--", "none": ":"}
WORDS = {"kept": "systematics kept", "scaled": "scaled with statistics", "none": "no systematics"}
MASSES = 4  # drawn
SOURCES = 7  # drawn, the most limiting ones


def plot_projection(found: Projection) -> Figure:
    """Draw median expected limits against luminosity, at some masses, with each assumption."""
    figure, axes = new_figure(size=(8, 6.2))
    luminosities = _luminosities(found)
    masses = choose(sorted({item.mass for item in found.limits}), MASSES)
    for mass, colour in zip(masses, cycle(SIGNAL_COLOURS), strict=False):
        for policy in POLICIES:
            medians = [found.medians(mass, value).get(policy, np.nan) for value in luminosities]
            axes.plot(luminosities, medians, LINES[policy], color=colour, marker="o", markersize=4)
    masses_shown = [
        axes.plot([], [], color=colour, label=str(Place(mass, found.final_state)))[0]
        for mass, colour in zip(masses, cycle(SIGNAL_COLOURS), strict=False)
    ]
    policies = [axes.plot([], [], LINES[p], color="black", label=WORDS[p])[0] for p in POLICIES]
    _luminosity_axis(axes)
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.3)  # room for the legends
    axes.add_artist(axes.legend(handles=masses_shown, loc="upper right"))
    axes.legend(handles=policies, loc="upper left")
    unit = "" if found.unit == "1" else f" [{found.unit}]"
    axes.set_ylabel(f"Median expected {found.confidence_level:.0%} CL limit{unit}")
    stamp(axes)
    return figure


def plot_sources(found: Projection, mass: float) -> Figure:
    """Draw by how much the limit at a mass is worse if one source is kept and all others are scaled."""
    figure, axes = new_figure(size=(8, 6.2))
    luminosities = _luminosities(found)
    worse = {
        source: [
            100 * (at.get(source, np.nan) / at.get("scaled", np.nan) - 1)
            for at in (found.medians(mass, value) for value in luminosities)
        ]
        for source in found.sources
    }
    largest = sorted(worse, key=lambda source: -np.nan_to_num(max(worse[source])))[:SOURCES]
    for source, colour, marker in zip(largest, cycle(OKABE_ITO.values()), cycle("os^Dv"), strict=False):
        axes.plot(luminosities, worse[source], color=colour, marker=marker, markersize=5, label=source)
    _luminosity_axis(axes)
    axes.set_yscale("symlog", linthresh=1.0)
    axes.set_ylim(0, 100 * (1 + np.nanmax([*worse.values(), [1.0] * len(luminosities)])))
    axes.set_ylabel("Limit worse than with all scaled [%]")
    axes.legend(loc="upper left", ncols=2, title=f"kept, {Place(mass, found.final_state)}", alignment="left")
    stamp(axes)
    return figure


def plot_measured_projection(found: MeasuredProjection) -> Figure:
    """Draw the uncertainties of a measurement against luminosity."""
    figure, axes = new_figure(size=(8, 6.2))
    luminosities = [item.luminosity_fb for item in found.errors]
    curves = {
        "statistics": ([item.stat for item in found.errors], ":", "black"),
        "systematics, kept": ([item.syst_kept for item in found.errors], "--", OKABE_ITO["vermilion"]),
        "total, systematics kept": ([i.total_kept for i in found.errors], "-", OKABE_ITO["vermilion"]),
        "total, scaled with statistics": ([i.total_scaled for i in found.errors], "-", OKABE_ITO["blue"]),
    }
    for label, (values, line, colour) in curves.items():
        axes.plot(luminosities, values, line, color=colour, marker="o", markersize=4, label=label)
    _luminosity_axis(axes)
    axes.set_yscale("log")
    axes.set_ylabel(f"Uncertainty of {found.parameter.replace('_', ' ')} [{found.unit}]")
    axes.legend(loc="best")
    stamp(axes)
    return figure


def _luminosities(found: Projection) -> list[float]:
    return sorted({item.luminosity_fb for item in found.limits})


def _luminosity_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_xlabel("Integrated luminosity [fb$^{-1}$]")
