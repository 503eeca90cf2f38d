"""Plots of what was selected: the recoil, its plane, and distributions with one cut left out."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.ticker import NullFormatter

from darkbelle.channels import Axis, Channel
from darkbelle.fitting.plots.style import (
    SIGNAL_COLOURS,
    axis_title,
    background_colours,
    choose,
    entries_title,
    new_figure,
    rebinned,
    stamp,
    stamp_luminosity,
)
from darkbelle.fitting.spectra import ProcessSpectra, Spectrum, background_spectra, signal_spectra, total
from darkbelle.fitting.templates import FitInputs
from darkbelle.runfolder import RunResult
from darkbelle.vectors import Column

__all__ = ["RECOIL_GROUP", "plot_distributions", "plot_recoil_plane", "plot_spectrum"]

RECOIL_GROUP = 20  # fine bins: 1 GeV²
SIGNALS_SHOWN = 3
MAP_COLOURS = "viridis"
DATA_LABELS = {"pseudo": "Pseudo-data", "asimov": "Asimov data", "observed": "Data"}


def plot_spectrum(inputs: FitInputs, group: int = 1) -> Figure:
    """Draw the first axis of what is fitted: backgrounds stacked, signals, what is fitted, and their ratio.

    ``group`` fine bins are drawn as one.
    """
    axis = inputs.axis
    edges = axis.edges[::group]
    backgrounds = {name: _projected(item.nominal, group) for name, item in inputs.backgrounds.items()}
    masses = choose(tuple(inputs.signals), SIGNALS_SHOWN)
    signals = {mass: _projected(inputs.signals[mass].nominal, group) for mass in masses}
    observed = rebinned(inputs.observed, group).sum(axis=1)
    expected = total(backgrounds.values())

    figure, (upper, lower) = new_figure(2, 1, (8, 7), sharex=True, height_ratios=(3.4, 1))
    _stack(upper, edges, backgrounds, inputs.channel)
    _uncertainty(upper, edges, expected)
    shown = _shown_cross_section(expected.values, signals)
    _signals(
        upper, edges, {mass: item.scaled(shown) for mass, item in signals.items()}, inputs.channel, shown
    )
    _points(upper, edges, observed, DATA_LABELS[inputs.data])
    upper.set_yscale("log")
    floor = 0.5 * min(0.6, float(expected.values[expected.values > 0].min()))
    upper.set_ylim(max(floor, 1e-2), 400 * max(float(expected.values.max()), float(observed.max())))
    upper.set_xlim(edges[0], edges[-1])
    upper.set_ylabel(entries_title(axis, edges[1] - edges[0]))
    _legend(upper, columns=2)
    stamp(upper, inputs.luminosity_fb)

    _ratio(lower, edges, observed, expected, DATA_LABELS[inputs.data])
    lower.set_xlabel(axis_title(axis))
    figure.align_ylabels()
    return figure


def plot_recoil_plane(inputs: FitInputs) -> Figure:
    """Draw the plane that is fitted, mass squared by polar angle, for each background and the signal."""
    names = inputs.channel.observables[inputs.fit.observable].axes
    first, second = (inputs.channel.axes[name] for name in names)
    x_edges = first.edges[::RECOIL_GROUP]
    maps = {
        inputs.channel.processes[name].title: rebinned(item.nominal.values, RECOIL_GROUP)
        for name, item in inputs.backgrounds.items()
    }
    highest = max(float(item.max()) for item in maps.values())
    norm = LogNorm(max(highest * 1e-5, 1e-2), max(highest, 1e-1))
    title = inputs.channel.processes[inputs.channel.signal].title
    signals = [rebinned(item.nominal.values, RECOIL_GROUP) for item in inputs.signals.values()]
    if signals:
        maps[f"{title}, all masses, 1 fb each"] = sum(signals[1:], start=signals[0])
    rows = (len(maps) + 1) // 2
    figure, panels = new_figure(rows, 2, (11, 3.1 * rows + 0.8), sharex=True, sharey=True, squeeze=False)
    for panel, (name, values) in zip(panels.flat, maps.items(), strict=False):
        panel.pcolormesh(
            x_edges,
            second.edges,
            np.ma.masked_less_equal(values.T, 0),
            norm=norm,
            cmap=MAP_COLOURS,
            rasterized=True,
        )
        panel.text(0.03, 0.92, name, transform=panel.transAxes, va="top", bbox=_PAPER)
    for panel in panels.flat[len(maps) :]:
        panel.set_visible(False)
    for panel in panels[-1]:
        panel.set_xlabel(axis_title(first))
    for panel in panels[:, 0]:
        panel.set_ylabel(axis_title(second))
    stamp(panels[0, 0])
    stamp_luminosity(panels[0, 1], inputs.luminosity_fb)
    cell = f"{x_edges[1] - x_edges[0]:g} GeV$^2$ × {np.degrees(second.edges[1] - second.edges[0]):g}°"
    scale = ScalarMappable(norm, MAP_COLOURS)
    figure.colorbar(scale, ax=panels, label=f"Expected events / ({cell})", pad=0.015)
    return figure


def plot_distributions(
    result: RunResult, channel: Channel, luminosity_fb: float, region: str = "sr"
) -> Figure | None:
    """Draw the one-dimensional observables of a region that are not fitted, or return None if it has none.

    A dashed line marks the cut, where the processor's options have a threshold ``min_<observable>``
    or ``max_<observable>``.
    """
    unshifted = channel.model_copy(update={"systematics": {}})
    fit = channel.regions[region].fit
    names = [
        name
        for name in channel.regions[region].observables
        if (fit is None or name != fit.observable)
        and len(channel.observables[name].axes) == 1
        and all(
            name in {key.observable for key in item.output.histograms} for item in result.datasets.values()
        )
    ]
    if not names:
        return None
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure, panels = new_figure(rows, columns, (5.4 * columns, 4.3 * rows + 0.9), squeeze=False)
    thresholds = _thresholds(result.processor)
    for panel, name in zip(panels.flat, names, strict=False):
        backgrounds = background_spectra(result, unshifted, region, name, luminosity_fb)
        signals = signal_spectra(result, unshifted, region, name, luminosity_fb, fit)
        axis = channel.axes[channel.observables[name].axes[0]]
        _distribution(panel, axis, channel, backgrounds, signals)
        for threshold in (thresholds.get(f"{side}_{name}") for side in ("min", "max")):
            if threshold is not None:
                panel.axvline(threshold, color="0.25", linestyle=(0, (4, 2)), linewidth=1.3)
    for panel in panels.flat[len(names) :]:
        panel.set_visible(False)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 7), fontsize=13)
    stamp(panels[0, 0])
    stamp_luminosity(panels[0, -1], luminosity_fb)
    return figure


_PAPER = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "boxstyle": "round,pad=0.25"}


def _distribution(
    panel: Axes,
    axis: Axis,
    channel: Channel,
    backgrounds: dict[str, ProcessSpectra],
    signals: dict[float, ProcessSpectra],
) -> None:
    """Draw one observable; signals are scaled to the backgrounds' yield, to compare shapes."""
    group = 2 if axis.bins % 2 == 0 else 1
    edges = axis.edges[::group]
    stacked = {name: _projected(item.nominal, group) for name, item in backgrounds.items()}
    expected = total(stacked.values())
    _stack(panel, edges, stacked, channel)
    for colour, mass in zip(SIGNAL_COLOURS, choose(tuple(signals), SIGNALS_SHOWN), strict=False):
        values = rebinned(signals[mass].nominal.values, group)
        yielded = values.sum()
        if yielded > 0:
            title = f"{channel.processes[channel.signal].title} {mass:g} GeV (shape)"
            panel.stairs(
                values * expected.values.sum() / yielded, edges, color=colour, linewidth=1.8, label=title
            )
    panel.set_yscale("log")
    highest = max(float(expected.values.max()), 1.0)
    panel.set_ylim(max(highest * 1e-5, 1e-2), highest * 8)
    panel.set_xlim(edges[0], edges[-1])
    panel.set_xlabel(axis_title(axis))
    panel.set_ylabel(entries_title(axis, edges[1] - edges[0]))


