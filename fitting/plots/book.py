"""All plots of a run as files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from darkbelle.fitting.analysis import Overlay, load_analysis
from darkbelle.fitting.plots.style import save, styled
from darkbelle.runfolder import load_result

__all__ = ["PlotFile", "make_plots"]


class PlotFile(NamedTuple):
    """A plot on disk, with what a reader needs to be told."""

    path: Path
    title: str
    caption: str


def make_plots(run_dir: str | Path, out_dir: str | Path, *, overlay: Overlay | None = None) -> list[PlotFile]:
    """Draw all that a run folder has results for.

    Parameters
    ----------
    run_dir
        With merged results; what was computed from them is drawn if it is there.
    out_dir
        Where the PNG files go.
    overlay
        A curve to draw over the limits on a coupling.
    """
    run, folder = Path(run_dir), Path(out_dir)
    analysis = load_analysis(load_result(run).channel)
    with styled():
        return [
            PlotFile(save(drawing.figure, folder / f"{drawing.name}.png"), drawing.title, drawing.caption)
            for section in analysis.sections(run, overlay=overlay)
            for drawing in section.drawings
        ]
