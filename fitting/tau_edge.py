r"""The mass of the τ from the edge of the pseudomass, as in arXiv:2305.19116.

:math:`m_\tau = P_1 - b(m_\tau)`: the edge is fitted, and the bias b of the estimator taken off. The bias
is a straight line through the edges of samples simulated with several masses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from darkbelle.channels import Channel, load_channel
from darkbelle.errors import FitError
from darkbelle.fitting.edge import fit_edge
from darkbelle.fitting.measurements import Shift
from darkbelle.fitting.spectra import Spectrum, background_spectra, data_spectrum
from darkbelle.results import NOMINAL, HistogramKey
from darkbelle.runfolder import DatasetResult, RunResult
from darkbelle.vectors import Column

__all__ = [
    "MEV",
    "REFERENCE",
    "Bias",
    "BiasPoint",
    "TauMassInputs",
    "bias_of",
    "closure",
    "counts_of",
    "nearest",
    "tau_mass_inputs",
]

REGION: Final = "sr"
OBSERVABLE: Final = "pseudomass"
SMOOTH: Final = "pseudomass_wide"  # where the backgrounds' lines come from
SMOOTH_RANGE: Final = (1.5, 2.1)  # GeV
REFERENCE: Final = 1.777  # GeV: the bias is a line in the distance to it
MEV: Final = 1e3

Data = Literal["observed", "pseudo"]


@dataclass(frozen=True)
class TauMassInputs:
    """The fine pseudomass spectra of a run, shape (bins,).

    Parameters
    ----------
    channel
        Its declaration.
    edges
        Of the bins, GeV.
    signals
        By simulated mass in GeV: their datasets.
    names
        Of these datasets.
    backgrounds
        By process, for 1/fb: straight lines through the simulation, see `_straight`.
    scale_uncertainty
        Relative error of the momentum scale, from the table that the run's momenta were corrected with;
        None without: then the channel's own.
    energy_uncertainty
        Likewise that of √s, from the measurement that the run was told of.
    """

    channel: Channel
    edges: Column
    signals: Mapping[float, DatasetResult]
    names: Mapping[float, str]
    backgrounds: Mapping[str, Column]
    scale_uncertainty: float | None = None
    energy_uncertainty: float | None = None

    def luminosity_of(self, mass: float) -> float:
        """Return the luminosity that the simulation of a mass amounts to, 1/fb."""
        return 1.0 / self.signals[mass].scale_to(1.0)

    def signal(self, mass: float, variation: str = NOMINAL) -> Spectrum:
        """Return the simulated spectrum of a mass, not scaled.

        Raises
        ------
        FitError
            The variation was not filled.
        """
        key = HistogramKey(REGION, OBSERVABLE, variation)
        histograms = self.signals[mass].output.histograms
        if key not in histograms:
            raise FitError(f"the simulation of {mass:g} GeV has no histogram {'/'.join(key)}; run it again")
        found = histograms[key]
        return Spectrum(np.asarray(found.values(flow=False)), np.asarray(found.variances(flow=False)))

    def as_known(self, source: str, shift: Shift) -> Shift:
        """Return the shift of momentum scale or √s by as much as their control channels leave unknown."""
        known = {"momentum_scale": self.scale_uncertainty, "beam_energy": self.energy_uncertainty}
        return shift.of_control(self.channel.shifts[source].size, known.get(source))

    def background(self, luminosity: float, scales: Mapping[str, float] | None = None) -> Column:
        """Return all backgrounds at a luminosity in 1/fb, some of them scaled besides, shape (bins,)."""
        factors = scales or {}
        parts = [luminosity * factors.get(name, 1.0) * item for name, item in self.backgrounds.items()]
        return np.sum(parts, axis=0) if parts else np.zeros(len(self.edges) - 1)


@dataclass(frozen=True)
class BiasPoint:
    """Of a sample simulated with a mass: its edge minus that mass, and the error of it, GeV.

    ``fluctuation`` is how far a fluctuation of each bin by one standard deviation moves the edge, shape
    (bins,), GeV: two edge functions fitted to one sample share it.
    """

    mass: float
    bias: float
    error: float
    fluctuation: Column


@dataclass(frozen=True)
class Bias:
    """The line through the points: bias = ``offset`` + ``slope`` · (mass − REFERENCE), GeV.

    ``covariance`` is that of offset and slope.
    """

    offset: float
    slope: float
    covariance: Column
    points: tuple[BiasPoint, ...]

    def corrected(self, edge: float) -> float:
        """Return the mass that has this edge, GeV."""
        return (edge - self.offset + self.slope * REFERENCE) / (1.0 + self.slope)

    def shares(self, mass: float) -> Column:
        """Return by how much the line at a mass moves with each of the points, shape (points,)."""
        along = np.array([1.0, mass - REFERENCE])
        distance = np.array([point.mass - REFERENCE for point in self.points])
        weight = np.array([point.error**-2.0 for point in self.points])
        shares: Column = along @ self.covariance @ (np.stack([np.ones_like(distance), distance]) * weight)
        return shares

    def error_at(self, mass: float) -> float:
        """Return the error of the bias at a mass, GeV."""
        along = np.array([1.0, mass - REFERENCE])
        return float(np.sqrt(along @ self.covariance @ along))


def tau_mass_inputs(result: RunResult) -> TauMassInputs:
    """Return the spectra of a run.

    Raises
    ------
    FitError
        Two samples have one mass, or a sample has none.
    """
    channel = load_channel(result.channel)
    signals: dict[float, DatasetResult] = {}
    names: dict[float, str] = {}
    for name, item in sorted(result.datasets.items()):
        if item.dataset.process == channel.signal:
            if item.dataset.mass is None or item.dataset.mass in signals:
                raise FitError(
                    f"dataset {name!r} has the τ mass {item.dataset.mass}, expected one mass a sample; "
                    "give `mass:` in GeV, and put samples of one mass into one dataset"
                )
            signals[item.dataset.mass], names[item.dataset.mass] = item, name
    found = {item.dataset.process for item in result.datasets.values()} & set(channel.backgrounds)
    spectra = background_spectra(result, channel, REGION, SMOOTH, 1.0) if found else {}
    edges, wide = channel.axes[OBSERVABLE].edges, channel.axes[SMOOTH].edges
    backgrounds = {name: _straight(item.nominal, wide, edges) for name, item in spectra.items()}
    scale, energy = (result.processor.get(name) or {} for name in ("momentum_scale", "beam_energy"))
    return TauMassInputs(
        channel, edges, signals, names, backgrounds, scale.get("uncertainty"), energy.get("uncertainty")
    )


def _straight(spectrum: Spectrum, wide: Column, edges: Column) -> Column:
    """Return a background in fine bins: a straight line through its coarse histogram around them.

    Backgrounds have no edge. Their simulation is too small for bins of 0.05 MeV: a single event of a
    weight of some ten would be a peak.
    """
    near = (wide[:-1] > SMOOTH_RANGE[0]) & (wide[1:] < SMOOTH_RANGE[1])
    centre, width = ((wide[1:] + wide[:-1]) / 2)[near], np.diff(wide)[near]
    density = spectrum.values[near] / width
    slope, height = np.polyfit(centre - REFERENCE, density, 1)
    middle = (edges[1:] + edges[:-1]) / 2
    line: Column = np.maximum(height + slope * (middle - REFERENCE), 0.0) * np.diff(edges)
    return line


def nearest(inputs: TauMassInputs) -> float:
    """Return the simulated mass nearest to the PDG's, GeV."""
    return min(inputs.signals, key=lambda mass: abs(mass - REFERENCE))