def _projected(spectrum: Spectrum, group: int) -> Spectrum:
    values, variances = rebinned(spectrum.values, group), rebinned(spectrum.variances, group)
    if values.ndim == 1:
        return Spectrum(values, variances)
    return Spectrum(values.sum(axis=1), variances.sum(axis=1))


def _stack(axes: Axes, edges: Column, parts: dict[str, Spectrum], channel: Channel) -> None:
    colours = background_colours(channel)
    bottom = np.zeros(len(edges) - 1)
    for name in sorted(parts, key=lambda name: float(parts[name].values.sum())):
        top = bottom + parts[name].values
        axes.stairs(
            top,
            edges,
            baseline=bottom,
            fill=True,
            facecolor=colours[name],
            edgecolor="white",
            linewidth=0.3,
            label=channel.processes[name].title,
        )
        bottom = top


def _uncertainty(axes: Axes, edges: Column, expected: Spectrum) -> None:
    error = np.sqrt(expected.variances)
    axes.stairs(
        expected.values + error,
        edges,
        baseline=np.maximum(expected.values - error, 1e-9),
        fill=True,
        facecolor="none",
        edgecolor="0.3",
        hatch="//////",
        linewidth=0,
        label="MC statistics",
    )


def _signals(
    axes: Axes, edges: Column, signals: dict[float, Spectrum], channel: Channel, cross_section: float
) -> None:
    title = channel.processes[channel.signal].title
    for colour, (mass, spectrum) in zip(SIGNAL_COLOURS, signals.items(), strict=False):
        strength = f"ratio {cross_section:g}"
        if channel.poi_unit != "1":
            strength = f"{cross_section:g} {channel.poi_unit}"
        label = f"{title} {mass:g} GeV, {strength}"
        axes.stairs(spectrum.values, edges, color=colour, linewidth=2, label=label)


