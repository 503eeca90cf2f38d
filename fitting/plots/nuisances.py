"""Plots of nuisance parameters: pulls beside impacts, and correlations."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from darkbelle.fitting.fast.model import Indices
from darkbelle.fitting.nuisances import Nuisance, Pulls
from darkbelle.fitting.plots.style import BAND_COLOURS, OKABE_ITO, new_figure, stamp, stamp_luminosity

__all__ = ["plot_correlations", "plot_pulls"]

SHOWN = 20  # parameters
_NAMED = 0.1  # a correlation that is written out


def plot_pulls(found: Pulls, luminosity_fb: float | None = None) -> Figure:
    """Draw pulls and impacts of the parameters with the largest impacts, the largest on top.

    Left the impacts, before the fit as frames and after it filled; right the pulls with the errors after
    the fit, beside one and two widths of the constraints.
    """
    shown = found.nuisances[:SHOWN]
    rows = np.arange(len(shown))[::-1]
    figure, (left, right) = new_figure(1, 2, size=(11, 2.2 + 0.34 * len(shown)), sharey=True)
    _impacts(left, shown, rows)
    left.set_xlabel(f"Impact on {found.poi}")
    left.set_yticks(rows, [item.name for item in shown], fontsize=11)
    left.set_ylim(-0.7, len(shown) + 1.6)
    left.legend(loc="upper center", ncols=2, fontsize=10.5, columnspacing=1.2, handlelength=1.4)
    _pulls(right, shown, rows)
    for axes in (left, right):
        axes.tick_params(axis="y", which="both", left=False, right=False)
    stamp(
        left, note="Simulation" if found.signal is None else f"Simulation, signal of {found.signal:g} put in"
    )
    right.set_title(" ", fontsize=17)
    if luminosity_fb is not None:
        stamp_luminosity(right, luminosity_fb)
    return figure


def plot_correlations(found: Pulls) -> Figure:
    """Draw the correlations of the signal and the parameters with the largest impacts, in per cent."""
    size = len(found.correlated)
    values = np.array(found.correlation) * 100
    figure, axes = new_figure(size=(3.4 + 0.42 * size, 2.6 + 0.42 * size))
    image = axes.imshow(values, cmap="RdBu_r", vmin=-100, vmax=100)
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        if abs(value) >= 100 * _NAMED:
            colour = "white" if abs(value) > 60 else "black"
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=9, color=colour)
    axes.set_xticks(
        range(size), found.correlated, rotation=55, ha="right", rotation_mode="anchor", fontsize=11
    )
    axes.set_yticks(range(size), found.correlated, fontsize=11)
    axes.tick_params(which="both", length=0)
    figure.colorbar(image, ax=axes, shrink=0.8, label="Correlation [%]")
    stamp(axes)
    return figure


def _impacts(axes: Axes, shown: tuple[Nuisance, ...], rows: Indices) -> None:
    sides = (
        ("up", OKABE_ITO["vermilion"], [(item.impact_up_before, item.impact_up) for item in shown]),
        ("down", OKABE_ITO["blue"], [(item.impact_down_before, item.impact_down) for item in shown]),
    )
    for side, colour, impacts in sides:
        before = [0.0 if wide is None else wide for wide, _ in impacts]
        after = [narrow for _, narrow in impacts]
        label = f"one deviation {side}"
        axes.barh(rows, before, height=0.72, facecolor="none", edgecolor=colour, label=f"{label}, before")
        axes.barh(rows, after, height=0.72, color=colour, alpha=0.65, linewidth=0, label=f"{label}, after")
    axes.axvline(0, color="black", linewidth=0.8)
    largest = max((abs(x) for item in shown for x in _all_impacts(item)), default=1.0) or 1.0
    axes.set_xlim(-1.1 * largest, 1.1 * largest)
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _all_impacts(item: Nuisance) -> tuple[float, ...]:
    found = (item.impact_up, item.impact_down, item.impact_up_before, item.impact_down_before)
    return tuple(value for value in found if value is not None)


def _pulls(axes: Axes, shown: tuple[Nuisance, ...], rows: Indices) -> None:
    for width, colour in ((2, BAND_COLOURS[1]), (1, BAND_COLOURS[0])):
        axes.axvspan(-width, width, color=colour, linewidth=0, zorder=0)
    axes.axvline(0, color="0.4", linewidth=0.8, linestyle="--")
    known = [
        (item.pull, row, item.constraint)
        for row, item in zip(rows, shown, strict=True)
        if item.pull is not None and item.constraint is not None
    ]
    axes.errorbar(
        [pull for pull, _, _ in known],
        [row for _, row, _ in known],
        xerr=[constraint for _, _, constraint in known],
        fmt="o",
        color="black",
        markersize=4.5,
        capsize=2.5,
    )
    for row, item in zip(rows, shown, strict=True):
        if item.pull is None:
            text = f"free: {item.value:.3g} ± {item.error:.2g}"
            axes.text(0, row, text, ha="center", va="center", fontsize=10.5)
    largest = max((abs(i.pull or 0.0) + (i.constraint or 0.0) for i in shown), default=0.0)
    reach = max(2.4, 1.1 * largest)
    axes.set_xlim(-reach, reach)
    axes.set_xlabel("Pull, in widths of the constraint")
