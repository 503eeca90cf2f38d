"""The plot of how well signals are predicted from those of neighbouring masses."""

from __future__ import annotations

from matplotlib.figure import Figure

from darkbelle.fitting.closure import METHODS, Closure
from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, stamp

__all__ = ["plot_closure"]

LOOKS = {"morphed": ("o", OKABE_ITO["blue"]), "vertical": ("s", OKABE_ITO["orange"])}
RANGE = 25.0  # per cent; what is beyond is drawn at the edge as an arrow


def plot_closure(closure: Closure) -> Figure:
    """Draw predicted over simulated − 1 against mass: limit, efficiency and resolution."""
    figure, panels = new_figure(3, 1, size=(8, 8.4), sharex=True)
    titles = {"limit": "Median limit", "efficiency": "Efficiency", "resolution": "Resolution"}
    for axes, (quantity, title) in zip(panels, titles.items(), strict=True):
        axes.axhline(0, color="0.4", linewidth=0.8, linestyle="--")
        for method in METHODS:
            found = closure.of(method)
            values = [100 * getattr(item, quantity) for item in found]
            errors = [100 * (item.statistics or 0.0) if quantity == "efficiency" else 0.0 for item in found]
            marker, colour = LOOKS[method]
            axes.errorbar(
                [item.mass for item in found],
                [min(max(value, -RANGE), RANGE) for value in values],
                errors,
                fmt=marker,
                color=colour,
                markersize=5.5,
                markerfacecolor=colour if method == "morphed" else "white",
                label=f"{method}, largest {max(map(abs, values), default=0):.2g} %",
                zorder=3 if method == "morphed" else 2,
            )
            for item, value in zip(found, values, strict=True):
                if abs(value) > RANGE:
                    side = RANGE if value > 0 else -RANGE
                    axes.annotate(
                        f"{value:.0f}",
                        (item.mass, side),
                        (6, 0),
                        textcoords="offset points",
                        fontsize=10,
                        color=colour,
                        va="center",
                    )
        axes.set_ylim(-1.2 * RANGE, 1.75 * RANGE)
        axes.set_ylabel(f"{title} [%]")
        axes.legend(loc="upper left", ncols=2)
    panels[-1].set_xlabel("Simulated mass, predicted from its neighbours [GeV]")
    stamp(panels[0], closure.luminosity_fb)
    return figure
