from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.ntuple.writing import write_ntuple

Columns = dict[str, NDArray[Any]]


def _modern_columns(events: list[int], seed: int = 1) -> Columns:
    """Columns as basf2 writes them from release 6 on: a pair of muons a row."""
    n = len(events)
    rng = np.random.default_rng(seed)
    number = np.array(events, dtype=np.uint32)
    candidate = np.array([events[:i].count(event) for i, event in enumerate(events)], dtype=np.int32)
    columns: Columns = {
        "__experiment__": np.full(n, 1003, dtype=np.int32),
        "__run__": np.zeros(n, dtype=np.int32),
        "__event__": number,
        "__production__": np.full(n, 7, dtype=np.int32),
        "__candidate__": candidate,
        "__ncandidates__": np.array([events.count(event) for event in events], dtype=np.int32),
        "__weight__": np.ones(n, dtype=np.float32),
    }
    for prefix in ("mu_p", "mu_m"):
        px, py, pz = rng.normal(size=(3, n))
        columns |= {f"{prefix}_px": px, f"{prefix}_py": py, f"{prefix}_pz": pz}
        columns[f"{prefix}_E"] = np.sqrt(px**2 + py**2 + pz**2 + 0.1056583755**2)
        columns[f"{prefix}_pt"] = np.hypot(px, py)
        columns[f"{prefix}_useCMSFrame(p)"] = rng.uniform(size=n)
        columns[f"{prefix}_isSignal"] = np.ones(n)
    columns["nTracks"] = np.full(n, 2, dtype=np.int32)
    columns["nParticlesInList(gamma:hard)"] = rng.integers(0, 3, n).astype(np.float64)
    return columns


@pytest.fixture
def modern_columns() -> Callable[..., Columns]:
    return _modern_columns


@pytest.fixture
def modern_file(tmp_path: Path) -> Path:
    """Six rows of the events 10, 10, 11, 12, 12, 12."""
    path = tmp_path / "modern.root"
    write_ntuple(path, _modern_columns([10, 10, 11, 12, 12, 12]))
    return path


@pytest.fixture
def reference() -> Path:
    folder = Path(__file__).parents[3] / "shared" / "reference" / "basf2"
    if not folder.is_dir():
        pytest.skip(f"no reference files in {folder}")
    return folder
