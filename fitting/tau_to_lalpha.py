"""The last step of τ → ℓα: limits on ratios, branching fractions and couplings, and their page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from darkbelle.channels import load_channel
from darkbelle.fitting.analysis import Analysis, Overlay
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.further_limits import Case, FurtherLimit, further_limits, read_further_limits
from darkbelle.fitting.lfv import FlavourPoint, flavour_couplings, flavour_points
from darkbelle.fitting.limit_results import Limits, read_limits
from darkbelle.fitting.page import Drawing, Section, Table
from darkbelle.fitting.plots.cutflow import flows, plot_cutflow, plot_last_cuts
from darkbelle.fitting.plots.lepton_alpha import plot_ratio_limit, plot_scale_limit
from darkbelle.fitting.plots.spectra import plot_distributions, plot_spectrum
from darkbelle.fitting.published_ratios import BELLE
from darkbelle.fitting.run_limits import compute_limits
from darkbelle.fitting.run_sections import further_sections
from darkbelle.fitting.run_workspaces import build_workspaces
from darkbelle.fitting.templates import FitInputs, Place, all_fit_inputs
from darkbelle.runfolder import LIMITS, RunResult, load_result

__all__ = ["TauToLeptonAlpha"]

BANDS: Final = ("observed", "−2σ", "−1σ", "expected", "+1σ", "+2σ")
WORKSPACES: Final = "workspaces"
OTHER_LEVEL: Final = 0.90  # which the publication has as well
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
        """Write the workspaces, ``limits.json``, the couplings, and limits in further cases."""
        build_workspaces(run, run / WORKSPACES, seed=seed)
        limits = compute_limits(run, workers=workers, seed=seed, progress=progress)
        flavour_couplings(run)
        cases = Case(OTHER_LEVEL), Case(limits.confidence_level, endless_simulation=True)
        further_limits(run, run / WORKSPACES, cases)

    def sections(self, run: Path, *, overlay: Overlay | None = None) -> Iterator[Section]:  # noqa: ARG002
        """Yield limits, couplings, and for each lepton spectra and cutflow."""
        result = load_result(run)
        limits = read_limits(run) if (run / LIMITS).exists() else None
        every = all_fit_inputs(result, limits.data, limits.seed) if limits else all_fit_inputs(result)
        if limits:
            further = read_further_limits(run)
            for inputs in every:
                yield _limits(limits, inputs, further)
            yield _couplings(flavour_points(limits), limits)
        for inputs in every:
            yield _spectrum(result, inputs)
        for inputs in every:
            if (cutflow := _cutflow(result, inputs)) is not None:
                yield cutflow
        yield from further_sections(run)


def _limits(
    limits: Limits, inputs: FitInputs, further: Mapping[Case, Mapping[Place, FurtherLimit]]
) -> Section:
    state = inputs.final_state or ""
    own = limits.of(state)
    endless = further.get(Case(limits.confidence_level, endless_simulation=True), {})
    unlimited = {at.mass: item.expected[2] for at, item in endless.items() if at.final_state == state}
    caption = (
        f"At {limits.confidence_level:.0%} confidence level, {limits.method}. Dotted: the median if the "
        "simulation had no end. Belle II (arXiv:2212.03634), with the same luminosity, and ARGUS (Z. Phys. "
        "C 68 (1995) 25) at the masses that the Particle Data Group lists. Newer, and stronger, is Belle: "
        f"B(τ → ℓα) below {BELLE[state][0]:.1e} to {BELLE[state][1]:.1e} (arXiv:2503.22195)."
    )
    title = f"{LEPTONS[state]}: upper limits on the ratio of branching fractions"
    return Section(
        title,
        "On the branching fraction over that of the decay with two neutrinos, at "
        f"{limits.luminosity_fb:g}/fb. {FITTED[limits.data].format(limits.seed)} "
        "The sum of all τ pairs floats.",
        (Drawing(f"limit_ratio_{state}", plot_ratio_limit(limits, state, unlimited), title, caption),),
        (
            _limit_table(title, own, unlimited),
            *_other_level(title, own, further.get(Case(OTHER_LEVEL), {})),
            _footing(own),
            _simulated(inputs),
        ),
        _notes(limits, own, unlimited),
    )


def _limit_table(title: str, own: Limits, unlimited: Mapping[float, float]) -> Table:
    rows = [
        (point.mass, point.observed, *point.expected, unlimited.get(point.mass, "–")) for point in own.points
    ]
    heading = f"{title}, {own.confidence_level:.0%} CL"
    return Table(heading, ("mass [GeV]", *BANDS, "expected, simulation without end"), rows)


def _other_level(title: str, own: Limits, found: Mapping[Place, FurtherLimit]) -> Iterator[Table]:
    """Yield the table of limits at the other confidence level, if there are any."""
    rows = [
        (point.mass, found[point.place].observed, *found[point.place].expected)
        for point in own.points
        if point.place in found
    ]
    if rows:
        yield Table(f"{title}, {OTHER_LEVEL:.0%} CL", ("mass [GeV]", *BANDS), rows)


def _footing(own: Limits) -> Table:
    return Table(
        "What they stand on",
        ("mass [GeV]", "width of x", "signal efficiency", "best fit", "background simulated / expected"),
        [
            (
                point.mass,
                point.diagnostics["resolution"],
                point.diagnostics["signal_efficiency"],
                point.diagnostics["best_fit"],
                point.diagnostics["simulated_per_expected"],
            )
            for point in own.points
        ],
    )


def _simulated(inputs: FitInputs) -> Table:
    """Return what the background is made of, and whose simulation its uncertainty comes from."""
    sums = {
        name: (float(item.nominal.values.sum()), float(item.nominal.variances.sum()))
        for name, item in inputs.backgrounds.items()
    }
    whole = sum(variance for _, variance in sums.values())
    return Table(
        "Background after all cuts, and the statistics of its simulation",
        ("process", "events expected", "events that one simulated stands for", "share of the variance [%]"),
        [
            (name, events, variance / events if events else "–", 100 * variance / whole)
            for name, (events, variance) in sums.items()
        ],
    )


def _notes(limits: Limits, own: Limits, unlimited: Mapping[float, float]) -> tuple[str, ...]:
    notes = [f"{place} has no limit: {reason}" for place, reason in own.failed.items()]
    worse = {p.mass: p.expected[2] / unlimited[p.mass] for p in own.points if p.mass in unlimited}
    if worse:
        most = max(worse, key=lambda mass: worse[mass])
        notes.append(
            "The statistics of the simulation raises the expected limits by factors of "
            f"{min(worse.values()):.2f} to {worse[most]:.2f}, most at {most:g} GeV: the background of a bin "
            "is known no better than its simulated events allow, and the last table says which these are. It "
            "is a property of the samples and not of the analysis; --size full has five times the events."
        )
    thin = len(own.thinly_simulated)
    if thin:
        notes.append(
            f"At {thin} of {len(own.points)} masses the background is simulated with fewer events than are "
            "expected of the data."
        )
    flags: dict[str, list[str]] = {}
    for point in own.points:
        for flag in point.flags:
            flags.setdefault(flag, []).append(f"{point.mass:g}")
    for flag, masses in flags.items():
        where = "all masses" if len(masses) == len(own.points) else f"{', '.join(masses)} GeV"
        notes.append(f"At {where}: {flag}")
    if limits.missing_processes:
        notes.append(
            f"Backgrounds without a dataset are not in these limits: {', '.join(limits.missing_processes)}."
        )
    return tuple(notes)


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
        "axial-vector alone give it; for V−A and V+A see docs/tau_to_lalpha.md.",
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
