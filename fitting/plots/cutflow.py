"""Plots of the cutflow: how many events are left, and what each cut does when all others are made."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from darkbelle.channels import Channel
from darkbelle.fitting.plots.style import SIGNAL_COLOURS, background_colours, choose, new_figure, stamp
from darkbelle.runfolder import DatasetResult, RunResult
from darkbelle.vectors import Column

__all__ = ["Flow", "flows", "plot_cutflow", "plot_last_cuts"]

SIGNALS_SHOWN = 3
RATIO = 0.01  # of branching fractions, for which signals are drawn that are measured in one


@dataclass(frozen=True)
class Flow:
    """The cutflow of one process or signal mass.

    Parameters
    ----------
    title
        For a legend.
    colour
        Of its line.
    is_signal
        Whether it is signal.
    efficiency
        Cumulative, of the generated events, shape (cuts + 1,): the first is before any cut.
    events
        Expected at the luminosity after all cuts; of signal for ``unit``.
    last
        Of each cut, made after all the others, shape (cuts,).
    unit
        How much signal the events are for, in words; nothing of backgrounds.
    """

    title: str
    colour: str
    is_signal: bool
    efficiency: Column
    events: float
    last: Column
    unit: str = ""


def flows(
    result: RunResult, channel: Channel, luminosity_fb: float, region: str = "sr"
) -> tuple[tuple[str, ...], list[Flow]]:
    """Return the names of the cuts of a region, and a cutflow a background and a few signal masses.

    Signals are those of the final state that is fitted in the region.
    """
    fit = channel.regions[region].fit
    state = None if fit is None else fit.final_state
    reference = None if fit is None else fit.branching_fraction
    groups: dict[tuple[str, float | None], list[str]] = {}
    for name, item in result.datasets.items():
        is_other_signal = item.dataset.process == channel.signal and item.dataset.final_state != state
        if region in item.output.cutflows and not item.dataset.is_data and not is_other_signal:
            # τ pairs have a mass, too: that of the τ
            mass = item.dataset.mass if item.dataset.process == channel.signal else None
            groups.setdefault((item.dataset.process, mass), []).append(name)
    shown = choose(
        sorted(m for process, m in groups if process == channel.signal and m is not None), SIGNALS_SHOWN
    )
    colours = background_colours(channel)
    signal_title = channel.processes[channel.signal].title
    ordered: list[tuple[tuple[str, float | None], str, str]]
    ordered = [((name, None), colours[name], channel.processes[name].title) for name in channel.backgrounds]
    ordered += [
        ((channel.signal, mass), colour, f"{signal_title} {mass:g} GeV")
        for mass, colour in zip(shown, cycle(SIGNAL_COLOURS), strict=False)
    ]
    cuts: tuple[str, ...] = ()
    found = []
    for key, colour, title in ordered:
        if key in groups:
            cuts = result.datasets[groups[key][0]].output.cutflows[region].cuts
            items = [result.datasets[name] for name in groups[key]]
            if key[0] == channel.signal:
                found.append(_signal_flow(items, region, title, colour, luminosity_fb, reference))
            else:
                found.append(_background_flow(items, region, title, colour, luminosity_fb))
    return cuts, found


def plot_cutflow(cuts: tuple[str, ...], found: list[Flow], luminosity_fb: float) -> Figure:
    """Draw the share of generated events that is left after each cut."""
    figure, axes = new_figure(size=(10.5, 6.4))
    steps = np.arange(len(cuts) + 1)
    lowest = min(
        (float(f.efficiency[f.efficiency > 0].min()) for f in found if f.efficiency.any()), default=1e-3
    )
    for flow in found:
        style = "--" if flow.is_signal else "-"
        label = f"{flow.title}: {_number(flow.events)} events{flow.unit}"
        axes.plot(
            steps,
            np.where(flow.efficiency > 0, flow.efficiency, np.nan),
            style,
            marker="s" if flow.is_signal else "o",
            markersize=5,
            color=flow.colour,
            label=label,
        )
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(lowest / 3, 3)
    axes.set_xlim(-0.4, len(cuts) + 0.4)
    axes.set_xticks(
        steps, ["reconstructed", *map(_words, cuts)], rotation=38, ha="right", rotation_mode="anchor"
    )
    axes.tick_params(axis="x", which="minor", bottom=False, top=False)
    axes.grid(axis="y", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_ylabel("Share of generated events")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="After all cuts", alignment="left")
    stamp(axes, luminosity_fb)
    return figure


def plot_last_cuts(cuts: tuple[str, ...], found: list[Flow]) -> Figure:
    """Draw a table: the efficiency of each cut when all the others have been made."""
    values = np.array([flow.last for flow in found]).T * 100
    figure, axes = new_figure(size=(2.8 + 1.35 * len(found), 1.6 + 0.48 * len(cuts)))
    axes.imshow(np.ma.masked_invalid(values), cmap="Blues", vmin=0, vmax=130, aspect="auto")
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        text = "–" if np.isnan(value) else f"{value:.3g}"
        axes.text(column, row, text, ha="center", va="center", color="white" if value > 85 else "black")
    axes.set_xticks(range(len(found)), [flow.title.replace(" ", "\n", 1) for flow in found])
    axes.set_yticks(range(len(cuts)), [_words(cut) for cut in cuts])
    axes.tick_params(which="both", length=0)
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("Efficiency of each cut after all others [%]", loc="center")
    stamp(axes)
    return figure


def _signal_flow(
    items: list[DatasetResult],
    region: str,
    title: str,
    colour: str,
    luminosity_fb: float,
    reference: float | None,
) -> Flow:
    """Return the flow of a signal, for 1 fb or, where there is a reference decay, for a ratio to it."""
    produced = sum((item.dataset.generated_events or 0) * item.processed_share for item in items)
    if reference is None:
        cross_section, unit = 1.0, " for 1 fb"
    else:
        dataset = items[0].dataset
        pairs = (dataset.cross_section_fb or 0.0) * dataset.branching_fraction
        cross_section, unit = RATIO * reference * pairs, f" at a ratio of {RATIO:g}"
    all_events = cross_section * luminosity_fb
    flow = _flow(items, region, [all_events / produced] * len(items), all_events)
    return Flow(title, colour, True, *flow, unit)


def _background_flow(
    items: list[DatasetResult], region: str, title: str, colour: str, luminosity_fb: float
) -> Flow:
    scales = [item.scale_to(luminosity_fb) for item in items]
    all_events = sum(
        (item.dataset.cross_section_fb or 0.0) * item.dataset.branching_fraction * luminosity_fb
        for item in items
    )
    return Flow(title, colour, False, *_flow(items, region, scales, all_events))


def _flow(
    items: list[DatasetResult], region: str, scales: list[float], all_events: float
) -> tuple[Column, float, Column]:
    """Return the share left after each cut, the events left after all, and what each cut does last."""
    tables = [item.output.cutflows[region] for item in items]
    left = sum(scale * table.weights for scale, table in zip(scales, tables, strict=True))
    without = sum(scale * table.n_minus_one_weights for scale, table in zip(scales, tables, strict=True))
    left, without = np.asarray(left), np.asarray(without)
    last = np.divide(left[-1], without, out=np.full_like(without, np.nan), where=without > 0)
    return left / all_events, float(left[-1]), last


def _words(cut: str) -> str:
    return cut.replace("_", " ")


def _number(value: float) -> str:
    """Return a count to three digits, not in exponents.

    >>> _number(123456.0), _number(3.14159)
    ('123,000', '3.14')
    """
    if value == 0:
        return "0"
    digits = 2 - int(np.floor(np.log10(abs(value))))
    return f"{round(value, digits):,.{max(digits, 0)}f}"
