"""The plot of how well signals are predicted from those of neighbouring masses."""

from __future__ import annotations

from matplotlib.figure import Figure

from darkbelle.fitting.closure import Closure
from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, stamp

__all__ = ["plot_closure"]

TITLES = {"limit": "Median limit", "efficiency": "Efficiency", "resolution": "Resolution"}


def plot_closure(closure: Closure) -> Figure:
    """Draw predicted over simulated − 1 against mass, for morphed signals: limit, efficiency, resolution."""
    figure, panels = new_figure(3, 1, size=(8, 8.4), sharex=True)
    found = closure.of("morphed")
    masses = [item.mass for item in found]
    for axes, (quantity, title) in zip(panels, TITLES.items(), strict=True):
        values = [100 * getattr(item, quantity) for item in found]
        errors = [100 * (item.statistics or 0.0) for item in found] if quantity == "efficiency" else None
        axes.axhline(0, color="0.4", linewidth=0.8, linestyle="--")
        axes.errorbar(masses, values, errors, fmt="o", color=OKABE_ITO["blue"], markersize=5.5, capsize=2.5)
        largest = max(map(abs, values), default=0.0)
        axes.text(0.02, 0.94, f"largest {largest:.1f} %", transform=axes.transAxes, va="top", fontsize=12)
        axes.set_ylim(-1.6 * max(largest, 1.0), 1.6 * max(largest, 1.0))
        axes.set_ylabel(f"{title} [%]")
    panels[-1].set_xlabel("Simulated mass, predicted from its neighbours [GeV]")
    panels[1].text(
        0.98, 0.06, "errors: simulated events", transform=panels[1].transAxes, ha="right", fontsize=11
    )
    stamp(panels[0], closure.luminosity_fb)
    return figure
