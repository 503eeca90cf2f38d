"""A small ntuple of muon pairs in which every cut of the Z′ selection has something to reject."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.channels import load_channel
from darkbelle.constants import MUON_MASS
from darkbelle.datasets import Dataset
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.ntuple.reading import Layout, RowRange, open_rows
from darkbelle.ntuple.writing import write_ntuple
from darkbelle.vectors import Column, FourVector

Columns = dict[str, NDArray[Any]]
OpenRows = Callable[..., Any]

ROWS = 1200


class Uniforms:
    """Uniform numbers from the raw bits of PCG64, which numpy promises never to change."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def __call__(self, low: float = 0.0, high: float = 1.0) -> Column:
        drawn = np.asarray(self._bits.random_raw(ROWS) >> np.uint64(11), dtype=np.float64) * 2.0**-53
        return low + (high - low) * drawn


def _momenta(uniform: Uniforms) -> FourVector:
    momentum, cosine, phi = uniform(0.5, 5.0), uniform(-0.95, 0.95), uniform(0, 2 * np.pi)
    transverse = momentum * np.sqrt(1 - cosine**2)
    px, py = transverse * np.cos(phi), transverse * np.sin(phi)
    in_cm = FourVector.with_mass(px, py, momentum * cosine, MUON_MASS)
    return boost_from_rest_frame(in_cm, NOMINAL.four_vector)


def _muon(prefix: str, charge: int, uniform: Uniforms) -> Columns:
    true = _momenta(uniform)
    scale = 1 + 0.02 * uniform(-1, 1)
    matched = uniform() > 0.02
    fields = {
        "px": true.px * scale,
        "py": true.py * scale,
        "pz": true.pz * scale,
        "charge": np.where(uniform() > 0.02, charge, -charge).astype(np.float64),
        "dr": uniform(0, 0.52),
        "dz": uniform(-2.1, 2.1),
        "muonID": np.where(uniform() > 0.02, uniform(0.4, 1), np.nan),
        "mcPX": np.where(matched, true.px, np.nan),
        "mcPY": np.where(matched, true.py, np.nan),
        "mcPZ": np.where(matched, true.pz, np.nan),
    }
    return {f"{prefix}_{name}": values for name, values in fields.items()}


def _event(uniform: Uniforms) -> Columns:
    starts = uniform() > 0.1
    starts[0] = True
    event = np.cumsum(starts)
    first = np.flatnonzero(starts)[event - 1]
    hard = np.floor(uniform(0, 1.3))
    columns = {
        "nTracks": 2 + np.floor(uniform(0, 1.1)),
        "totalEnergyOfParticlesInList(gamma:all)": uniform(0, 0.6),
        "nParticlesInList(gamma:hard)": hard,
        "useCMSFrame(angleToMostB2BInList(gamma:hard))": np.where(hard > 0, uniform(0, np.pi), np.nan),
        "L1FTDL(ffo)": np.floor(uniform(0.1, 2)).clip(0, 1),
        "L1FTDL(cdcklm1)": np.floor(uniform(0, 2)),
        "beamE": np.where(uniform() > 0.01, NOMINAL.energy, np.nan),
        "beamPx": np.full(ROWS, NOMINAL.px),
        "beamPy": np.full(ROWS, NOMINAL.py),
        "beamPz": np.full(ROWS, NOMINAL.pz),
    }
    return {name: values[first] for name, values in columns.items()} | {
        "__experiment__": np.full(ROWS, 1003, dtype=np.int32),
        "__run__": np.zeros(ROWS, dtype=np.int32),
        "__event__": event.astype(np.uint32),
        "__production__": np.ones(ROWS, dtype=np.int32),
        "__candidate__": (np.arange(ROWS) - first).astype(np.int32),
        "__ncandidates__": np.bincount(event)[event].astype(np.int32),
        "__weight__": np.where(uniform() > 0.5, 1.0, 1.3)[first].astype(np.float32),
    }


@pytest.fixture(scope="session")
def columns() -> Columns:
    """The ntuple by the names of basf2's variables."""
    uniform = Uniforms(2212_03066)
    return _event(uniform) | _muon("mu_p", +1, uniform) | _muon("mu_m", -1, uniform)


@pytest.fixture(scope="session")
def ntuple(columns: Columns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ntuple") / "pairs.root"
    write_ntuple(path, columns)
    return path


@pytest.fixture(scope="session")
def boundaries(columns: Columns) -> NDArray[np.int64]:
    """The rows in which an event begins, and the number of rows."""
    starts = np.flatnonzero(np.diff(columns["__event__"], prepend=0))
    return np.append(starts, ROWS)


@pytest.fixture(scope="session")
def open_range(ntuple: Path) -> OpenRows:
    """Open a range of rows of the ntuple, as simulation or as data."""

    def opened(start: int = 0, stop: int = ROWS, *, is_data: bool = False, path: Path = ntuple) -> Any:
        if is_data:
            dataset = Dataset(process="data", files=(str(path),), luminosity_fb=1.0)
        else:
            files = (str(path),)
            dataset = Dataset(process="mumu", files=files, cross_section_fb=1.0, generated_events=ROWS)
        layout = Layout.of(load_channel("zprime_invisible"), dataset)
        metadata: dict[str, Any] = {
            "dataset": "pairs",
            "process": dataset.process,
            "is_data": is_data,
            "mass": None,
            "seed": 1,
        }
        return open_rows(RowRange(str(path), "variables", start, stop), layout, metadata)

    return opened
