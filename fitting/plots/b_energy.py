"""Plots of √s from B mesons: spectra with their fits, biases of the estimator, and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from darkbelle.fitting.b_energy.combination import Combination
from darkbelle.fitting.measurements import Measurement
from darkbelle.fitting.plots.style import OKABE_ITO, new_figure, stamp
from darkbelle.vectors import Column

__all__ = ["plot_biases", "plot_decays", "plot_energies"]

MEV: Final = 1e3
NAMES: Final = {
    "d_zero_pi": r"$B^+ \to \overline{D}{}^0\pi^+$",
    "d_pi": r"$B^0 \to D^-\pi^+$",
    "jpsi_k": r"$B^+ \to J/\psi\,K^+$",
}
COLOURS: Final = dict(zip(NAMES, ("blue", "vermilion", "green"), strict=True))


def plot_energies(found: Combination, counts: Mapping[str, Column], measurement: Measurement) -> Figure:
    """Draw each decay's energies with the fit, and half of √s."""
    observed = measurement.data == "observed"
    figure, grid = new_figure(1, len(found.fits), size=(6.2 * len(found.fits), 5), squeeze=False)
    for axes, (region, fit) in zip(grid.flat, found.fits.items(), strict=True):
        edges, values = found.estimators[region].inputs.edges, counts[region]
        peak, background = fit.expected(edges)
        centre = (edges[1:] + edges[:-1]) / 2 * MEV
        label = "Data" if observed else "Pseudo-data"
        error = np.sqrt(np.maximum(values, 1))
        axes.errorbar(centre, values, error, fmt="o", color="black", ms=3, label=label)
        axes.plot(centre, peak + background, color=OKABE_ITO["blue"], label="fit")
        axes.plot(centre, background, color=OKABE_ITO["orange"], linestyle="--", label="background")
        half = measurement.value / 2
        axes.axvline(half, color="0.4", linestyle=":", linewidth=1.4, label=r"$\sqrt{s}/2$")
        axes.set_xlabel(r"$E^*_B$ [MeV]")
        axes.set_ylabel(f"Entries / ({MEV * (edges[1] - edges[0]):.2g} MeV)")
        axes.set_ylim(0, 1.25 * max(values.max(), 1))
        axes.legend(title=NAMES[region], loc="upper right")
        stamp(axes, measurement.luminosity_fb, "Data" if observed else "Simulation")
    return figure


def plot_biases(found: Combination) -> Figure:
    """Draw the bias of each decay against the simulated energy, with the parabola through it."""
    figure, axes = new_figure(size=(8, 5))
    for region, estimator in found.estimators.items():
        bias, colour = estimator.calibration, OKABE_ITO[COLOURS[region]]
        energy = np.array([point.value for point in bias.points])
        axes.errorbar(
            energy * MEV,
            [point.bias * MEV for point in bias.points],
            [point.error * MEV for point in bias.points],
            fmt="o",
            color=colour,
            label=NAMES[region],
        )
        along = np.linspace(energy.min() - 5e-4, energy.max() + 5e-4, 100)
        curve = np.array([bias.bias_at(float(e)) for e in along]) * MEV
        error = np.array([bias.error_at(float(e)) for e in along]) * MEV
        axes.plot(along * MEV, curve, color=colour)
        axes.fill_between(along * MEV, curve - error, curve + error, color=colour, alpha=0.2, linewidth=0)
    axes.set_xlabel(r"simulated $\sqrt{s}$ [MeV]")
    axes.set_ylabel(r"$2E^*_\mathrm{peak} - \sqrt{s}$ [MeV]")
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.legend()
    stamp(axes)
    return figure


def plot_decays(found: Combination, measurement: Measurement) -> Figure:
    """Draw √s from each decay, and the mean."""
    figure, axes = new_figure(size=(8, 3.5))
    place = np.arange(len(found.answers))
    answers = np.array([found.answers[region] for region in found.estimators]) * MEV
    errors = [
        (estimator.error(found.fits[region]), estimator.bias_error(found.fits[region]))
        for region, estimator in found.estimators.items()
    ]
    stat = np.array([error for error, _ in errors]) * MEV
    whole = np.hypot(*np.array(errors).T) * MEV
    axes.axvspan(
        measurement.value - measurement.stat,
        measurement.value + measurement.stat,
        color="0.85",
        zorder=0,
        label="mean, statistical",
    )
    taken = measurement.details["simulated_sqrt_s"]
    if taken is not None:
        axes.axvline(taken * MEV, color=OKABE_ITO["vermilion"], linestyle="--", label="simulated")
    axes.errorbar(answers, place, xerr=whole, fmt="none", color=OKABE_ITO["sky"], elinewidth=4)
    axes.errorbar(answers, place, xerr=stat, fmt="o", color="black")
    axes.set_yticks(place, [NAMES[region] for region in found.estimators])
    axes.set_ylim(len(place) - 0.2, -0.8)
    axes.tick_params(axis="y", which="minor", left=False, right=False)
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.set_xlabel(r"$\sqrt{s}$ [MeV]")
    axes.legend(fontsize=10, loc="lower right", ncols=2)
    stamp(axes, measurement.luminosity_fb, "Data" if measurement.data == "observed" else "Simulation")
    return figure
