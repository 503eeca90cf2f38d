"""Plots of limits on τ → ℓα: on the ratio of branching fractions, and on the scale of the coupling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from darkbelle.fitting.lfv import FlavourPoint
from darkbelle.fitting.limit_results import Limits
from darkbelle.fitting.plots.limits import OBSERVED_LABELS, draw_band, finish, frame
from darkbelle.fitting.plots.style import BAND_COLOURS, OKABE_ITO, new_figure, stamp
from darkbelle.fitting.published_ratios import ARGUS, BELLE_II
from darkbelle.vectors import Column

__all__ = ["LEPTON_SYMBOLS", "plot_ratio_limit", "plot_scale_limit"]

LEPTON_SYMBOLS = {"e": "e", "mu": r"\mu"}
MASS_TITLE = r"$M_\alpha$ [GeV]"


def plot_ratio_limit(limits: Limits, final_state: str, unlimited: dict[float, float]) -> Figure:
    """Draw the upper limits on the ratio for one lepton, with those of ARGUS and Belle II at some masses.

    Parameters
    ----------
    limits
        Of all final states.
    final_state
        ``e`` or ``mu``.
    unlimited
        By mass in GeV, the median expected limit as it would be with simulation without end.
    """
    own = limits.of(final_state)
    figure, axes = new_figure(size=(8, 6.2))
    draw_band(axes, own.points, [place.mass for place in own.failed], OBSERVED_LABELS[limits.data])
    if unlimited:
        axes.plot(
            list(unlimited),
            list(unlimited.values()),
            ":",
            color=OKABE_ITO["blue"],
            linewidth=2,
            label="Median, without MC statistics",
        )
    others = []
    for name, points, marker, colour in (
        ("Belle II, observed", BELLE_II[final_state], "*", OKABE_ITO["purple"]),
        ("ARGUS, observed", ARGUS[final_state], "D", OKABE_ITO["vermilion"]),
    ):
        masses, ratios = np.array(points).T
        size = 13 if marker == "*" else 7
        axes.plot(masses, ratios, marker, color=colour, markersize=size, label=name, clip_on=False, zorder=5)
        others.append(ratios)
    frame(axes, own.points, MASS_TITLE, others=others)
    symbol = LEPTON_SYMBOLS[final_state]
    axes.set_ylabel(rf"$B(\tau\to {symbol}\,\alpha)\;/\;B(\tau\to {symbol}\,\nu\bar\nu)$")
    finish(axes, limits.confidence_level, limits.luminosity_fb)
    return figure


def plot_scale_limit(points: Sequence[FlavourPoint], confidence_level: float, luminosity_fb: float) -> Figure:
    """Draw the lower limits on the scale F of the coupling for both leptons."""
    figure, axes = new_figure(size=(8, 6.2))
    styles = {"e": ("-", BAND_COLOURS[0]), "mu": ("--", BAND_COLOURS[1])}
    every: list[Column] = []
    for state in dict.fromkeys(point.final_state for point in points):
        own = [point for point in points if point.final_state == state]
        mass = [point.mass for point in own]
        scales = np.array([point.expected_scale for point in own]).T
        line, colour = styles[state]
        name = rf"$\tau\to {LEPTON_SYMBOLS[state]}\alpha$"
        axes.fill_between(
            mass, scales[1], scales[3], color=colour, alpha=0.75, linewidth=0, label=rf"{name}, $\pm 1\sigma$"
        )
        axes.plot(mass, scales[2], line, color="black", label=f"{name}, expected median")
        every.append(scales[1:4])
    low, high = min(item.min() for item in every), max(item.max() for item in every)
    axes.set_yscale("log")
    axes.set_ylim(low / 2, high * (high / low) ** 0.5)
    axes.set_xlabel(MASS_TITLE)
    axes.set_ylabel(r"lower limit on $F = 2f/\sqrt{|C_V|^2+|C_A|^2}$ [GeV]")
    axes.legend(
        loc="upper right", title=f"{confidence_level:.0%} CL", title_fontsize=13, alignment="left", ncols=2
    )
    stamp(axes, luminosity_fb)
    return figure
