"""Small ntuples of basf2's shape, with muon pairs that pass the selection now and then."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS
from darkbelle.datasets import Dataset, write_datasets
from darkbelle.ntuple.writing import write_ntuple

Columns = dict[str, NDArray[Any]]


def muons(prefix: str, sign: int, count: int, rng: np.random.Generator) -> Columns:
    momentum = rng.uniform(1.0, 3.5, count)
    theta = rng.uniform(0.7, 2.2, count)
    phi = rng.uniform(-0.6, 0.6, count) + (np.pi / 2) * sign
    px, py = momentum * np.sin(theta) * np.cos(phi), momentum * np.sin(theta) * np.sin(phi)
    pz = momentum * np.cos(theta)
    columns = {
        "px": px,
        "py": py,
        "pz": pz,
        "E": np.hypot(momentum, MUON_MASS),
        "charge": np.full(count, float(sign)),
        "dr": rng.exponential(0.01, count),
        "dz": rng.normal(0, 0.05, count),
        "muonID": rng.uniform(0.3, 1.0, count),
        "mcPX": px + rng.normal(0, 0.005, count),
        "mcPY": py + rng.normal(0, 0.005, count),
        "mcPZ": pz + rng.normal(0, 0.005, count),
    }
    return {f"{prefix}_{name}": values for name, values in columns.items()}


def ntuple(events: int, first_event: int, seed: int, run: int = 0) -> Columns:
    """Columns of some events with one to three candidates each."""
    rng = np.random.default_rng(seed)
    sizes = rng.choice([1, 1, 1, 2, 3], events)
    rows = int(sizes.sum())
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    beams = NOMINAL.four_vector
    return {
        "__experiment__": np.full(rows, 1003, np.int32),
        "__run__": np.full(rows, run, np.int32),
        "__event__": np.repeat(np.arange(first_event, first_event + events), sizes).astype(np.uint32),
        "__production__": np.zeros(rows, np.int32),
        "__candidate__": (np.arange(rows) - starts).astype(np.int32),
        "__ncandidates__": np.repeat(sizes, sizes).astype(np.int32),
        "__weight__": np.ones(rows, np.float32),
        **muons("mu_p", +1, rows, rng),
        **muons("mu_m", -1, rows, rng),
        "nTracks": np.full(rows, 2.0),
        "totalEnergyOfParticlesInList(gamma:all)": rng.exponential(0.2, rows),
        "nParticlesInList(gamma:hard)": np.zeros(rows),
        "useCMSFrame(angleToMostB2BInList(gamma:hard))": np.full(rows, np.nan),
        "L1FTDL(ffo)": np.ones(rows),
        "L1FTDL(cdcklm1)": np.ones(rows),
        "beamE": np.full(rows, beams.energy[0]),
        "beamPx": np.full(rows, beams.px[0]),
        "beamPy": np.full(rows, beams.py[0]),
        "beamPz": np.full(rows, beams.pz[0]),
    }


class Samples:
    """A folder of ntuples, and its dataset file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, list[str]] = {}

    ntuple = staticmethod(ntuple)

    def add(self, dataset: str, file: str, columns: Columns | None = None) -> Path:
        """List a file, and write it if there are columns."""
        self.files.setdefault(dataset, []).append(file)
        path = self.folder / file
        if columns is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_ntuple(path, columns)
        return path

    def write(self) -> Path:
        """Write the dataset file; what is called data is data, all else simulated ``mumu``."""
        datasets = {
            name: Dataset(process="data", files=tuple(files), luminosity_fb=1.0)
            if name.startswith("data")
            else Dataset(
                process="mumu", files=tuple(files), cross_section_fb=1e6, generated_events=1000 * len(files)
            )
            for name, files in self.files.items()
        }
        path = self.folder / "datasets.yaml"
        write_datasets(path, datasets)
        return path


@pytest.fixture(scope="session")
def pool() -> Iterator[None]:
    """The environment of a real HTCondor pool, whose folder the variable CONDOR_POOL names."""
    folder = os.environ.get("CONDOR_POOL")
    if not folder:
        pytest.skip("no HTCondor pool: start one, and set CONDOR_POOL to its folder")
    text = subprocess.run(
        ["/bin/sh", "-c", '. "$0/env.sh" && env -0', folder], capture_output=True, text=True, check=True
    ).stdout
    with pytest.MonkeyPatch.context() as patch:
        for line in text.split("\0"):
            name, equals, value = line.partition("=")
            if equals and (name == "PATH" or name.startswith("CONDOR_")):
                patch.setenv(name, value)
        # jobs import what these tests import: darkbelle, and work from the folder of executors
        works = str(Path(__file__).parent / "executors")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [works, os.environ.get("PYTHONPATH")])))
        yield


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    """An empty folder for ntuples."""
    folder = tmp_path / "samples"
    folder.mkdir()
    return Samples(folder)


@pytest.fixture(scope="session")
def two_datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset file of two datasets, three good files, some 3000 rows."""
    made = Samples(tmp_path_factory.mktemp("samples"))
    made.add("mumu", "a.root", ntuple(600, 0, seed=1))
    made.add("mumu", "b.root", ntuple(500, 600, seed=2))
    made.add("data", "c.root", ntuple(700, 0, seed=3, run=7))
    return made.write()


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Simulate some hundred events for a channel, for each region where ntuples are of one; a dataset file.

    Each sample is there once more as data, in which events may well be in several regions.
    """

    @cache
    def simulate(channel: str) -> Path:
        from darkbelle.simulation.samples import catalogue, make_samples  # which takes seconds

        folder = tmp_path_factory.mktemp(channel)
        first = {request.region: request for request in reversed(catalogue(channel, "small", seed=1))}
        requests = [replace(request, events=400, block=200) for request in first.values()]
        datasets = make_samples(requests, folder)
        for name, made in list(datasets.items()):
            datasets[f"data_{name}"] = Dataset(
                process="data", files=made.files, region=made.region, luminosity_fb=1.0
            )
        write_datasets(folder / "datasets.yaml", datasets)
        return folder / "datasets.yaml"

    return simulate


@pytest.fixture(scope="session")
def products() -> Callable[[Path], dict[str, bytes]]:
    """Read what must be the same bytes however a run is made."""
    return lambda run: {
        name: (run / name).read_bytes() for name in ("result.json", "histograms.json", "cutflow.json")
    }