def _points(axes: Axes, edges: Column, observed: Column, label: str) -> None:
    filled = observed > 0
    centres = (edges[1:] + edges[:-1]) / 2
    axes.errorbar(
        centres[filled],
        observed[filled],
        np.sqrt(observed[filled]),
        fmt="o",
        color="black",
        markersize=3.2,
        linewidth=0.9,
        label=label,
        zorder=5,
    )


def _ratio(axes: Axes, edges: Column, observed: Column, expected: Spectrum, label: str) -> None:
    known = expected.values > 0
    error = np.divide(
        np.sqrt(expected.variances), expected.values, out=np.zeros_like(expected.values), where=known
    )
    axes.stairs(1 + error, edges, baseline=1 - error, fill=True, color="0.82")
    centres = (edges[1:] + edges[:-1]) / 2
    filled = known & (observed > 0)
    axes.errorbar(
        centres[filled],
        observed[filled] / expected.values[filled],
        np.sqrt(observed[filled]) / expected.values[filled],
        fmt="o",
        color="black",
        markersize=3,
        linewidth=0.9,
    )
    axes.axhline(1, color="0.3", linewidth=0.9)
    off = np.abs(observed[filled] / expected.values[filled] - 1)
    axes.set_ylim(*((0.8, 1.2) if off.size and np.quantile(off, 0.9) < 0.1 else (0, 2.19)))
    axes.set_ylabel(f"{label}\n/ background", fontsize=12, loc="center")


def _shown_cross_section(expected: Column, signals: dict[float, Spectrum]) -> float:
    """Return the power of ten, in the unit of the limits, at which signals stand out and fit in."""
    highest = max((float(item.values.max()) for item in signals.values()), default=0.0)
    if highest <= 0:
        return 1.0
    return float(10 ** np.round(np.log10(0.2 * expected.max() / highest)))


def _legend(axes: Axes, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    lines = [
        i for i, handle in enumerate(handles) if not isinstance(handle, StepPatch) or not handle.get_fill()
    ]
    fills = [i for i in range(len(handles)) if i not in lines][::-1]  # in the order in which they are stacked
    order = [*lines[-1:], *lines[:-1], *fills]
    axes.legend([handles[i] for i in order], [labels[i] for i in order], loc="upper right", ncols=columns)
    axes.yaxis.set_minor_formatter(NullFormatter())


def _thresholds(options: dict[str, Any]) -> dict[str, float]:
    """Return all numbers in nested options by their last name."""
    found: dict[str, float] = {}
    for name, value in options.items():
        if isinstance(value, dict):
            found |= _thresholds(value)
        elif isinstance(value, int | float):
            found[name] = float(value)
    return found
