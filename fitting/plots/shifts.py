"""What systematic sources do to a measurement."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from matplotlib.figure import Figure

from darkbelle.fitting.measurements import Measurement
from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, stamp

__all__ = ["plot_shifts"]

LEAST_DRAWN = 1e-4  # MeV: where the logarithmic axis begins


def plot_shifts(
    measurement: Measurement,
    published: Mapping[str, float | None] | None = None,
    limited: Collection[str] = (),
) -> Figure:
    """Draw how far each systematic source moves the answer, the largest on top.

    Parameters
    ----------
    measurement
        In MeV.
    published
        What a publication of the same quantity has for a source, MeV; None where it gives no number.
    limited
        Sources whose shift is no more than the statistics of the simulation.
    """
    published = published or {}
    ordered = sorted(measurement.shifts.items(), key=lambda item: item[1].size)
    figure, axes = new_figure(size=(8, 2.2 + 0.36 * len(ordered)))
    place = np.arange(len(ordered))
    size = np.array([max(shift.size, LEAST_DRAWN) for _, shift in ordered])
    is_limited = np.array([name in limited for name, _ in ordered])
    for chosen, colour, label in (
        (~is_limited, OKABE_ITO["blue"], "shift"),
        (is_limited, OKABE_ITO["sky"], "shift within the simulation's statistics"),
    ):
        if chosen.any():
            axes.barh(place[chosen], size[chosen], height=0.7, color=colour, label=label, alpha=0.8)
    errors = [(shift.error, i) for i, (_, shift) in enumerate(ordered) if shift.error]
    known = [(published[name], i) for i, (name, _) in enumerate(ordered) if published.get(name)]
    for points, marker, colour, label in (
        (errors, "|", "black", "statistical error of the shift"),
        (known, "D", OKABE_ITO["vermilion"], "published"),
    ):
        if points:
            x, y = np.array(points, dtype=np.float64).T
            width = 12 if marker == "|" else 5
            axes.plot(x, y, marker, color=colour, ms=width, mew=1.5, ls="none", label=label)
    axes.axvline(
        measurement.stat_at, color="0.35", ls="--", lw=1.2, label="statistics at the full luminosity"
    )
    axes.set_xscale("log")
    axes.set_xlim(LEAST_DRAWN, 2.0 * max(size.max(), measurement.stat_at))
    axes.set_yticks(place, [name.replace("_", " ") for name, _ in ordered])
    axes.tick_params(axis="y", which="both", left=False, right=False)
    axes.set_xlabel(f"|shift of the answer| [{measurement.unit}]")
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.08 - 0.7 / len(ordered)), ncols=2, fontsize=10)
    stamp(axes, measurement.luminosity_fb, "Data" if measurement.data == "observed" else "Simulation")
    return figure
