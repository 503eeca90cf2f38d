"""The plot of how well signals are predicted from those of neighbouring masses."""

from __future__ import annotations

from typing import Final

from matplotlib.figure import Figure

from darkbelle.fitting.closure import Closure
from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, stamp

__all__ = ["plot_closure"]

TITLES: Final = {"limit": "Median limit", "efficiency": "Efficiency", "resolution": "Resolution"}
STYLES: Final = (("o", OKABE_ITO["blue"]), ("s", OKABE_ITO["vermilion"]), ("^", OKABE_ITO["green"]))


def plot_closure(closure: Closure) -> Figure:
    """Draw predicted over simulated − 1 against mass, for morphed signals: limit, efficiency, resolution.

    Final states, in channels that have several, stand beside each other.
    """
    figure, panels = new_figure(3, 1, size=(8, 8.4), sharex=True)
    found = closure.of("morphed")
    states = tuple(dict.fromkeys(item.final_state for item in found))
    for axes, (quantity, title) in zip(panels, TITLES.items(), strict=True):
        axes.axhline(0, color="0.4", linewidth=0.8, linestyle="--")
        for place, state in enumerate(states):
            own = [item for item in found if item.final_state == state]
            values = [100 * getattr(item, quantity) for item in own]
            errors = [100 * (item.statistics or 0.0) for item in own] if quantity == "efficiency" else None
            marker, colour = STYLES[place % len(STYLES)]
            masses = [item.mass + 0.01 * place for item in own]  # so that they do not hide each other
            axes.errorbar(
                masses, values, errors, fmt=marker, color=colour, markersize=5.5, capsize=2.5, label=state
            )
        largest = max((abs(100 * getattr(item, quantity)) for item in found), default=0.0)
        axes.text(0.02, 0.94, f"largest {largest:.1f} %", transform=axes.transAxes, va="top", fontsize=12)
        axes.set_ylim(-1.6 * max(largest, 1.0), 1.6 * max(largest, 1.0))
        axes.set_ylabel(f"{title} [%]")
    if states not in {(), (None,)}:
        panels[0].legend(loc="upper right", ncols=len(states))
    panels[-1].set_xlabel("Simulated mass, predicted from its neighbours [GeV]")
    panels[1].text(
        0.98, 0.06, "errors: simulated events", transform=panels[1].transAxes, ha="right", fontsize=11
    )
    stamp(panels[0], closure.luminosity_fb)
    return figure
