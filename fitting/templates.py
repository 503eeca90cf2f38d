"""Templates: what a fit of one mass hypothesis is made of, from the histograms of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

import numpy as np

from darkbelle.channels import Axis, Channel, Fit, load_channel
from darkbelle.errors import FitError
from darkbelle.fitting.binning import (
    MINIMUM_ENTRIES,
    Binning,
    effective_entries,
    fit_binning,
    whole_binning,
    window,
)
from darkbelle.fitting.resolution import core_resolution, shortest_interval
from darkbelle.fitting.spectra import (
    ProcessSpectra,
    Spectrum,
    background_spectra,
    data_luminosity,
    data_spectrum,
    pseudo_data,
    signal_spectra,
    total,
)
from darkbelle.runfolder import RunResult
from darkbelle.vectors import Column

__all__ = [
    "Data",
    "FitInputs",
    "MassTemplates",
    "Place",
    "Template",
    "all_fit_inputs",
    "chosen_inputs",
    "fit_inputs",
    "mass_templates",
]

Data = Literal["pseudo", "asimov", "observed"]

COUNTING_WINDOW = 2.0  # resolutions, in which the expected background is quoted


class Place(NamedTuple):
    """Where a limit is set: mass in GeV, and the final state where a channel has several."""

    mass: float
    final_state: str | None = None

    def __str__(self) -> str:
        """Return what the hypothesis is called in messages, such as ``e, 1.2 GeV``."""
        return f"{self.mass:g} GeV" if self.final_state is None else f"{self.final_state}, {self.mass:g} GeV"

    @property
    def stem(self) -> str:
        """What it is called in names of files, such as ``e_mass_01.2000``."""
        name = f"mass_{self.mass:07.4f}"
        return name if self.final_state is None else f"{self.final_state}_{name}"

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the hypothesis whose entries an object of JSON has among others."""
        return cls(content["mass"], content.get("final_state"))

    def as_json(self) -> dict[str, Any]:
        """Return the entries of a JSON object."""
        return {"mass": self.mass} | ({} if self.final_state is None else {"final_state": self.final_state})


@dataclass(frozen=True)
class FitInputs:
    """All fine spectra of a run that the fits of a region need, read and scaled once.

    ``backgrounds`` are by process, ``signals`` by mass and for one unit of the parameter, ``observed`` is
    what is fitted: arrays of shape (mass bins, angle bins), or (bins, 1) of an observable with one axis.
    ``missing`` are declared backgrounds without a dataset. ``between`` are masses whose signal was not
    simulated, with the two that it was interpolated between.
    """

    channel: Channel
    region: str
    fit: Fit
    luminosity_fb: float
    data: Data
    seed: int
    backgrounds: dict[str, ProcessSpectra]
    signals: dict[float, ProcessSpectra]
    observed: Column
    missing: tuple[str, ...]
    between: dict[float, tuple[float, float]] = field(default_factory=dict)

    @property
    def axis(self) -> Axis:
        """The first axis of the observable that is fitted."""
        return self.channel.axes[self.channel.observables[self.fit.observable].axes[0]]

    @property
    def final_state(self) -> str | None:
        """The final state of the signal, where the channel has several."""
        return self.fit.final_state


@dataclass(frozen=True)
class Template:
    """The expected events of one process in the bins of a fit, shape (bins,), with its shifts."""

    values: Column
    variances: Column
    shifts: dict[str, tuple[Column, Column]]


@dataclass(frozen=True)
class MassTemplates:
    """The fit of one mass hypothesis as arrays.

    Parameters
    ----------
    mass
        GeV.
    resolution
        Of the signal's recoil mass squared, GeV², or of what else is fitted.
    binning
        The bins.
    signal
        For one unit of the parameter of interest.
    backgrounds
        By process; those without any simulated event in the window are left out.
    observed
        Events fitted, shape (bins,).
    background_near_peak
        Expected background within ±2 resolutions.
    signal_efficiency
        Share of the generated signal events in the bins.
    unsimulated
        Processes left out, and the events that one more simulated event of theirs would stand for.
    unshifted
        ``process/systematic`` that is left out for want of simulated events.
    between
        The simulated masses that the signal is interpolated between; none if it was simulated.
    """

    mass: float
    resolution: float
    binning: Binning
    signal: Template
    backgrounds: dict[str, Template]
    observed: Column
    background_near_peak: float
    signal_efficiency: float
    unsimulated: dict[str, float]
    unshifted: tuple[str, ...]
    between: tuple[float, float] | None = None


def all_fit_inputs(result: RunResult, data: Data = "pseudo", seed: int = 1) -> list[FitInputs]:
    """Return what `fit_inputs` does for each final state of a channel, one mostly."""
    states = load_channel(result.channel).final_states
    return [fit_inputs(result, data, seed, final_state=state) for state in states]


def chosen_inputs(
    result: RunResult, data: Data = "pseudo", seed: int = 1, final_state: str | None = None
) -> list[FitInputs]:
    """Return what `all_fit_inputs` does, or that of one final state if it is named."""
    if final_state is None:
        return all_fit_inputs(result, data, seed)
    return [fit_inputs(result, data, seed, final_state=final_state)]


