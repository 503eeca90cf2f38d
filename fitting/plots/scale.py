"""Plots of the momentum scale: peaks with their fits, offsets against cosθ, and the factors."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.figure import Figure

from darkbelle.fitting.plots.style import OKABE_ITO, axis_title, entries_title, new_figure, stamp
from darkbelle.fitting.scale.inputs import MEV, PEAKS, ScaleInputs
from darkbelle.fitting.scale.result import Scale

__all__ = ["plot_factors", "plot_offsets", "plot_peaks"]

# by region: the peak, its decay, and whose cosθ it is drawn against
NAMES: Final = {
    "d_star": ("D^0", r"$D^0 \to K^-\pi^+$", "K"),
    "d_plus": ("D^+", r"$D^+ \to K^-\pi^+\pi^+$", "K"),
    "k_short": ("K_S", r"$K_S \to \pi^+\pi^-$", r"\pi^+"),
    "jpsi": (r"J/\psi", r"$J/\psi \to \mu^+\mu^-$", r"\mu^+"),
}
SIDE: Final = 0.12  # of a bin: points before and after stand beside one another


def plot_offsets(scale: Scale) -> Figure:
    """Draw M − M(PDG) against cosθ for each peak, before and after the factors."""
    shown = list(scale.checks.values())
    figure, grid = new_figure(2, 2, size=(11, 8), squeeze=False)
    for axes, check in zip(grid.flat, shown, strict=False):
        centre = (check.cos_theta[1:] + check.cos_theta[:-1]) / 2
        half = np.diff(check.cos_theta) / 2
        axes.axhline(0, color="0.5", linewidth=1)
        for label, colour, marker, values, errors, side in (
            ("before", OKABE_ITO["vermilion"], "o", check.before, check.before_error, -SIDE),
            ("after", OKABE_ITO["blue"], "s", check.after, check.after_error, +SIDE),
        ):
            axes.errorbar(
                centre + side * half, values, errors, half, fmt=marker, color=colour, ms=4, label=label
            )
        particle, decay, daughter = NAMES[check.region]
        axes.set_xlabel(rf"$\cos\theta_{{{daughter}}}$")
        axes.set_ylabel(rf"$M({particle}) - M_\mathrm{{PDG}}$ [MeV]")
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + 0.35 * (high - low))
        axes.legend(title=decay, ncols=2, loc="upper right")
        stamp(axes, note=_note(scale))
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    return figure


def plot_peaks(inputs: ScaleInputs, scale: Scale) -> Figure:
    """Draw each peak in all bins together, with its fit."""
    shown = list(scale.checks.values())
    figure, grid = new_figure(2, 2, size=(11, 8), squeeze=False)
    for axes, check in zip(grid.flat, shown, strict=False):
        observable = PEAKS[check.region].observable
        edges, counts = inputs.mass_edges(check.region), inputs.of(check.region, observable).sum(axis=0)
        peak, background = check.whole.expected(edges)
        centre = (edges[1:] + edges[:-1]) / 2
        label = "Data" if scale.data == "observed" else "Simulation"
        error = np.sqrt(np.maximum(counts, 1))
        axes.errorbar(centre, counts, error, fmt="o", color="black", ms=3, label=label)
        axes.plot(centre, peak + background, color=OKABE_ITO["blue"], label="fit")
        axes.plot(centre, background, color=OKABE_ITO["orange"], linestyle="--", label="background")
        axes.axvline(PEAKS[check.region].mass, color="0.4", linestyle=":", linewidth=1.2, label="PDG")
        axis = inputs.channel.axes[inputs.channel.observables[observable].axes[1]]
        axes.set_xlabel(axis_title(axis))
        axes.set_ylabel(entries_title(axis, edges[1] - edges[0]))
        axes.set_ylim(0, 1.15 * counts.max())
        axes.legend()
        stamp(axes, note=_note(scale))
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    return figure


def plot_factors(scale: Scale) -> Figure:
    """Draw the biases of the scale against cosθ for either charge."""
    figure, axes = new_figure(size=(8, 5))
    bias = scale.bias
    centre, half = (bias.cos_theta[1:] + bias.cos_theta[:-1]) / 2, np.diff(bias.cos_theta) / 2
    axes.axhline(0, color="0.5", linewidth=1)
    for label, colour, marker, part, side in (
        ("negative tracks", OKABE_ITO["blue"], "o", slice(None, len(centre)), -SIDE),
        ("positive tracks", OKABE_ITO["vermilion"], "s", slice(len(centre), None), +SIDE),
    ):
        axes.errorbar(
            centre + side * half,
            bias.values[part] * MEV,
            bias.errors[part] * MEV,
            half,
            fmt=marker,
            color=colour,
            ms=5,
            label=label,
        )
    axes.set_xlabel(r"$\cos\theta$")
    axes.set_ylabel(r"bias of the momentum [$10^{-3}$]")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.25 * (high - low))  # room for the legend
    axes.legend(ncols=2, loc="upper right")
    stamp(axes, note=_note(scale))
    return figure


def _note(scale: Scale) -> str:
    return "Data" if scale.data == "observed" else "Simulation"
