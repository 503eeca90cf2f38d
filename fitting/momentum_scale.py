"""The last step of the momentum scale: factors by bin and charge, what they leave, and their page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, cast

from darkbelle.fitting.analysis import Analysis, Overlay
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.page import Drawing, Section
from darkbelle.fitting.plots.scale import plot_factors, plot_offsets, plot_peaks
from darkbelle.fitting.scale.control import checks, measure, scale_of
from darkbelle.fitting.scale.inputs import Data, scale_inputs
from darkbelle.fitting.scale.result import Scale
from darkbelle.runfolder import FIT, SCALE_TABLE, load_result, read_json

__all__ = ["MomentumScale"]


class MomentumScale(Analysis):
    """A table of factors, and four peaks that say whether it is right."""

    outputs: ClassVar = (FIT, SCALE_TABLE)

    def finish(self, run: Path, *, seed: int, workers: int, progress: Progress | None) -> None:  # noqa: ARG002
        """Write ``momentum_scale.json`` and ``fit.json``; it takes seconds."""
        measure(run, seed=seed)

    def sections(self, run: Path, *, overlay: Overlay | None = None) -> Iterator[Section]:  # noqa: ARG002
        """Yield the masses before and after, the factors and the peaks."""
        if not (run / FIT).exists():
            return
        data = cast(Data, read_json(run / FIT)["data"])
        inputs = scale_inputs(load_result(run), data)
        bias = scale_of(inputs)
        scale = Scale(inputs.channel.name, bias, checks(inputs, bias), data, inputs.applied)
        yield _masses(scale)
        yield _factors(scale)
        peaks = Drawing(
            "peaks", plot_peaks(inputs, scale), "The peaks", "All bins together, not scaled to a luminosity."
        )
        yield Section("Peaks", drawings=(peaks,))


def _masses(scale: Scale) -> Section:
    text = (
        "Masses against the cosine of the polar angle of the first daughter, before and after the factors "
        "from D*+ → D0(K−π+)π+. After is where the factors move a peak by the mean leverage of its tracks; "
        "a run with `--option momentum_scale=` this run's table shows it event by event."
    )
    if scale.applied is not None:
        text += f" Momenta had been corrected already, with the table {scale.applied[:12]}."
    drawing = Drawing(
        "offsets",
        plot_offsets(scale),
        "Offsets of masses",
        "Errors after have those of the factors in them. J/ψ radiate: their core lies somewhat low.",
    )
    return Section("Masses before and after", text, (drawing,), scale.tables()[1:])


def _factors(scale: Scale) -> Section:
    drawing = Drawing(
        "factors",
        plot_factors(scale),
        "Bias of measured momenta",
        "What momenta are to be multiplied by is 1/(1 + bias), and stands in momentum_scale.json.",
    )
    return Section("Scale factors", scale.remark, (drawing,), scale.tables()[:1])