def fit_inputs(
    result: RunResult, data: Data = "pseudo", seed: int = 1, *, final_state: str | None = None
) -> FitInputs:
    """Return the fine spectra of a run for its fits.

    Parameters
    ----------
    result
        Of a run.
    data
        What is fitted: ``pseudo``, one Poisson draw of the expected background; ``asimov``, the
        expected background itself; ``observed``, the data of the run. Looking at data is asked for
        by name, never a default.
    seed
        Of the pseudo-data.
    final_state
        Which is fitted, in a channel that has several.
    """
    channel = load_channel(result.channel)
    region, fit = channel.fitted_region(final_state)
    luminosity = data_luminosity(result) if data == "observed" else channel.luminosity_fb
    if data == "observed":
        observed = data_spectrum(result, region, fit.observable).as_plane.values
    found = background_spectra(result, channel, region, fit.observable, luminosity)
    backgrounds = {name: item.as_planes for name, item in found.items()}
    expected = total(item.nominal for item in backgrounds.values()).values
    if data == "pseudo":
        stream = channel.final_states.index(final_state)
        observed = pseudo_data(expected, seed, stream).astype(np.float64)
    elif data == "asimov":
        observed = expected
    signals = signal_spectra(result, channel, region, fit.observable, luminosity, fit)
    return FitInputs(
        channel=channel,
        region=region,
        fit=fit,
        luminosity_fb=luminosity,
        data=data,
        seed=seed,
        backgrounds=backgrounds,
        signals={mass: item.as_planes for mass, item in signals.items()},
        observed=observed,
        missing=tuple(name for name in channel.backgrounds if name not in backgrounds),
    )


def mass_templates(inputs: FitInputs, mass: float) -> MassTemplates:
    """Return the templates for one mass hypothesis, in GeV.

    A background without simulated events in the window is left out and said in ``unsimulated``: to
    put in an invented shape would be worse, to say nothing would be wrong. A shift of a background
    with fewer than ten effective entries in the window is noise and left out likewise: its
    statistical uncertainty, which is kept, is larger.

    Raises
    ------
    FitError
        There is no signal of this mass, none of it in the window, or no simulated background in it.
    """
    axis = inputs.axis
    if mass not in inputs.signals:
        known = ", ".join(f"{m:g}" for m in inputs.signals) or "none"
        raise FitError(
            f"there is no signal of {mass:g} GeV in the run; simulated masses are {known}; `limits "
            "--interpolate` takes others between them"
        )
    signal = inputs.signals[mass]
    background = total(item.nominal for item in inputs.backgrounds.values())
    peak = signal.nominal.values.sum(axis=1)
    resolution = core_resolution(peak, axis.edges)
    if inputs.fit.bins is None:
        centre = mass**2
        binning = fit_binning(background.values, background.variances, axis, centre, resolution)
    else:
        centre = sum(shortest_interval(peak, axis.edges)) / 2
        binning = whole_binning(background.values, background.variances, inputs.fit.bins)
    templates = {name: _template(item, binning) for name, item in inputs.backgrounds.items()}
    simulated = {name: item for name, item in templates.items() if item.values.any()}
    if not simulated:
        raise FitError(
            f"no simulated background event lies in the window of {mass:g} GeV, so nothing can be said "
            "about the expected limit there; simulate more background"
        )
    kept = {name: _without_noise(item) for name, item in simulated.items()}
    near_peak = slice(*window(axis, centre, COUNTING_WINDOW * resolution))
    signal_template = _template(signal, binning)
    _check(mass, {"signal": signal_template, **kept})
    return MassTemplates(
        mass=mass,
        resolution=resolution,
        binning=binning,
        signal=signal_template,
        backgrounds=kept,
        observed=binning.project(inputs.observed),
        background_near_peak=float(background.values[near_peak].sum()),
        signal_efficiency=float(signal_template.values.sum() / signal.produced),
        unsimulated={
            name: inputs.backgrounds[name].event_weight for name in templates if name not in simulated
        },
        unshifted=tuple(
            f"{name}/{shift}"
            for name, item in simulated.items()
            for shift in item.shifts.keys() - kept[name].shifts.keys()
        ),
        between=inputs.between.get(mass),
    )


def _template(spectra: ProcessSpectra, binning: Binning) -> Template:
    def project(spectrum: Spectrum) -> Column:
        return binning.project(spectrum.values)

    return Template(
        project(spectra.nominal),
        binning.project(spectra.nominal.variances),
        {name: (project(up), project(down)) for name, (up, down) in spectra.shifts.items()},
    )


def _without_noise(template: Template) -> Template:
    entries = effective_entries(template.values.sum(keepdims=True), template.variances.sum(keepdims=True))[0]
    if entries >= MINIMUM_ENTRIES:
        return template
    return Template(template.values, template.variances, {})


def _check(mass: float, templates: dict[str, Template]) -> None:
    """Refuse what no likelihood can be built on, naming process, variation and bin."""
    for process, template in templates.items():
        variations = {"nominal": template.values}
        for shift, (up, down) in template.shifts.items():
            variations |= {f"{shift}_up": up, f"{shift}_down": down}
        for variation, values in variations.items():
            if not np.all(np.isfinite(values)) or np.any(values < 0):
                worst = int(np.argmin(np.where(np.isfinite(values), values, -np.inf)))
                raise FitError(
                    f"the template {process}/{variation} for {mass:g} GeV is {values[worst]:g} in bin "
                    f"{worst}, expected at least 0; simulate more events, or look at their weights"
                )
            if values.sum() == 0:
                raise FitError(
                    f"the template {process}/{variation} for {mass:g} GeV is empty; simulate more events"
                )
