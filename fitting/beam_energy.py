"""The last step of the collision energy: √s, its biases and uncertainties, and their page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

from darkbelle.fitting.analysis import Analysis, Overlay
from darkbelle.fitting.b_energy.combination import Combination
from darkbelle.fitting.b_energy.inputs import b_energy_inputs
from darkbelle.fitting.b_energy.measurement import closure, combination_of, measure, spectra_of
from darkbelle.fitting.engines.base import Progress
from darkbelle.fitting.measurements import Measurement, read_measurement
from darkbelle.fitting.page import Drawing, Section, Table
from darkbelle.fitting.plots.b_energy import plot_biases, plot_decays, plot_energies
from darkbelle.fitting.plots.shifts import plot_shifts
from darkbelle.runfolder import FIT, load_result

__all__ = ["BeamEnergy"]

MEV: Final = 1e3


class BeamEnergy(Analysis):
    """One number from three decays, and what it stands on."""

    outputs: ClassVar = (FIT,)

    def finish(self, run: Path, *, seed: int, workers: int, progress: Progress | None) -> None:  # noqa: ARG002
        """Write ``fit.json``; it takes seconds."""
        measure(run, seed=seed)

    def sections(self, run: Path, *, overlay: Overlay | None = None) -> Iterator[Section]:  # noqa: ARG002
        """Yield the measurement, the biases of the estimator and the systematic uncertainties."""
        if not (run / FIT).exists():
            return
        measurement, inputs = read_measurement(run), b_energy_inputs(load_result(run))
        taken, seed = measurement.details["simulated_sqrt_s"], measurement.details["seed"]
        counts = spectra_of(inputs, taken, seed)
        found = combination_of(inputs, taken, counts)
        peaks = Drawing(
            "energies",
            plot_energies(found, counts, measurement),
            "Energies of B mesons",
            "The peak stands lower than half of √s: the beams radiate before they annihilate.",
        )
        yield _answer(measurement, found, peaks)
        rows = [
            (f"{energy * MEV:.1f}", difference * MEV, error * MEV, difference / error)
            for energy, (difference, error) in closure(inputs, seed=seed).items()
        ]
        yield Section(
            "Bias of the peak",
            "Twice the energy of the peak is not √s: photons of the beams take some 1 MeV of a pair, and the "
            "resonance, 20 MeV wide, prefers some of the collisions, which spread by 5 MeV, so that pairs "
            "follow the mean of all collisions by less than it moves. A parabola through samples of other "
            "energies is taken off. Closure: each energy is measured with those through the others.",
            (
                Drawing(
                    "biases",
                    plot_biases(found),
                    "Bias of twice the peak",
                    "Points are independent samples; bands are the errors of the parabolas.",
                ),
            ),
            (Table("Closure [MeV]", ("simulated √s", "answer − simulated", "error", "pull"), rows),),
        )
        yield _systematics(measurement)


def _answer(measurement: Measurement, found: Combination, peaks: Drawing) -> Section:
    taken = measurement.details["simulated_sqrt_s"]
    what = "Recorded collisions."
    if taken is not None:
        samples = f"the samples simulated with {taken * MEV:.2f} MeV"
        what = f"PSEUDO-DATA: {samples}, and a Poisson draw of the backgrounds."
    text = (
        f"√s = {measurement.value:.3f} ± {measurement.stat:.3f} (stat) ± {measurement.syst:.3f} (syst) MeV, "
        f"from {measurement.luminosity_fb:.3g}/fb. {what} It is the mean of all collisions. The decays agree "
        f"with a p-value of {found.p_value:.2g}."
    )
    rows = [
        (
            region.replace("_", " "),
            f"{found.answers[region] * MEV:.3f}",
            f"{estimator.error(found.fits[region]) * MEV:.3f}",
            found.weights[region],
            f"{found.fits[region].signal:.0f}",
            f"{found.fits[region].background:.0f}",
            f"{found.fits[region].width * MEV:.2f}",
            found.fits[region].p_value,
        )
        for region, estimator in found.estimators.items()
    ]
    columns = ("decay", "√s", "stat", "weight", "signal", "background", "width of the peak", "p-value")
    decays = Drawing(
        "decays",
        plot_decays(found, measurement),
        "√s from each decay",
        "Inner bars are statistical, outer ones have the errors of the biases in them.",
    )
    return Section("√s", text, (peaks, decays), (Table("Energies in MeV", columns, rows),))


def _systematics(measurement: Measurement) -> Section:
    rows = [
        (name.replace("_", " "), shift.up, shift.down, shift.how)
        for name, shift in sorted(measurement.shifts.items(), key=lambda item: -item[1].size)
    ]
    return Section(
        "Systematic uncertainties",
        f"Added in quadrature {measurement.syst:.3f} MeV. Each is a fit anew of shifted events, or as said.",
        (
            Drawing(
                "systematics",
                plot_shifts(measurement, limited={"estimator_bias"}),
                "Systematic shifts",
                "Dashed: the statistical uncertainty at the channel's luminosity.",
            ),
        ),
        (Table("Systematic shifts [MeV]", ("source", "up", "down", "how"), rows),),
    )
