"""The last step of τ → ℓα: limits on ratios, branching fractions and couplings, and their page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from darkbelle.channels import load_channel
from darkbelle.fitting.analysis import Analysis, Overlay
from darkbelle.fitting.engines import Failure
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.lfv import FlavourPoint, flavour_couplings, flavour_points
from darkbelle.fitting.limit_results import Limits, read_limits
from darkbelle.fitting.page import Drawing, Section, Table
from darkbelle.fitting.plots.cutflow import flows, plot_cutflow, plot_last_cuts
from darkbelle.fitting.plots.lepton_alpha import plot_ratio_limit, plot_scale_limit
from darkbelle.fitting.plots.spectra import plot_distributions, plot_spectrum
from darkbelle.fitting.published_ratios import BELLE_II
from darkbelle.fitting.run_limits import compute_limits
from darkbelle.fitting.run_workspaces import INDEX, build_workspaces
from darkbelle.fitting.solving import limits as limits_of
from darkbelle.fitting.templates import FitInputs, all_fit_inputs
from darkbelle.fitting.workspaces import SIGNAL_STATISTICS
from darkbelle.runfolder import LIMITS, SCHEMA, RunResult, load_result, read_json, write_json

__all__ = ["TauToLeptonAlpha", "unlimited_simulation", "without_simulation_statistics"]

BANDS: Final = ("observed", "−2σ", "−1σ", "expected", "+1σ", "+2σ")
WORKSPACES: Final = "workspaces"
UNLIMITED: Final = "limits_unlimited_simulation.json"
GROUP: Final = 5  # fine bins drawn as one, as they are fitted
LEPTONS: Final = {"e": "τ → e α", "mu": "τ → μ α"}
FITTED: Final = {
    "pseudo": "“Observed” is the fit to PSEUDO-DATA: one random draw of the expected background (seed {}).",
    "asimov": "“Observed” is the fit to the expected background itself.",
    "observed": "Fitted are recorded collisions.",
}


class TauToLeptonAlpha(Analysis):
    """Limits for each lepton and simulated mass, and what they mean for branching fractions and couplings."""

    outputs: ClassVar = (LIMITS,)

    def finish(self, run: Path, *, seed: int, workers: int, progress: Progress | None) -> None:
        """Write the workspaces, ``limits.json``, the couplings, and limits without simulation statistics."""
        build_workspaces(run, run / WORKSPACES, seed=seed)
        limits = compute_limits(run, workers=workers, seed=seed, progress=progress)
        flavour_couplings(run)
        unlimited_simulation(run, limits.confidence_level)

    def sections(self, run: Path, *, overlay: Overlay | None = None) -> Iterator[Section]:  # noqa: ARG002
        """Yield limits, couplings, and for each lepton spectra and cutflow."""
        result = load_result(run)
        limits = read_limits(run) if (run / LIMITS).exists() else None
        every = all_fit_inputs(result, limits.data, limits.seed) if limits else all_fit_inputs(result)
        if limits:
            for inputs in every:
                yield _limits(limits, inputs, _read_unlimited(run, inputs.final_state))
            yield _couplings(flavour_points(limits), limits)
        for inputs in every:
            yield _spectrum(result, inputs)
        for inputs in every:
            if (cutflow := _cutflow(result, inputs)) is not None:
                yield cutflow


def without_simulation_statistics(workspace: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workspace without the statistical uncertainties of the simulation, as if it had no end."""
    channels = [
        {
            **channel,
            "samples": [
                {
                    **sample,
                    "modifiers": [
                        item
                        for item in sample["modifiers"]
                        if item["type"] != "staterror" and item["name"] != SIGNAL_STATISTICS
                    ],
                }
                for sample in channel["samples"]
            ],
        }
        for channel in workspace["channels"]
    ]
    (measurement,) = workspace["measurements"]
    config = measurement["config"]
    kept = [item for item in config["parameters"] if not item["name"].startswith("staterror")]
    return {
        **workspace,
        "channels": channels,
        "measurements": [{**measurement, "config": {**config, "parameters": kept}}],
    }


def unlimited_simulation(run: Path, confidence_level: float) -> list[dict[str, Any]]:
    """Return the median expected limits of the run's workspaces without simulation statistics.

    Each with ``final_state``, ``mass`` in GeV and ``expected``; those without a limit are left out. Written
    to ``RUN/limits_unlimited_simulation.json``.
    """
    folder = run / WORKSPACES
    listed = read_json(folder / INDEX)["points"]
    workspaces = {
        item["file"]: without_simulation_statistics(json.loads((folder / item["file"]).read_bytes()))
        for item in listed
    }
    answers = limits_of(workspaces, confidence_level=confidence_level)
    points = [
        {"final_state": item["final_state"], "mass": item["mass"], "expected": answer.outcome.expected[2]}
        for item, answer in zip(listed, answers, strict=True)
        if not isinstance(answer.outcome, Failure)
    ]
    write_json(run / UNLIMITED, {"schema": SCHEMA, "points": points})
    return points


def _read_unlimited(run: Path, final_state: str | None) -> dict[float, float]:
    if not (run / UNLIMITED).exists():
        return {}
    points = read_json(run / UNLIMITED)["points"]
    return {item["mass"]: item["expected"] for item in points if item["final_state"] == final_state}