def counts_of(result: RunResult, inputs: TauMassInputs, taken: float | None, seed: int) -> Column:
    """Return what is fitted, shape (bins,): recorded data, or the sample of a mass taken for them."""
    if taken is None:
        return data_spectrum(result, REGION, OBSERVABLE).values
    return _pseudo_data(inputs, taken, seed)


def bias_of(inputs: TauMassInputs, masses: tuple[float, ...], shape: str = "arctan") -> Bias:
    """Return the estimator's bias from samples of at least two masses, by a weighted straight line.

    Raises
    ------
    FitError
        There are fewer than two.
    """
    if len(masses) < 2:
        raise FitError(
            f"the bias of the edge needs samples with two τ masses and more, got {len(masses)}; "
            "simulate others, some MeV apart"
        )
    points = tuple(_bias_point(inputs, mass, shape) for mass in sorted(masses))
    distance = np.array([point.mass - REFERENCE for point in points])
    weight = np.array([point.error**-2.0 for point in points])
    design = np.stack([np.ones(len(points)), distance])
    covariance = np.linalg.inv(design * weight @ design.T)
    offset, slope = covariance @ (design * weight @ np.array([point.bias for point in points]))
    return Bias(float(offset), float(slope), covariance, points)


def closure(inputs: TauMassInputs, *, seed: int = 1) -> dict[float, tuple[float, float]]:
    """Measure each sample with a bias from the others: by mass, answer − mass and its error, GeV."""
    answers = {}
    for mass in inputs.signals:
        bias = bias_of(inputs, tuple(m for m in inputs.signals if m != mass))
        fit = fit_edge(inputs.edges, _pseudo_data(inputs, mass, seed))
        found = bias.corrected(fit.edge)
        error = np.hypot(fit.edge_error, bias.error_at(found)) / (1.0 + bias.slope)
        answers[mass] = (found - mass, float(error))
    return answers


def _bias_point(inputs: TauMassInputs, mass: float, shape: str) -> BiasPoint:
    signal, background = inputs.signal(mass), inputs.background(inputs.luminosity_of(mass))
    fit = fit_edge(inputs.edges, signal.values + background, shape=shape)
    fluctuation = fit.fluctuations(signal.variances)
    return BiasPoint(mass, fit.edge - mass, float(np.sqrt(np.sum(fluctuation**2))), fluctuation)


def _pseudo_data(inputs: TauMassInputs, mass: float, seed: int) -> Column:
    drawn = np.random.default_rng(seed).poisson(inputs.background(inputs.luminosity_of(mass)))
    return inputs.signal(mass).values + drawn
