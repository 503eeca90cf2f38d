"""From spectra to √s: each decay with the bias of its own, and the mean of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import chi2 as chi_squared_distribution

from darkbelle.beams import NOMINAL
from darkbelle.errors import FitError
from darkbelle.fitting.b_energy.estimator import Form, fit_energy
from darkbelle.fitting.b_energy.inputs import MESONS, BEnergyInputs, RegionInputs
from darkbelle.fitting.calibration import Calibration, CalibrationPoint
from darkbelle.fitting.scale.peaks import PeakFit, Tails
from darkbelle.vectors import Column

__all__ = ["Combination", "Estimator", "combined", "estimators"]

DEGREE: Final = 2  # over 8 MeV of √s the bias bends by 0.2 MeV


@dataclass(frozen=True)
class Estimator:
    """How √s is read from the spectrum of one decay; GeV.

    Parameters
    ----------
    inputs
        Its spectra.
    form
        Of the fit.
    tails
        Of its peak in simulation.
    calibration
        The bias of twice the position of the peak.
    """

    inputs: RegionInputs
    form: Form | None
    tails: Tails
    calibration: Calibration

    def fit(self, counts: Column) -> PeakFit:
        """Return the fit of a spectrum."""
        inputs = self.inputs
        return fit_energy(inputs.edges, counts, MESONS[inputs.region].mass, self.tails, self.form)

    def answer(self, fit: PeakFit) -> float:
        """Return √s."""
        return self.calibration.corrected(2 * fit.position)

    def leverage(self, fit: PeakFit) -> float:
        """Return by how much √s moves if the position of the peak does."""
        return 2.0 / (1.0 + self.calibration.slope_at(self.answer(fit)))

    def error(self, fit: PeakFit) -> float:
        """Return the statistical error of √s."""
        return self.leverage(fit) * fit.position_error

    def bias_error(self, fit: PeakFit) -> float:
        """Return what the simulation's statistics leave unknown of √s."""
        return self.leverage(fit) / 2 * self.calibration.error_at(self.answer(fit))

    def whole_error(self, fit: PeakFit) -> float:
        """Return both together."""
        return float(np.hypot(self.error(fit), self.bias_error(fit)))


@dataclass(frozen=True)
class Combination:
    """The mean of all decays, weighted by their statistical errors and those of their biases; GeV.

    Parameters
    ----------
    estimators, fits
        By region.
    weights
        Likewise; their sum is 1.
    """

    estimators: Mapping[str, Estimator]
    fits: Mapping[str, PeakFit]
    weights: Mapping[str, float]

    @property
    def answers(self) -> dict[str, float]:
        """√s of each decay."""
        return {region: estimator.answer(self.fits[region]) for region, estimator in self.estimators.items()}

    @property
    def value(self) -> float:
        """√s."""
        return self.mean(self.answers)

    @property
    def stat(self) -> float:
        """Its statistical error."""
        return self._quadratic({r: e.error(self.fits[r]) for r, e in self.estimators.items()})

    @property
    def bias_error(self) -> float:
        """What the simulation's statistics leave unknown; the decays' are independent."""
        return self._quadratic({r: e.bias_error(self.fits[r]) for r, e in self.estimators.items()})

    @property
    def p_value(self) -> float:
        """Probability that decays differ by more."""
        answers, value = self.answers, self.value
        pulls = [
            (answers[region] - value) / estimator.whole_error(self.fits[region])
            for region, estimator in self.estimators.items()
        ]
        freedom = max(len(pulls) - 1, 1)
        return float(chi_squared_distribution.sf(np.sum(np.square(pulls)), freedom))

    def mean(self, values: Mapping[str, float]) -> float:
        """Return the weighted mean of values by region."""
        return sum(weight * values[region] for region, weight in self.weights.items())

    def _quadratic(self, errors: Mapping[str, float]) -> float:
        return float(np.sqrt(sum((self.weights[region] * error) ** 2 for region, error in errors.items())))


def estimators(
    inputs: BEnergyInputs, energies: tuple[float, ...], form: Form | None = None
) -> dict[str, Estimator]:
    """Return the estimator of each decay, calibrated with samples of some energies.

    Raises
    ------
    FitError
        There are fewer than three energies.
    """
    if len(energies) <= DEGREE:
        raise FitError(
            f"the bias of √s needs samples of {DEGREE + 1} energies and more in each decay, got "
            f"{len(energies)}; simulate others, some MeV apart"
        )
    return {region: _estimator(part, energies, form) for region, part in inputs.regions.items()}


def _estimator(inputs: RegionInputs, energies: tuple[float, ...], form: Form | None) -> Estimator:
    mass = MESONS[inputs.region].mass
    central = min(energies, key=lambda energy: abs(energy - NOMINAL.sqrt_s))
    tails = fit_energy(inputs.edges, inputs.expected(central), mass).tails
    points = []
    for energy in sorted(energies):
        fit = fit_energy(inputs.edges, inputs.expected(energy), mass, tails, form)
        points.append(CalibrationPoint(energy, 2 * fit.position - energy, 2 * fit.position_error))
    return Estimator(inputs, form, tails, Calibration.through(points, NOMINAL.sqrt_s, DEGREE))


def combined(by_region: Mapping[str, Estimator], counts: Mapping[str, Column]) -> Combination:
    """Fit the spectra of all decays and combine them."""
    fits = {region: estimator.fit(counts[region]) for region, estimator in by_region.items()}
    inverse = {region: estimator.whole_error(fits[region]) ** -2.0 for region, estimator in by_region.items()}
    total = sum(inverse.values())
    return Combination(by_region, fits, {region: weight / total for region, weight in inverse.items()})