def _limits(limits: Limits, inputs: FitInputs, unlimited: dict[float, float]) -> Section:
    state = inputs.final_state or ""
    own = limits.of(state)
    low, high = BELLE_II[state]
    caption = (
        f"At {limits.confidence_level:.0%} confidence level, {limits.method}. Dotted: the median if the "
        "simulation had no end. Belle II observed limits from "
        f"{low:.1e} to {high:.1e} at these masses with the same luminosity (arXiv:2212.03634)."
    )
    thin = len(own.thinly_simulated)
    notes = [f"{place} has no limit: {reason}" for place, reason in own.failed.items()]
    if thin:
        notes.append(
            f"At {thin} of {len(own.points)} masses the background is simulated with fewer events than are "
            "expected of the data: the statistics of the simulation widen these limits."
        )
    notes += [f"{point.mass:g} GeV: {flag}" for point in own.points for flag in point.flags]
    if limits.missing_processes:
        notes.append(
            f"Backgrounds without a dataset are not in these limits: {', '.join(limits.missing_processes)}."
        )
    rows = [
        (point.mass, point.observed, *point.expected, unlimited.get(point.mass, "–")) for point in own.points
    ]
    found = [
        (p.mass, p.diagnostics["resolution"], p.diagnostics["signal_efficiency"], p.diagnostics["best_fit"])
        for p in own.points
    ]
    title = f"{LEPTONS[state]}: upper limits on the ratio of branching fractions"
    return Section(
        title,
        "On the branching fraction over that of the decay with two neutrinos, at "
        f"{limits.luminosity_fb:g}/fb. {FITTED[limits.data].format(limits.seed)} "
        "The sum of all τ pairs floats.",
        (Drawing(f"limit_ratio_{state}", plot_ratio_limit(limits, state, unlimited), title, caption),),
        (
            Table(title, ("mass [GeV]", *BANDS, "expected, simulation without end"), rows),
            Table(
                f"{LEPTONS[state]}: what they stand on",
                ("mass [GeV]", "width of x", "signal efficiency", "best fit"),
                found,
            ),
        ),
        tuple(notes),
    )


def _couplings(points: Sequence[FlavourPoint], limits: Limits) -> Section:
    rows = [
        (LEPTONS[p.final_state], p.mass, p.observed, p.expected[2], p.observed_scale, p.expected_scale[2])
        for p in points
    ]
    return Section(
        "Branching fractions and couplings",
        "B(τ → ℓα) follows from the ratio with B(τ → eνν̄) = 17.82 % and B(τ → μνν̄) = 17.39 % (PDG 2024), "
        "and the scale F = 2f/√(|C_V|² + |C_A|²) of an axion-like particle from the width "
        "(arXiv:2006.04795). The signal is simulated isotropic in the frame of the τ, as vector or "
        "axial-vector alone give it.",
        (
            Drawing(
                "limit_scale",
                plot_scale_limit(points, limits.confidence_level, limits.luminosity_fb),
                "Lower limits on the scale of the coupling",
                "Below the curves a coupling of this size is excluded; bands are one standard deviation.",
            ),
        ),
        (
            Table(
                "Upper limits on B(τ → ℓα), lower limits on F",
                (
                    "decay",
                    "mass [GeV]",
                    "B, observed",
                    "B, expected",
                    "F, observed [GeV]",
                    "F, expected [GeV]",
                ),
                rows,
            ),
        ),
    )


def _spectrum(result: RunResult, inputs: FitInputs) -> Section:
    state = inputs.final_state or ""
    fitted = (
        f"The points are one random draw of the expected background (seed {inputs.seed}), not data."
        if inputs.data == "pseudo"
        else "The points are what is fitted."
    )
    drawings = [
        Drawing(
            f"spectrum_{state}",
            plot_spectrum(inputs, GROUP),
            f"{LEPTONS[state]}: energy of the lepton in the pseudo-rest frame of the τ",
            f"After all cuts, scaled to the luminosity. Signals stand for the ratio in the legend. {fitted}",
        )
    ]
    distributions = plot_distributions(result, inputs.channel, inputs.luminosity_fb, inputs.region)
    if distributions is not None:
        drawings.append(
            Drawing(
                f"distributions_{state}",
                distributions,
                f"{LEPTONS[state]}: other distributions",
                "After all cuts but the one on the quantity drawn. Signals are scaled to the backgrounds.",
            )
        )
    return Section(f"{LEPTONS[state]}: spectra", drawings=tuple(drawings))


def _cutflow(result: RunResult, inputs: FitInputs) -> Section | None:
    channel, state = load_channel(result.channel), inputs.final_state or ""
    cuts, found = flows(result, channel, inputs.luminosity_fb, inputs.region)
    if not found:
        return None
    return Section(
        f"{LEPTONS[state]}: what the cuts do",
        drawings=(
            Drawing(
                f"cutflow_{state}",
                plot_cutflow(cuts, found, inputs.luminosity_fb),
                f"{LEPTONS[state]}: cutflow",
                "Share of the generated events left after each cut, and the events expected after all.",
            ),
            Drawing(
                f"last_cuts_{state}",
                plot_last_cuts(cuts, found),
                f"{LEPTONS[state]}: what each cut does",
                "Efficiency of each cut when all the others have been made, in per cent.",
            ),
        ),
    )
