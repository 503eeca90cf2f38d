"""A toy run: Gaussian peaks on smooth backgrounds, in the channel's axes, on disk as a run writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import hist
import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.channels import Channel, load_channel
from darkbelle.datasets import Dataset
from darkbelle.results import ChunkOutput, Cutflow, HistogramKey, encode_output
from darkbelle.runfolder import CUTFLOW, HISTOGRAMS, RESULT, DatasetResult, RunResult, write_json

GENERATED = 20_000
MASSES = (1.0, 4.0, 7.0)
CUTS = ("two_tracks", "muons", "trigger", "photon_veto", "tau_suppression")


@dataclass(frozen=True)
class Toy:
    """A process of the toy run: its cross section in fb, and its M² and θ* as functions of a generator."""

    process: str
    cross_section_fb: float
    mass: float | None = None


TOYS = {
    "mumu": Toy("mumu", 250.0),
    "tautau": Toy("tautau", 60.0),
    "eemumu": Toy("eemumu", 90.0),
    **{f"zprime_{mass:g}": Toy("zprime", 12.0, mass) for mass in MASSES},
}


def resolution_of(mass: float) -> float:
    """Return the standard deviation of the toy signal's recoil mass squared, GeV²."""
    return 0.8 - 0.07 * mass


def mass_squared(toy: Toy, rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw recoil masses squared, GeV²."""
    if toy.mass is not None:
        return rng.normal(toy.mass**2, resolution_of(toy.mass), size)
    if toy.process == "mumu":
        return rng.exponential(6.0, size) - 2.0
    if toy.process == "tautau":
        return rng.normal(30.0, 15.0, size)
    return 100.0 * rng.beta(6.0, 2.0, size)


def toy_output(toy: Toy, channel: Channel, seed: int) -> ChunkOutput:
    """Return what a processor would fill: 40 % of the events pass."""
    rng = np.random.default_rng(seed)
    size = int(0.4 * GENERATED)
    m2 = mass_squared(toy, rng, size)
    theta = np.arccos(rng.uniform(-1, 1, size))
    wobble = rng.normal(0.0, 1.0, size)
    histograms = {
        HistogramKey("sr", "recoil"): _filled(channel, ("m2_recoil", "theta_recoil_cm"), m2, theta),
        HistogramKey("sr", "recoil", "recoil_resolution_up"): _filled(
            channel, ("m2_recoil", "theta_recoil_cm"), m2 + 0.2 * wobble, theta
        ),
        HistogramKey("sr", "recoil", "recoil_resolution_down"): _filled(
            channel, ("m2_recoil", "theta_recoil_cm"), m2 - 0.2 * wobble, theta
        ),
    }
    for name in channel.regions["sr"].observables[1:]:
        axis = channel.axes[channel.observables[name].axes[0]]
        draws = rng.normal(0.4 * axis.stop, 0.1 * axis.stop, size)
        histograms[HistogramKey("sr", name)] = _filled(channel, (name,), draws)
    shape = np.linspace(0.0, 1.0, len(CUTS) + 1) ** (1.0 + seed % 3)  # no two processes alike
    passed = np.rint(GENERATED + (size - GENERATED) * shape).astype(np.int64)
    weights = passed.astype(np.float64)
    flow = Cutflow(CUTS, passed, weights, passed[1:] + 100, weights[1:] + 100)
    return ChunkOutput(rows=GENERATED, events=GENERATED, histograms=histograms, cutflows={"sr": flow})


def _filled(channel: Channel, axes: tuple[str, ...], *columns: NDArray[np.float64]) -> hist.Hist:
    histogram = hist.Hist(
        *(
            hist.axis.Regular(
                channel.axes[name].bins, channel.axes[name].start, channel.axes[name].stop, name=name
            )
            for name in axes
        ),
        storage=hist.storage.Weight(),
    )
    return histogram.fill(*columns)


def dataset_result(toy: Toy, output: ChunkOutput, generated: int = GENERATED) -> DatasetResult:
    """Return a dataset all of whose rows were processed."""
    dataset = Dataset(
        process=toy.process,
        files=("toy.root",),
        cross_section_fb=toy.cross_section_fb,
        generated_events=generated,
        mass=toy.mass,
    )
    return DatasetResult(dataset, output.rows, output.rows, 0, output)


@pytest.fixture(scope="session")
def channel() -> Channel:
    return load_channel("zprime_invisible")


@pytest.fixture(scope="session")
def toy_result(channel: Channel) -> RunResult:
    """Three backgrounds (one declared process, mumumumu, is absent) and three masses."""
    datasets = {
        name: dataset_result(toy, toy_output(toy, channel, seed))
        for seed, (name, toy) in enumerate(TOYS.items(), start=11)
    }
    return RunResult("zprime_invisible", {}, datasets)


def write_run(result: RunResult, folder: Path) -> Path:
    """Write a result as `darkbelle merge` does."""
    folder.mkdir(parents=True, exist_ok=True)
    datasets: dict[str, Any] = {}
    histograms: dict[str, Any] = {}
    cutflows: dict[str, Any] = {}
    for name, item in result.datasets.items():
        encoded = encode_output(item.output)
        histograms[name], cutflows[name] = encoded["histograms"], encoded["cutflows"]
        datasets[name] = {
            "metadata": json.loads(item.dataset.model_dump_json()),
            "rows": {
                "planned": item.rows_planned,
                "processed": item.rows_processed,
                "quarantined": item.rows_quarantined,
            },
            "events": item.output.events,
            "counts": {},
        }
    write_json(folder / HISTOGRAMS, {"schema": 1, "histograms": histograms})
    write_json(folder / CUTFLOW, {"schema": 1, "cutflows": cutflows})
    checksums = {name: sha256((folder / name).read_bytes()).hexdigest() for name in (HISTOGRAMS, CUTFLOW)}
    common = {"schema": 1, "channel": result.channel, "processor": result.processor}
    write_json(folder / RESULT, {**common, "datasets": datasets, "checksums": checksums})
    return folder


@pytest.fixture(scope="session")
def toy_run(toy_result: RunResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(toy_result, tmp_path_factory.mktemp("runs") / "toy")


@pytest.fixture(scope="session")
def thin_run(toy_result: RunResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy run with backgrounds two hundred times rarer: a few events are expected at 7 GeV."""
    datasets = {
        name: item
        if item.dataset.mass
        else dataset_result(TOYS[name], item.output, generated=200 * GENERATED)
        for name, item in toy_result.datasets.items()
    }
    return write_run(RunResult("zprime_invisible", {}, datasets), tmp_path_factory.mktemp("runs") / "thin")
