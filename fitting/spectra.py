"""Histograms of a run as physics: by process, scaled to a luminosity, with their variances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from darkbelle.channels import Channel, Fit
from darkbelle.errors import ConfigurationError, FitError
from darkbelle.results import NOMINAL, HistogramKey
from darkbelle.runfolder import DatasetResult, RunResult
from darkbelle.vectors import Column

__all__ = [
    "ProcessSpectra",
    "Spectrum",
    "background_spectra",
    "data_luminosity",
    "data_spectrum",
    "pseudo_data",
    "signal_spectra",
    "total",
]


@dataclass(frozen=True)
class Spectrum:
    """Contents of a histogram and their variances, flow bins left out; arrays of the axes' shape."""

    values: Column
    variances: Column

    @property
    def as_plane(self) -> Spectrum:
        """The spectrum with two axes: a second one of a single bin, where it has but one."""
        rows = self.values.shape[0]
        return Spectrum(self.values.reshape(rows, -1), self.variances.reshape(rows, -1))

    def __add__(self, other: Spectrum) -> Spectrum:
        """Return the sum of two independent spectra."""
        return Spectrum(self.values + other.values, self.variances + other.variances)

    def scaled(self, factor: float) -> Spectrum:
        """Return the spectrum times an exactly known factor."""
        return Spectrum(self.values * factor, self.variances * factor**2)


@dataclass(frozen=True)
class ProcessSpectra:
    """One process: its nominal spectrum and those of its shifts.

    Parameters
    ----------
    nominal
        Expected events.
    shifts
        By systematic: the spectra one standard deviation up and down.
    event_weight
        Expected events that one simulated event stands for, the largest of the datasets: what an
        empty bin may hide.
    produced
        Expected events before any selection.
    """

    nominal: Spectrum
    shifts: dict[str, tuple[Spectrum, Spectrum]]
    event_weight: float
    produced: float

    @property
    def as_planes(self) -> ProcessSpectra:
        """All of its spectra with two axes, see `Spectrum.as_plane`."""
        shifts = {name: (up.as_plane, down.as_plane) for name, (up, down) in self.shifts.items()}
        return replace(self, nominal=self.nominal.as_plane, shifts=shifts)

    def __add__(self, other: ProcessSpectra) -> ProcessSpectra:
        """Return the sum of two samples, whose shifts are the same sources."""
        shifts = {
            name: (up + other.shifts[name][0], down + other.shifts[name][1])
            for name, (up, down) in self.shifts.items()
        }
        return ProcessSpectra(
            self.nominal + other.nominal,
            shifts,
            max(self.event_weight, other.event_weight),
            self.produced + other.produced,
        )


def total(spectra: Iterable[Spectrum]) -> Spectrum:
    """Return the sum of at least one spectrum."""
    first, *rest = spectra
    return sum(rest, start=first)


def background_spectra(
    result: RunResult, channel: Channel, region: str, observable: str, luminosity_fb: float
) -> dict[str, ProcessSpectra]:
    """Return each background's expected spectra at a luminosity, in the channel's order.

    Several datasets of one process are exclusive parts of it: they are scaled each by its own cross
    section and then added. Processes without a dataset are absent.

    Raises
    ------
    ConfigurationError
        A dataset is of a process that the channel does not declare.
    FitError
        A histogram, such as that of a declared shift, is missing; or there is no background at all.
    """
    _check_processes(result, channel)
    spectra: dict[str, ProcessSpectra] = {}
    for process in channel.backgrounds:
        parts = [
            _process_spectra(name, item, channel, region, observable, item.scale_to(luminosity_fb))
            for name, item in sorted(result.datasets.items())
            if item.dataset.process == process
        ]
        if parts:
            spectra[process] = sum(parts[1:], start=parts[0])
    if not spectra:
        raise FitError(
            f"the run has no dataset of a background of {channel.name!r}, expected some of "
            f"{', '.join(channel.backgrounds)}; add them to the dataset file"
        )
    return spectra


