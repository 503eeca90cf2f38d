"""How plots look: sizes, fonts, colours that colour-blind readers tell apart, and the labels.

Everything drawn from simulation says so: a Belle II plot without "(own work)" and "Simulation"
would claim what it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import mplhep  # noqa: F401  registers the fonts
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnchoredOffsetbox, HPacker, TextArea

from darkbelle.channels import Axis, Channel
from darkbelle.vectors import Column

__all__ = [
    "BACKGROUND_COLOURS",
    "BAND_COLOURS",
    "OKABE_ITO",
    "SIGNAL_COLOURS",
    "axis_title",
    "background_colours",
    "choose",
    "entries_title",
    "new_figure",
    "rebinned",
    "save",
    "stamp",
    "stamp_luminosity",
    "styled",
]

# M. Okabe and K. Ito, Color Universal Design, 2008
OKABE_ITO = {
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
}
BACKGROUND_COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442")
SIGNAL_COLOURS = ("#D55E00", "#332288", "#882255", "#0072B2")
BAND_COLOURS = ("#5FBF8F", "#F5DD6B")  # one and two standard deviations
GREY = "0.35"

_STYLE: Final[dict[Any, Any]] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["TeX Gyre Heros", "Helvetica", "Arial", "DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
    "font.size": 13,
    "axes.labelsize": 15,
    "axes.linewidth": 1.1,
    "axes.unicode_minus": False,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "xtick.major.size": 7,
    "ytick.major.size": 7,
    "xtick.minor.size": 3.5,
    "ytick.minor.size": 3.5,
    "xaxis.labellocation": "right",
    "yaxis.labellocation": "top",
    "legend.frameon": False,
    "legend.fontsize": 12,
    "lines.linewidth": 1.6,
    "patch.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "figure.dpi": 100,
    "savefig.dpi": 150,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in our style, and leave the caller's settings as they were."""
    with mpl.rc_context(_STYLE):
        yield


def new_figure(
    rows: int = 1, columns: int = 1, size: tuple[float, float] = (8, 6), **options: Any
) -> tuple[Figure, Any]:
    """Return a figure, in inches, and its axes; it belongs to no window and needs no closing."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, the same bytes for the same drawing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
    return path


def stamp(axes: Axes, luminosity_fb: float | None = None, note: str = "Simulation") -> None:
    """Write whose plot this is above the axes, and the luminosity to the right."""
    name = TextArea("Belle II", textprops={"fontsize": 17, "fontweight": "bold", "fontstyle": "italic"})
    what = TextArea(f"(own work) {note}", textprops={"fontsize": 13})
    line = HPacker(children=[name, what], align="baseline", pad=0, sep=6)
    axes.add_artist(
        AnchoredOffsetbox(
            loc="lower left",
            child=line,
            pad=0,
            borderpad=0.25,
            frameon=False,
            bbox_to_anchor=(0, 1),
            bbox_transform=axes.transAxes,
        )
    )
    if luminosity_fb is not None:
        stamp_luminosity(axes, luminosity_fb)
    axes.set_title(" ", fontsize=17)  # keeps room for what stands above


def stamp_luminosity(axes: Axes, luminosity_fb: float) -> None:
    """Write the integrated luminosity above the right end of the axes."""
    text = rf"$\int\,L\,\mathrm{{d}}t$ = {luminosity_fb:.4g} fb$^{{-1}}$"
    axes.annotate(
        text, (1, 1), (0, 4), "axes fraction", "offset points", ha="right", va="bottom", fontsize=13
    )


def axis_title(axis: Axis) -> str:
    """Return the title of an axis with its unit."""
    return axis.label if axis.unit == "1" else f"{axis.label} [{_upright(axis.unit)}]"


def entries_title(axis: Axis, width: float) -> str:
    """Return the title of an axis of contents: "Entries / (1 GeV²)", or "Entries / 0.04" without a unit."""
    if axis.unit == "1":
        return f"Entries / {width:.3g}"
    return f"Entries / ({width:.3g} {_upright(axis.unit)})"


def rebinned(values: Column, group: int) -> Column:
    """Return a histogram with groups of bins on its first axis summed; a remainder is dropped."""
    bins = values.shape[0] // group
    grouped: Column = values[: bins * group].reshape(bins, group, *values.shape[1:]).sum(axis=1)
    return grouped


def choose(masses: Sequence[float], count: int) -> list[float]:
    """Return some masses spread over a list, its ends included.

    >>> choose([0.5, 1.0, 2.0, 4.0, 8.0], 3)
    [0.5, 2.0, 8.0]
    """
    if len(masses) <= count:
        return list(masses)
    return [masses[i] for i in np.linspace(0, len(masses) - 1, count).round().astype(int)]


def background_colours(channel: Channel) -> dict[str, str]:
    """Return the colour of each background: the same in every plot."""
    colours = (BACKGROUND_COLOURS[i % len(BACKGROUND_COLOURS)] for i in range(len(channel.backgrounds)))
    return dict(zip(channel.backgrounds, colours, strict=True))


def _upright(unit: str) -> str:
    return unit.replace("²", "$^2$")
