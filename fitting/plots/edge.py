"""Plots of a mass measured by an edge: the spectrum with its fit, the bias, and the systematic shifts."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from darkbelle.fitting.edge import edge_shape
from darkbelle.fitting.measurements import Measurement
from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, stamp
from darkbelle.fitting.tau_edge import MEV, REFERENCE, Bias
from darkbelle.fitting.tau_systematics import PUBLISHED, limited_by_simulation
from darkbelle.vectors import Column

__all__ = ["plot_bias", "plot_edge", "plot_shifts"]

DRAWN_BINS = 75
LEAST_DRAWN = 1e-4  # MeV: where the logarithmic axis of the shifts begins


def plot_edge(edges: Column, counts: Column, measurement: Measurement) -> Figure:
    """Draw the fitted spectrum in 2 MeV bins with its edge function, and the pulls below."""
    figure, (axes, below) = new_figure(
        2, 1, size=(8, 7), sharex=True, gridspec_kw={"height_ratios": [3, 1], "hspace": 0.02}
    )
    group = len(counts) // DRAWN_BINS
    coarse, drawn = edges[::group], counts.reshape(DRAWN_BINS, group).sum(axis=1)
    centre = (coarse[1:] + coarse[:-1]) / 2
    shape = edge_shape("arctan")
    free = np.array([measurement.details["edge"]["values"][name] for name in shape.parameters])
    integral = shape.integral(coarse, free)
    expected = np.diff(integral) / (integral[-1] - integral[0]) * counts.sum()
    fine = shape.density(edges, free) / (integral[-1] - integral[0]) * counts.sum() * (coarse[1] - coarse[0])
    label = "Data" if measurement.data == "observed" else "Pseudo-data"
    axes.errorbar(centre, drawn, np.sqrt(np.maximum(drawn, 1)), fmt="o", color="black", ms=4, label=label)
    axes.plot(edges, fine, color=OKABE_ITO["blue"], label="Fitted edge function")
    axes.axvline(
        free[0], color=OKABE_ITO["vermilion"], linestyle="--", linewidth=1.2, label="$P_1$, the fitted edge"
    )
    axes.set_ylabel(f"Entries / ({1e3 * (coarse[1] - coarse[0]):.3g} MeV)")
    axes.set_ylim(0, 1.25 * drawn.max())
    axes.set_xlim(edges[0], edges[-1])
    axes.legend()
    stamp(axes, measurement.luminosity_fb, "Data" if measurement.data == "observed" else "Simulation")
    below.bar(centre, (drawn - expected) / np.sqrt(expected), width=np.diff(coarse), color="0.6")
    below.set_ylim(-4, 4)
    below.set_ylabel("pull")
    below.set_xlabel(r"$M_\mathrm{min}$ [GeV]")
    return figure


def plot_bias(bias: Bias) -> Figure:
    """Draw the bias of the edge against the simulated mass, with the line through it and its error."""
    figure, axes = new_figure(size=(8, 5))
    mass = np.array([point.mass for point in bias.points])
    axes.errorbar(
        mass * MEV,
        [point.bias * MEV for point in bias.points],
        [point.error * MEV for point in bias.points],
        fmt="o",
        color="black",
        label="simulated samples",
    )
    along = np.linspace(mass.min() - 1e-3, mass.max() + 1e-3, 100)
    line = (bias.offset + bias.slope * (along - REFERENCE)) * MEV
    error = np.array([bias.error_at(float(m)) for m in along]) * MEV
    axes.plot(along * MEV, line, color=OKABE_ITO["blue"], label="straight line")
    axes.fill_between(along * MEV, line - error, line + error, color=OKABE_ITO["sky"], alpha=0.4, linewidth=0)
    axes.set_xlabel(r"simulated $m_\tau$ [MeV]")
    axes.set_ylabel(r"$P_1 - m_\tau$ [MeV]")
    axes.legend()
    stamp(axes)
    return figure


def plot_shifts(measurement: Measurement) -> Figure:
    """Draw how far each systematic source moves the answer, the largest on top, beside what was published."""
    ordered = sorted(measurement.shifts.items(), key=lambda item: item[1].size)
    figure, axes = new_figure(size=(8, 2.2 + 0.36 * len(ordered)))
    place = np.arange(len(ordered))
    size = np.array([max(shift.size, LEAST_DRAWN) for _, shift in ordered])
    limited = np.array([limited_by_simulation(shift) for _, shift in ordered])
    for chosen, colour, label in (
        (~limited, OKABE_ITO["blue"], "shift"),
        (limited, OKABE_ITO["sky"], "shift within the simulation's statistics"),
    ):
        axes.barh(place[chosen], size[chosen], height=0.7, color=colour, label=label, alpha=0.8)
    errors = [(shift.error, i) for i, (_, shift) in enumerate(ordered) if shift.error]
    published = [(PUBLISHED[name], i) for i, (name, _) in enumerate(ordered) if PUBLISHED.get(name)]
    for points, marker, colour, label in (
        (errors, "|", "black", "statistical error of the shift"),
        (published, "D", OKABE_ITO["vermilion"], "published"),
    ):
        x, y = np.array(points, dtype=np.float64).reshape(-1, 2).T
        axes.plot(x, y, marker, color=colour, ms=12 if marker == "|" else 5, mew=1.5, ls="none", label=label)
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
