"""Plots of a mass measured by an edge: the spectrum with its fit, and the bias."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from darkbelle.fitting.edge import edge_shape
from darkbelle.fitting.measurements import Measurement
from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, stamp
from darkbelle.fitting.tau_edge import MEV, REFERENCE, Bias
from darkbelle.vectors import Column

__all__ = ["plot_bias", "plot_edge"]

DRAWN_BINS = 75


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
