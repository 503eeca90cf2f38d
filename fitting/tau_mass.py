"""The last step of the τ mass: the measurement, its bias, its systematic uncertainties, and their page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from matplotlib.figure import Figure

from darkbelle.channels import Channel
from darkbelle.fitting.analysis import Analysis, Overlay
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.measurements import Measurement, read_measurement
from darkbelle.fitting.page import Drawing, Section, Table
from darkbelle.fitting.plots.edge import plot_bias, plot_edge
from darkbelle.fitting.plots.shifts import plot_shifts
from darkbelle.fitting.tau_edge import MEV, bias_of, closure, counts_of, tau_mass_inputs
from darkbelle.fitting.tau_measurement import measure
from darkbelle.fitting.tau_systematics import PUBLISHED, SIGNIFICANT, limited_by_simulation
from darkbelle.runfolder import FIT, load_result

__all__ = ["TauMass"]


class TauMass(Analysis):
    """One number and what it stands on."""

    outputs: ClassVar = (FIT,)

    def finish(self, run: Path, *, seed: int, workers: int, progress: Progress | None) -> None:  # noqa: ARG002
        """Write ``fit.json``; it takes seconds."""
        measure(run, seed=seed)

    def sections(self, run: Path, *, overlay: Overlay | None = None) -> Iterator[Section]:  # noqa: ARG002
        """Yield the measurement, the bias of the estimator and the systematic uncertainties."""
        if not (run / FIT).exists():
            return
        result = load_result(run)
        measurement, inputs = read_measurement(run), tau_mass_inputs(result)
        taken, seed = measurement.details["simulated_mass"], measurement.details["seed"]
        counts = counts_of(result, inputs, taken, seed)
        yield _answer(measurement, inputs.channel, plot_edge(inputs.edges, counts, measurement))
        masses = tuple(m for m in inputs.signals if m != taken)
        rows = [
            (f"{m * MEV:.2f}", d * MEV, e * MEV, d / e) for m, (d, e) in closure(inputs, seed=seed).items()
        ]
        yield Section(
            "Bias of the edge",
            "The edge lies beside the mass, by radiation and resolution. The line through samples of other "
            "masses is taken off. Closure: each sample is measured with the line through the others.",
            (
                Drawing(
                    "bias",
                    plot_bias(bias_of(inputs, masses)),
                    "Bias of the estimator",
                    "Points are independent samples; the band is the error of the line.",
                ),
            ),
            (Table("Closure [MeV]", ("simulated", "answer − simulated", "error", "pull"), rows),),
        )
        yield _systematics(measurement, inputs.channel)


def _answer(measurement: Measurement, channel: Channel, figure: Figure) -> Section:
    rows = [
        _row("this run", measurement.value, measurement.stat, measurement.syst, measurement.luminosity_fb)
    ]
    if channel.published is not None:
        published = channel.published
        rows.append(
            (published.source, published.value, published.stat, published.syst, channel.luminosity_fb)
        )
    taken = measurement.details["simulated_mass"]
    what = "Recorded collisions."
    if taken is not None:
        sample = f"the sample simulated with {taken * MEV:.2f} MeV"
        what = f"PSEUDO-DATA: {sample}, and a Poisson draw of the backgrounds."
    text = (
        f"{measurement.value:.3f} ± {measurement.stat:.3f} (stat) ± {measurement.syst:.3f} (syst) MeV, from "
        f"{measurement.luminosity_fb:.3g}/fb. {what} At {channel.luminosity_fb:g}/fb the statistical "
        f"uncertainty would be {measurement.stat_at:.3f} MeV."
    )
    goodness = measurement.details["goodness"]
    return Section(
        "The mass of the τ",
        text,
        (
            Drawing(
                "edge",
                figure,
                "Pseudomass and its edge",
                f"Fitted from 1.70 to 1.85 GeV in 3 000 bins; p-value of the fit {goodness:.2g}.",
            ),
        ),
        (Table("Mass of the τ [MeV]", ("from", "value", "stat", "syst", "1/fb"), rows),),
    )


def _row(source: str, value: float, stat: float, syst: float, luminosity_fb: float) -> tuple[object, ...]:
    return source, f"{value:.2f}", f"{stat:.3f}", f"{syst:.3f}", luminosity_fb


def _systematics(measurement: Measurement, channel: Channel) -> Section:
    shifts = measurement.shifts
    motion = measurement.details["kinematics_mev"]
    ordered = [name for name in (*PUBLISHED, *shifts) if name in shifts]
    rows = [
        (
            name.replace("_", " "),
            *_signed(shifts[name].up, shifts[name].down),
            "" if shifts[name].error is None else f"{shifts[name].error:.4f}",
            " / ".join(_signed(*motion[name])) if name in motion else "",
            _published(name),
            shifts[name].how,
        )
        for name in dict.fromkeys(ordered)
    ]
    limited = limited_by_simulation(shifts)
    statistics = [shifts[name].size for name in limited]
    known = [shift.size for name, shift in shifts.items() if name not in limited]
    published = "" if channel.published is None else f" Published: {channel.published.syst} MeV."
    return Section(
        "Systematic uncertainties",
        f"Added in quadrature {measurement.syst:.3f} MeV: {math.hypot(*known):.3f} MeV of shifts larger than "
        f"{SIGNIFICANT:g} of their errors, and {math.hypot(*statistics):.3f} MeV of the others and the "
        f"estimator's bias, which are the statistics of the simulation.{published} Each is a fit of shifted "
        "events, or as said; its error is by the statistics of the events, which are the same before and "
        "after. Where momenta or beams are shifted, it stands beside how far events near the edge move.",
        (
            Drawing(
                "systematics",
                plot_shifts(measurement, PUBLISHED, limited),
                "Systematic shifts",
                "Ticks: error of each shift by the statistics of the simulation. Dashed: the statistical "
                "uncertainty at the channel's luminosity.",
            ),
        ),
        (
            Table(
                "Systematic shifts [MeV]",
                ("source", "up", "down", "error", "events move by", "published", "how"),
                rows,
            ),
        ),
    )


def _signed(*shifts: float) -> tuple[str, ...]:
    return tuple(f"{shift:+.4f}" for shift in shifts)


def _published(name: str) -> str:
    if name not in PUBLISHED:
        return ""
    value = PUBLISHED[name]
    return "< 0.01" if value is None else f"{value:.2f}"
