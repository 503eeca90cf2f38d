"""Runs of the collision energy whose spectra are drawn from known peaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import hist
import numpy as np
import pytest

from darkbelle.channels import load_channel
from darkbelle.datasets import Dataset
from darkbelle.results import ChunkOutput, HistogramKey
from darkbelle.runfolder import DatasetResult, RunResult
from darkbelle.vectors import Column

CHANNEL = load_channel("beam_energy")
REGIONS = ("d_zero_pi", "d_pi", "jpsi_k")
WIDTH = 2.3e-3
EVENTS = 8000
CROSS_SECTION = 100.0  # fb, so that the samples are of 80/fb

Made = Callable[..., RunResult]


def peak_at(sqrt_s: float) -> float:
    """Where the peak of a mean energy is: 0.5 MeV low, moving by 0.7 of it, and a little bent."""
    distance = sqrt_s - 10.5796
    return (10.5796 + 0.7 * distance + 10.0 * distance**2) / 2 - 0.5e-3


def histogram(values: Column) -> hist.Hist:
    axis = CHANNEL.axes["b_energy"]
    filled = hist.Hist(hist.axis.Regular(axis.bins, axis.start, axis.stop), storage=hist.storage.Weight())
    return filled.fill(values)


def dataset(
    region: str, process: str, spectra: Mapping[str, Column], sqrt_s: float | None, events: int
) -> DatasetResult:
    output = ChunkOutput(
        1,
        1,
        histograms={
            HistogramKey(region, "b_energy", variation): histogram(values)
            for variation, values in spectra.items()
        },
    )
    described = Dataset(
        process=process,
        files=("a.root",),
        mass=sqrt_s,
        region=region,
        luminosity_fb=80.0 if process == "data" else None,
        cross_section_fb=None if process == "data" else CROSS_SECTION,
        generated_events=None if process == "data" else events,
    )
    return DatasetResult(described, 1, 1, 0, output)


@pytest.fixture(scope="session")
def made() -> Made:
    """Make a run with samples of the energies of the channel, and with others as asked for."""

    def make(
        shift: float = 0.0,
        data: float | None = None,
        options: Mapping[str, object] | None = None,
        energies: tuple[float, ...] = CHANNEL.masses,
    ) -> RunResult:
        rng = np.random.default_rng(1)
        items = {}
        for region in REGIONS:
            for energy in energies:
                nominal = rng.normal(peak_at(energy), WIDTH, EVENTS)
                spectra = {"nominal": nominal}
                for name in CHANNEL.shifts:
                    spectra |= {f"{name}_up": nominal + shift, f"{name}_down": nominal - shift}
                items[f"{region}_{energy}"] = dataset(region, "hadronic_b", spectra, energy, EVENTS)
            # momenta even in d³p, up to 0.55 GeV
            momenta = 0.55 * rng.random(60) ** (1 / 3)
            background = {"nominal": np.sqrt(5.27941**2 + momenta**2)}
            items[f"{region}_ccbar"] = dataset(region, "ccbar", background, None, 800)
            if data is not None:
                recorded = {"nominal": rng.normal(peak_at(data), WIDTH, EVENTS)}
                items[f"{region}_data"] = dataset(region, "data", recorded, None, 0)
        return RunResult("beam_energy", dict(options or {}), items)

    return make
