r"""√s from the energies of B mesons, as Belle II corrects it for the mass of the τ, arXiv:2305.19116.

:math:`\sqrt s = 2E_\mathrm{peak} - b(\sqrt s)`. The bias b is a parabola through samples simulated with
several energies. It holds what the beams radiate before they annihilate, and that the resonance prefers some
of the collisions, whose energies spread: if the mean energy rises by 1 MeV, that of the pairs does not by as
much. So b depends on the line shape, whose shifts are systematic uncertainties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.b_energy.combination import Combination, combined, estimators
from darkbelle.fitting.b_energy.estimator import FORMS
from darkbelle.fitting.b_energy.inputs import MESONS, BEnergyInputs, Data, b_energy_inputs
from darkbelle.fitting.measurements import Measurement, Shift, write_measurement
from darkbelle.fitting.spectra import data_luminosity
from darkbelle.runfolder import load_result
from darkbelle.vectors import Column

__all__ = ["closure", "combination_of", "measure", "spectra_of"]

MEV: Final = 1e3


def measure(
    run_dir: str | Path, *, data: Data = "pseudo", energy: float | None = None, seed: int = 1
) -> Measurement:
    """Measure √s in a run, and write ``RUN/fit.json``.

    Parameters
    ----------
    run_dir
        A run folder with merged results.
    data
        ``observed`` fits the run's data; it is asked for by name. ``pseudo`` takes the samples of one energy
        for data, with a draw of the background, and calibrates with the others.
    energy
        Which, GeV; by default that nearest to the nominal one.
    seed
        Of what is drawn.

    Raises
    ------
    FitError
        There are not enough samples to calibrate with, or a fit does not converge.
    """
    result = load_result(run_dir)
    inputs = b_energy_inputs(result)
    taken = None if data == "observed" else (energy or inputs.nearest)
    counts = spectra_of(inputs, taken, seed)
    found = combination_of(inputs, taken, counts)
    luminosity = data_luminosity(result) if taken is None else inputs.luminosity_of(taken)
    shifts = {name: shift.times(MEV) for name, shift in _shifts(inputs, taken, found, counts)}
    measurement = Measurement(
        channel=inputs.channel.name,
        parameter=inputs.channel.poi,
        unit="MeV",
        value=found.value * MEV,
        stat=found.stat * MEV,
        shifts=shifts,
        luminosity_fb=luminosity,
        data=data,
        stat_at=found.stat * MEV * float(np.sqrt(luminosity / inputs.channel.luminosity_fb)),
        details={
            "simulated_sqrt_s": taken,
            "seed": seed,
            "p_value_of_decays": found.p_value,
            "decays": {region: _details(found, region) for region in found.estimators},
        },
    )
    write_measurement(run_dir, measurement)
    return measurement


def spectra_of(inputs: BEnergyInputs, taken: float | None, seed: int) -> dict[str, Column]:
    """Return what is fitted by region: recorded data, or the samples of an energy at one luminosity.

    Raises
    ------
    FitError
        A decay has no data, or there is no sample of that energy.
    """
    if taken is None:
        missing = [name for name, part in inputs.regions.items() if part.data is None]
        if missing:
            raise FitError(f"the run has no data of region {missing[0]!r}; add them, or use pseudo-data")
        return {name: part.data for name, part in inputs.regions.items() if part.data is not None}
    if taken not in inputs.energies:
        known = ", ".join(f"{energy:g}" for energy in inputs.energies)
        raise FitError(f"no samples of all decays have √s = {taken:g} GeV, there are {known}")
    rng = np.random.default_rng(seed)
    luminosity = inputs.luminosity_of(taken)
    return {name: part.pseudo_data(taken, luminosity, rng) for name, part in inputs.regions.items()}


def combination_of(
    inputs: BEnergyInputs,
    taken: float | None,
    counts: Mapping[str, Column],
    form: str = "tails as simulated",
) -> Combination:
    """Return √s of spectra, calibrated with all samples but those taken for data."""
    others = tuple(energy for energy in inputs.energies if energy != taken)
    return combined(estimators(inputs, others, FORMS[form]), counts)


def closure(inputs: BEnergyInputs, *, seed: int = 1) -> dict[float, tuple[float, float]]:
    """Measure the samples of each energy with a bias from the others: answer − energy and its error, GeV."""
    answers = {}
    for energy in inputs.energies:
        found = combination_of(inputs, energy, spectra_of(inputs, energy, seed))
        answers[energy] = (found.value - energy, float(np.hypot(found.stat, found.bias_error)))
    return answers


def _shifts(
    inputs: BEnergyInputs, taken: float | None, found: Combination, counts: Mapping[str, Column]
) -> Iterator[tuple[str, Shift]]:
    """Yield each systematic source with what it does to √s, GeV."""
    nominal = {
        region: estimator.fit(estimator.inputs.expected(inputs.nearest))
        for region, estimator in found.estimators.items()
    }

    def moved(variation: str) -> float:
        return found.mean(
            {
                region: estimator.leverage(nominal[region])
                * (
                    estimator.fit(estimator.inputs.expected(inputs.nearest, variation)).position
                    - nominal[region].position
                )
                for region, estimator in found.estimators.items()
            }
        )

    for name in inputs.channel.shifts:
        shift = Shift(moved(f"{name}_up"), moved(f"{name}_down"), "the shifted events refitted")
        yield name, inputs.as_known(name, shift)
    mass = found.mean(
        {
            region: estimator.leverage(found.fits[region])
            * MESONS[region].error
            * MESONS[region].mass
            / found.fits[region].position
            for region, estimator in found.estimators.items()
        }
    )
    yield "b_mass", Shift(mass, -mass, "m/E of the PDG's errors, those of B+ and B0 taken as one")
    error = found.bias_error
    yield "estimator_bias", Shift(error, -error, "the errors of the parabolas through the samples' biases")
    others = [
        combination_of(inputs, taken, counts, form).value - found.value
        for form in FORMS
        if form != "tails as simulated"
    ]
    yield (
        "fit_function",
        Shift(max(0.0, *others), min(0.0, *others), f"data and samples fitted with: {', '.join(FORMS)}"),
    )


def _details(found: Combination, region: str) -> dict[str, Any]:
    estimator, fit = found.estimators[region], found.fits[region]
    bias = estimator.calibration
    return {
        "value": estimator.answer(fit) * MEV,
        "stat": estimator.error(fit) * MEV,
        "weight": found.weights[region],
        "peak": fit.position * MEV,
        "width": fit.width * MEV,
        "signal": fit.signal,
        "background": fit.background,
        "p_value": fit.p_value,
        "bias": {
            "bias_mev": bias.bias_at(estimator.answer(fit)) * MEV,
            "slope": bias.slope_at(estimator.answer(fit)),
            "points": [
                {"sqrt_s": p.value, "bias_mev": p.bias * MEV, "error_mev": p.error * MEV} for p in bias.points
            ],
        },
    }
