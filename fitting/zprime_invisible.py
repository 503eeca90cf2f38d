"""The last step of the search for an invisible Z′: limits on cross section and coupling, and their page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final

from darkbelle.channels import load_channel
from darkbelle.fitting.analysis import Analysis, Overlay
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.interpretation import (
    MODELS,
    CouplingPoint,
    Interpretation,
    interpret,
    interpretation_path,
    read_curve,
    read_interpretation,
)
from darkbelle.fitting.limit_results import LimitPoint, Limits, read_limits
from darkbelle.fitting.page import Drawing, Section, Table
from darkbelle.fitting.plots.cutflow import flows, plot_cutflow, plot_last_cuts
from darkbelle.fitting.plots.limits import Curve, plot_coupling_limit, plot_limit
from darkbelle.fitting.plots.resolution import plot_resolution, resolution_table
from darkbelle.fitting.plots.spectra import (
    RECOIL_GROUP,
    plot_distributions,
    plot_recoil_plane,
    plot_spectrum,
)
from darkbelle.fitting.plots.studies import plot_local_p
from darkbelle.fitting.run_limits import compute_limits
from darkbelle.fitting.run_pulls import compute_pulls
from darkbelle.fitting.run_sections import further_sections
from darkbelle.fitting.run_workspaces import build_workspaces
from darkbelle.fitting.studies.runs import RunSignificance, read_significance
from darkbelle.fitting.templates import FitInputs, fit_inputs
from darkbelle.runfolder import LIMITS, PULLS, SIGNIFICANCE, RunResult, load_result

__all__ = ["ZprimeInvisible"]

BANDS: Final = ("mass [GeV]", "observed", "−2σ", "−1σ", "expected", "+1σ", "+2σ")
FITTED: Final = {
    "pseudo": "“Observed” is the fit to PSEUDO-DATA: one random draw of the expected background (seed {}).",
    "asimov": "“Observed” is the fit to the expected background itself.",
    "observed": "Fitted are recorded collisions.",
}


class ZprimeInvisible(Analysis):
    """Limits for each simulated mass, and what they mean for g′ in each model."""

    outputs: ClassVar = (LIMITS, PULLS)

    def finish(self, run: Path, *, seed: int, workers: int, progress: Progress | None) -> None:
        """Write the workspaces, ``limits.json``, ``pulls.json`` of one mass, and the limits on g′."""
        build_workspaces(run, run / "workspaces", seed=seed)
        compute_limits(run, workers=workers, seed=seed, progress=progress)
        for model in MODELS:
            interpret(run, model)
        compute_pulls(run, seed=seed)

    def sections(self, run: Path, *, overlay: Overlay | None = None) -> Iterator[Section]:
        """Yield limits, couplings, what else there is on them, spectrum, cutflow and resolution."""
        result = load_result(run)
        limits = read_limits(run) if (run / LIMITS).exists() else None
        inputs = fit_inputs(result, limits.data, limits.seed) if limits else fit_inputs(result)
        if limits:
            yield _limits(limits)
            yield _couplings(run, limits, overlay)
        if (run / SIGNIFICANCE).exists():
            yield _local_p(read_significance(run))
        yield from further_sections(run)
        yield _spectrum(result, inputs)
        if (resolution := _resolution(inputs)) is not None:
            yield resolution
        if (cutflow := _cutflow(result, inputs)) is not None:
            yield cutflow


def _limits(limits: Limits) -> Section:
    drawing = Drawing(
        "limit_cross_section",
        plot_limit(limits),
        "Upper limits on the cross section",
        f"At {limits.confidence_level:.0%} confidence level, {limits.method}."
        + _simulation_remark(limits)
        + _remarks(limits.points),
    )
    notes = [f"{place} has no limit: {reason}" for place, reason in limits.failed.items()]
    if limits.missing_processes:
        missing = ", ".join(limits.missing_processes)
        notes.append(f"Backgrounds without a dataset are not in these limits: {missing}.")
    quantity = limits.poi.replace("_", " ")
    return Section(
        "Upper limits",
        f"On the {quantity} in {limits.unit}, at {limits.confidence_level:.0%} confidence level. "
        f"{limits.method}. {FITTED[limits.data].format(limits.seed)}",
        (drawing,),
        (_table(f"Upper limits on the {quantity} in {limits.unit}", limits.points),),
        tuple(notes),
    )


def _local_p(found: RunSignificance) -> Section:
    scan = found.scan
    drawing = Drawing(
        "local_p",
        plot_local_p(scan, found.luminosity_fb),
        "Local p-values of background",
        f"Globally p = {scan.global_p_toys:.2g} ± {scan.global_p_toys_error:.1g} from {scan.toys} "
        f"experiments of the whole scan (seed {scan.seed}), of which {scan.exceeding} have an excess as "
        f"large somewhere; at most {scan.global_p_upcrossings:.2g} by the formula of Gross and Vitells.",
    )
    return Section("Significance", drawings=(drawing,))


def _couplings(run: Path, limits: Limits, overlay: Overlay | None) -> Section:
    found = [read_interpretation(run, model) for model in MODELS if interpretation_path(run, model).exists()]
    without = tuple(place.mass for place in limits.failed)
    return Section(
        "Couplings",
        drawings=tuple(_coupling(item, overlay, without) for item in found),
        tables=tuple(
            _table(f"Upper limits on g′, {item.model.replace('_', ' ')} model", item.points) for item in found
        ),
    )


def _coupling(item: Interpretation, overlay: Overlay | None, without: Sequence[float]) -> Drawing:
    curve = None
    if overlay is not None and overlay.model == item.model:
        label = overlay.label or overlay.path.stem.replace("_", " ")
        curve = Curve(label, overlay.model, *read_curve(overlay.path))
    return Drawing(
        f"limit_coupling_{item.model}",
        plot_coupling_limit(item, curve, without),
        f"Upper limits on g′, {item.model.replace('_', ' ')} model",
        f"At {item.confidence_level:.0%} confidence level. The band explains "
        "Δa(μ) = (251 ± 59)·10⁻¹¹ within two standard deviations." + _remarks(item.points),
    )


def _spectrum(result: RunResult, inputs: FitInputs) -> Section:
    drawings = [
        Drawing(
            "recoil_spectrum",
            plot_spectrum(inputs, RECOIL_GROUP),
            "Recoil mass squared",
            "After all cuts, scaled to the luminosity. The points are one random draw of the expected "
            f"background (seed {inputs.seed}), not data."
            if inputs.data == "pseudo"
            else "After all cuts, scaled to the luminosity.",
        ),
        Drawing(
            "recoil_plane",
            plot_recoil_plane(inputs),
            "The plane that is fitted",
            "Recoil mass squared by the recoil's polar angle in the centre of mass, after all cuts.",
        ),
    ]
    distributions = plot_distributions(result, inputs.channel, inputs.luminosity_fb)
    if distributions is not None:
        drawings.append(
            Drawing(
                "distributions",
                distributions,
                "Distributions with one cut left out",
                "After all cuts but the one on the quantity drawn, whose place is the dashed line. Signals "
                "are scaled to the yield of the backgrounds.",
            )
        )
    return Section("Recoil spectrum", drawings=tuple(drawings))


def _resolution(inputs: FitInputs) -> Section | None:
    table = resolution_table(inputs)
    if not table:
        return None
    rows = "; ".join(
        f"{p.mass:g} GeV: {p.m2:.3f} GeV²" + (f", {1000 * p.m:.1f} MeV" if p.m > 0 else "") for p in table
    )
    drawing = Drawing(
        "resolution",
        plot_resolution(table),
        "Resolution of the recoil mass",
        f"Half the shortest interval with 68.3 % of the peak's core, as simulated: {rows}.",
    )
    return Section("Resolution", drawings=(drawing,))


def _cutflow(result: RunResult, inputs: FitInputs) -> Section | None:
    cuts, found = flows(result, load_channel(result.channel), inputs.luminosity_fb)
    if not found:
        return None
    return Section(
        "What the cuts do",
        drawings=(
            Drawing(
                "cutflow",
                plot_cutflow(cuts, found, inputs.luminosity_fb),
                "Cutflow",
                "Share of the generated events left after each cut, and the events expected after all.",
            ),
            Drawing(
                "last_cuts",
                plot_last_cuts(cuts, found),
                "What each cut does",
                "Efficiency of each cut when all the others have been made, in per cent.",
            ),
        ),
    )


def _table(title: str, points: Sequence[LimitPoint] | Sequence[CouplingPoint]) -> Table:
    return Table(title, BANDS, [(point.mass, point.observed, *point.expected) for point in points])


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
    which = ", ".join(f"{place.mass:g}" for place in limits.thinly_simulated)
    return (
        f" At {which} GeV the background is simulated with fewer events than are expected of the data. "
        "There the statistics of the simulation widen the limits, and pseudo-data keep closer to the "
        "median than the bands say."
    )
