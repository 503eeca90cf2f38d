"""All plots of a run, with titles and captions for a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from darkbelle.channels import load_channel
from darkbelle.fitting.couplings import Model
from darkbelle.fitting.interpretation import (
    MODELS,
    CouplingPoint,
    Interpretation,
    read_curve,
    read_interpretation,
)
from darkbelle.fitting.limits import LimitPoint, Limits, read_limits
from darkbelle.fitting.plots.cutflow import flows, plot_cutflow, plot_last_cuts
from darkbelle.fitting.plots.limits import Curve, plot_coupling_limit, plot_limit
from darkbelle.fitting.plots.resolution import plot_resolution, resolution_table
from darkbelle.fitting.plots.spectra import plot_distributions, plot_recoil_plane, plot_recoil_spectrum
from darkbelle.fitting.plots.studies import plot_local_p
from darkbelle.fitting.plots.style import save, styled
from darkbelle.fitting.studies.runs import RunSignificance, read_significance
from darkbelle.fitting.templates import FitInputs, fit_inputs
from darkbelle.runfolder import LIMITS, SIGNIFICANCE, RunResult, load_result

__all__ = ["PlotFile", "make_plots"]


class PlotFile(NamedTuple):
    """A plot on disk, with what a reader needs to be told."""

    path: Path
    title: str
    caption: str


class _Drawn(NamedTuple):
    name: str
    figure: Figure
    title: str
    caption: str


def make_plots(
    run_dir: str | Path,
    out_dir: str | Path,
    overlay: str | Path | None = None,
    overlay_label: str | None = None,
    overlay_model: Model = "fully_invisible",
) -> list[PlotFile]:
    """Draw all that a run folder has results for.

    Parameters
    ----------
    run_dir
        With merged results; limits and interpretations are drawn if they are there.
    out_dir
        Where the PNG files go.
    overlay
        A curve of g′ against mass in GeV to draw over the limits, two columns, comma separated.
    overlay_label
        Its legend entry; the file's name by default.
    overlay_model
        The model that the curve is for, the only one it is drawn in.
    """
    run, folder = Path(run_dir), Path(out_dir)
    result = load_result(run)
    limits = read_limits(run) if (run / LIMITS).exists() else None
    inputs = fit_inputs(result, limits.data, limits.seed) if limits else fit_inputs(result)
    curve = None if overlay is None else _curve(Path(overlay), overlay_label, overlay_model)
    with styled():
        return [
            PlotFile(save(drawn.figure, folder / f"{drawn.name}.png"), drawn.title, drawn.caption)
            for drawn in _drawings(run, result, inputs, limits, curve)
        ]


def _drawings(
    run: Path, result: RunResult, inputs: FitInputs, limits: Limits | None, curve: Curve | None
) -> Iterator[_Drawn]:
    yield from _selection(result, inputs)
    if (run / SIGNIFICANCE).exists():
        yield _local_p(read_significance(run))
    if limits is None:
        return
    yield _Drawn(
        "limit_cross_section",
        plot_limit(limits),
        "Upper limits on the cross section",
        f"At {limits.confidence_level:.0%} confidence level, {limits.method}."
        + _simulation_remark(limits)
        + _remarks(limits.points),
    )
    for model in MODELS:
        if (run / f"interpretation_{model}.json").exists():
            fitting = curve if curve is not None and curve.model == model else None
            yield _coupling(read_interpretation(run, model), fitting, tuple(limits.failed))


def _selection(result: RunResult, inputs: FitInputs) -> Iterator[_Drawn]:
    yield _Drawn(
        "recoil_spectrum",
        plot_recoil_spectrum(inputs),
        "Recoil mass squared",
        "After all cuts, scaled to the luminosity. The points are one random draw of the expected background "
        f"(seed {inputs.seed}), not data."
        if inputs.data == "pseudo"
        else "After all cuts, scaled to the luminosity.",
    )
    yield _Drawn(
        "recoil_plane",
        plot_recoil_plane(inputs),
        "The plane that is fitted",
        "Recoil mass squared by the recoil's polar angle in the centre of mass, after all cuts.",
    )
    cuts, found = flows(result, load_channel(result.channel), inputs.luminosity_fb)
    if found:
        yield _Drawn(
            "cutflow",
            plot_cutflow(cuts, found, inputs.luminosity_fb),
            "Cutflow",
            "Share of the generated events left after each cut, and the events expected after all.",
        )
        yield _Drawn(
            "last_cuts",
            plot_last_cuts(cuts, found),
            "What each cut does",
            "Efficiency of each cut when all the others have been made, in per cent.",
        )
    distributions = plot_distributions(result, inputs.channel, inputs.luminosity_fb)
    if distributions is not None:
        yield _Drawn(
            "distributions",
            distributions,
            "Distributions with one cut left out",
            "After all cuts but the one on the quantity drawn, whose place is the dashed line. Signals are "
            "scaled to the yield of the backgrounds.",
        )
    table = resolution_table(inputs)
    if table:
        rows = "; ".join(
            f"{p.mass:g} GeV: {p.m2:.3f} GeV²" + (f", {1000 * p.m:.1f} MeV" if p.m > 0 else "") for p in table
        )
        yield _Drawn(
            "resolution",
            plot_resolution(table),
            "Resolution of the recoil mass",
            f"Half the shortest interval with 68.3 % of the peak's core, as simulated: {rows}.",
        )


def _local_p(found: RunSignificance) -> _Drawn:
    scan = found.scan
    return _Drawn(
        "local_p",
        plot_local_p(scan, found.luminosity_fb),
        "Local p-values of background",
        f"Globally p = {scan.global_p_toys:.2g} ± {scan.global_p_toys_error:.1g} from {scan.toys} "
        f"experiments of the whole scan (seed {scan.seed}), of which {scan.exceeding} have an excess as "
        f"large somewhere; at most {scan.global_p_upcrossings:.2g} by the formula of Gross and Vitells.",
    )


def _coupling(interpretation: Interpretation, curve: Curve | None, without: Sequence[float]) -> _Drawn:
    words = interpretation.model.replace("_", " ")
    return _Drawn(
        f"limit_coupling_{interpretation.model}",
        plot_coupling_limit(interpretation, curve, without),
        f"Upper limits on g′, {words} model",
        f"At {interpretation.confidence_level:.0%} confidence level. The band explains "
        "Δa(μ) = (251 ± 59)·10⁻¹¹ within two standard deviations." + _remarks(interpretation.points),
    )


def _remarks(points: Sequence[LimitPoint] | Sequence[CouplingPoint]) -> str:
    """Return the remarks on points, each once with the masses that it is on."""
    masses: dict[str, list[str]] = {}
    for point in points:
        for flag in point.flags:
            masses.setdefault(flag, []).append(f"{point.mass:g}")
    return "".join(f" Open points, {', '.join(which)} GeV: {flag}." for flag, which in masses.items())


def _simulation_remark(limits: Limits) -> str:
    if not limits.thinly_simulated:
        return ""
    which = ", ".join(f"{mass:g}" for mass in limits.thinly_simulated)
    return (
        f" At {which} GeV the background is simulated with fewer events than are expected of the data. "
        "There the statistics of the simulation widen the limits, and pseudo-data keep closer to the "
        "median than the bands say."
    )


def _curve(path: Path, label: str | None, model: Model) -> Curve:
    mass, coupling = read_curve(path)
    return Curve(label or path.stem.replace("_", " "), model, mass, coupling)
