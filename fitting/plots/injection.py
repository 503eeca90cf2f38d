"""The plot of signals that were put in and found again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, stamp
from darkbelle.fitting.studies.injection import Injected, RunInjection

__all__ = ["plot_injection"]

STYLES: Final = (("o", OKABE_ITO["blue"]), ("s", OKABE_ITO["vermilion"]), ("^", OKABE_ITO["green"]))
APART: Final = 0.012  # of the range of masses, so that final states do not hide each other


def plot_injection(found: RunInjection) -> Figure:
    """Draw against mass what was found of what was put in, pulls, and coverage.

    Above the mean of the experiments over the truth; then mean pulls as points with their error, and their
    widths as hollow points; below the share of upper limits that lie above the truth.
    """
    figure, panels = new_figure(3, 1, size=(8, 9.2), sharex=True)
    states = tuple(dict.fromkeys(item.final_state for item in found.points))
    masses = [item.mass for item in found.points]
    apart = APART * ((max(masses) - min(masses)) or 1.0)
    for place, state in enumerate(states):
        own = [item for item in found.points if item.final_state == state]
        marker, colour = STYLES[place % len(STYLES)]
        style: dict[str, Any] = {"fmt": marker, "color": colour, "markersize": 5.5, "capsize": 2.5}
        _draw(panels, [item.mass + place * apart for item in own], own, found.toys, style, state)
    for axes, truth in zip(panels, (1.0, 0.0, found.confidence_level), strict=True):
        axes.axhline(truth, color="0.4", linewidth=0.8, linestyle="--", zorder=0)
    panels[1].axhline(1.0, color="0.4", linewidth=0.8, linestyle="--", zorder=0)
    panels[0].set_ylabel("Found / put in")
    panels[1].set_ylabel("Pulls")
    panels[1].set_ylim(-0.4, 1.6)
    panels[1].text(0.02, 0.93, "hollow: widths", transform=panels[1].transAxes, va="top", fontsize=12)
    panels[2].set_ylabel("Coverage of limits")
    panels[2].set_xlabel("Mass hypothesis [GeV]")
    _make_room(panels[0])
    if states not in {(), (None,)}:
        panels[0].legend(loc="upper right", ncols=len(states))
    panels[0].text(
        0.02,
        0.93,
        f"{found.times:g} times the expected limit, {found.toys} experiments",
        transform=panels[0].transAxes,
        va="top",
        fontsize=12,
    )
    stamp(panels[0], found.luminosity_fb)
    return figure


def _draw(
    panels: Sequence[Axes],
    masses: Sequence[float],
    own: Sequence[Injected],
    toys: int,
    style: dict[str, Any],
    label: str | None,
) -> None:
    """Draw one final state into the three panels."""
    ratios, pulls, coverage = panels
    ratios.errorbar(
        masses,
        [item.mean / item.strength for item in own],
        [item.mean_error / item.strength for item in own],
        **style,
        label=label,
    )
    pulls.errorbar(masses, [item.pull_mean for item in own], 1 / math.sqrt(toys), **style)
    widths = {**style, "mfc": "white"}
    pulls.errorbar(masses, [item.pull_width for item in own], 1 / math.sqrt(2 * toys), **widths)
    shares = [item.limit_covers for item in own]
    coverage.errorbar(masses, [share.value for share in shares], [share.error for share in shares], **style)


def _make_room(axes: Axes) -> None:
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.35 * (high - low))