def signal_spectra(
    result: RunResult,
    channel: Channel,
    region: str,
    observable: str,
    luminosity_fb: float,
    fit: Fit | None = None,
) -> dict[float, ProcessSpectra]:
    """Return the signal's spectra for one unit of it at a luminosity, by rising mass in GeV.

    A unit is a cross section of 1 fb, or the branching fraction that ``fit`` measures it in. Datasets of one
    mass are more statistics of one thing: their events are added and normalised to the sum of what was
    generated. Those of other final states than that of ``fit`` are left out.

    Raises
    ------
    FitError
        A dataset of signal says no mass, or a histogram is missing.
    """
    fit = fit or Fit(observable=observable)
    by_mass: dict[float, list[tuple[str, DatasetResult]]] = {}
    for name, item in sorted(result.datasets.items()):
        if item.dataset.process == channel.signal and item.dataset.final_state == fit.final_state:
            if item.dataset.mass is None:
                raise FitError(f"dataset {name!r} is of signal but states no mass; add `mass:` in GeV to it")
            by_mass.setdefault(item.dataset.mass, []).append((name, item))
    spectra = {}
    for mass, items in sorted(by_mass.items()):
        generated = sum(_generated(item) for _, item in items)
        parts = [
            _process_spectra(
                name, item, channel, region, observable, luminosity_fb * _unit(item, fit) / generated
            )
            for name, item in items
        ]
        spectra[mass] = sum(parts[1:], start=parts[0])
    return spectra


def data_spectrum(result: RunResult, region: str, observable: str) -> Spectrum:
    """Return the spectrum of recorded data.

    Raises
    ------
    FitError
        The run has no data.
    """
    parts = [
        _spectrum(name, item, HistogramKey(region, observable))
        for name, item in sorted(result.datasets.items())
        if item.dataset.is_data
    ]
    if not parts:
        raise FitError(
            "observed limits need data, but the run has no dataset of process 'data'; use pseudo-data"
        )
    return total(parts)


def data_luminosity(result: RunResult) -> float:
    """Return the integrated luminosity of the data that was processed, 1/fb; 0 without data."""
    return sum(
        (item.dataset.luminosity_fb or 0.0) * item.processed_share
        for item in result.datasets.values()
        if item.dataset.is_data
    )


def pseudo_data(expected: Column, seed: int, stream: int = 0) -> NDArray[np.int64]:
    """Return one Poisson draw of an expectation, equal for equal seeds; other streams are independent.

    It is drawn in fine bins, once for the whole spectrum, so that overlapping windows of
    neighbouring hypotheses see the same pseudo-data.

    Raises
    ------
    FitError
        An expectation is negative.
    """
    if np.any(expected < 0):
        raise FitError(
            f"cannot draw pseudo-data: {np.count_nonzero(expected < 0)} fine bins of the background are "
            "negative; negative event weights need more simulated events"
        )
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream,) if stream else ()))
    return rng.poisson(expected)


def _check_processes(result: RunResult, channel: Channel) -> None:
    for name, item in result.datasets.items():
        if not item.dataset.is_data and item.dataset.process not in channel.processes:
            raise ConfigurationError(
                f"dataset {name!r} is of process {item.dataset.process!r}, which channel {channel.name!r} "
                f"does not declare; it declares {', '.join(channel.processes)}"
            )


def _generated(item: DatasetResult) -> float:
    return (item.dataset.generated_events or 0) * item.processed_share


def _unit(item: DatasetResult, fit: Fit) -> float:
    """Return the cross section of one unit of signal, fb."""
    if fit.branching_fraction is None:
        return 1.0
    return item.dataset.scale_to(1.0) * (item.dataset.generated_events or 0) * fit.branching_fraction


def _process_spectra(
    name: str, item: DatasetResult, channel: Channel, region: str, observable: str, scale: float
) -> ProcessSpectra:
    nominal = _spectrum(name, item, HistogramKey(region, observable, NOMINAL)).scaled(scale)
    shifts = {}
    for shift, systematic in channel.shifts.items():
        if systematic.processes and item.dataset.process not in systematic.processes:
            continue
        up, down = (
            _spectrum(name, item, HistogramKey(region, observable, f"{shift}_{way}")).scaled(scale)
            for way in ("up", "down")
        )
        shifts[shift] = (up, down)
    return ProcessSpectra(nominal, shifts, scale, scale * _generated(item))


def _spectrum(name: str, item: DatasetResult, key: HistogramKey) -> Spectrum:
    if key not in item.output.histograms:
        raise FitError(
            f"dataset {name!r} has no histogram {'/'.join(key)}; its processor did not fill it, "
            "or the run is of an older version: run it again"
        )
    histogram = item.output.histograms[key]
    return Spectrum(
        np.asarray(histogram.values(flow=False), dtype=np.float64),
        np.asarray(histogram.variances(flow=False), dtype=np.float64),
    )
