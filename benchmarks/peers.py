"""The same job done by others: the Z′ selection of data and the recoil histogram.

The peers do less than the processor, which besides counts a cutflow, N−1, NaN and candidates and fills
five more histograms: they cut, and fill the one histogram of the fit.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import uproot
from numpy.typing import NDArray

from darkbelle.channels import load_channel
from darkbelle.constants import MUON_MASS
from darkbelle.datasets import Dataset
from darkbelle.ntuple.names import escape
from darkbelle.ntuple.reading import Layout, RowRange, columns_read, open_rows
from darkbelle.processors import load_processor
from darkbelle.processors.base import empty_histogram
from darkbelle.results import ChunkOutput, HistogramKey
from darkbelle.selections.zprime_invisible import Thresholds

CHANNEL = load_channel("zprime_invisible")
CHUNK_ROWS = 500_000  # the default of darkbelle's runs
TREE = "variables"
MUONS = ("mu_p", "mu_m")
AT = Thresholds()

Columns = dict[str, NDArray[Any]]
Array = NDArray[Any]


class Job(NamedTuple):
    """Selected events, and the contents of the recoil histogram with under- and overflow."""

    selected: int
    values: NDArray[np.float64]


def rows_in(path: Path) -> int:
    """Return the number of rows."""
    with uproot.open(path) as file:
        return int(file[TREE].num_entries)


def opened(path: Path, start: int, stop: int, *, is_data: bool) -> Any:
    """Open rows as a worker does."""
    process, files = "data" if is_data else "mumu", (str(path),)
    dataset = Dataset(
        process=process, files=files, luminosity_fb=1.0, cross_section_fb=1.0, generated_events=1
    )
    metadata = {"dataset": "bench", "process": process, "is_data": is_data, "mass": None, "seed": 1}
    return open_rows(RowRange(str(path), TREE, start, stop), Layout.of(CHANNEL, dataset), metadata)


def darkbelle(path: Path, *, is_data: bool = True) -> Job:
    """Run the processor chunk by chunk."""
    processor, rows = load_processor(CHANNEL.name), rows_in(path)
    output = ChunkOutput.total(
        processor.process(opened(path, start, min(start + CHUNK_ROWS, rows), is_data=is_data))
        for start in range(0, rows, CHUNK_ROWS)
    )
    values = output.histograms[HistogramKey("sr", "recoil")].values(flow=True)
    return Job(int(output.cutflows["sr"].events[-1]), values)


def branches(path: Path, *, is_data: bool = True) -> tuple[str, ...]:
    """Return the branches that the processor reads."""
    rows = opened(path, 0, 100, is_data=is_data)
    load_processor(CHANNEL.name).process(rows)
    return columns_read(rows)


def reading_only(path: Path, names: tuple[str, ...]) -> int:
    """Read branches with uproot, in the same chunks, and do nothing with them; return the rows."""
    rows = rows_in(path)
    with uproot.open(path) as file:
        tree = file[TREE]
        for start in range(0, rows, CHUNK_ROWS):
            for name in names:
                tree[name].array(entry_start=start, entry_stop=start + CHUNK_ROWS, library="np")
    return rows


def reading_at_once(path: Path, names: tuple[str, ...]) -> int:
    """Read branches with one call of uproot's `TTree.arrays`; return the rows."""
    with uproot.open(path) as file:
        return len(file[TREE].arrays(names, library="np")[names[0]])


def pandas(path: Path) -> Job:
    """Cut and fill as notebooks do it, on a data frame of just the branches that are needed."""
    with uproot.open(path) as file:
        frame = file[TREE].arrays(branches(path), library="pd")
    frame = frame[_passes_first(frame)]
    m2, theta, passed = _recoil(frame)
    histogram = empty_histogram(CHANNEL, "recoil")
    histogram.fill(m2[passed], theta[passed], weight=frame["__weight__"].to_numpy()[passed])
    return Job(int(passed.sum()), histogram.values(flow=True))


def _passes_first(frame: Any) -> Any:
    def variable(name: str) -> Any:
        return frame[escape(CHANNEL.columns[name])]

    pt = {m: np.hypot(frame[f"{m}_px"], frame[f"{m}_py"]) for m in MUONS}
    theta = {m: np.degrees(np.arctan2(pt[m], frame[f"{m}_pz"])) for m in MUONS}
    dot = frame["mu_p_px"] * frame["mu_m_px"] + frame["mu_p_py"] * frame["mu_m_py"]
    photon = 180 - np.degrees(variable("angle_to_back_to_back_photon"))
    mask = (variable("n_tracks") == 2) & (frame["mu_p_charge"] * frame["mu_m_charge"] < 0)
    for m in MUONS:
        mask &= (frame[f"{m}_dr"].abs() < AT.max_dr) & (frame[f"{m}_dz"].abs() < AT.max_dz)
        mask &= (frame[f"{m}_muonID"] > AT.min_muon_id) & theta[m].between(*AT.muon_theta)
    mask &= variable("photon_energy_sum") < AT.max_photon_energy_sum
    mask &= ((variable("trigger_ffo") == 1) & (dot < 0)) | (variable("trigger_cdcklm") == 1)
    return mask & ((variable("n_hard_photons") == 0) | (photon > AT.min_photon_to_recoil))


def _recoil(frame: Any) -> tuple[Array, Array, Array]:
    """Return recoil mass², θ* and which events pass the cuts on the recoil, with plain numpy."""
    beam = frame[["beamPx", "beamPy", "beamPz", "beamE"]].to_numpy().T
    muons = [frame[[f"{m}_p{axis}" for axis in "xyz"]].to_numpy().T for m in MUONS]
    muons = [np.vstack([p, np.sqrt((p**2).sum(axis=0) + MUON_MASS**2)]) for p in muons]
    against = beam - muons[0] - muons[1]
    m2 = against[3] ** 2 - (against[:3] ** 2).sum(axis=0)
    theta_lab = np.degrees(np.arctan2(np.hypot(against[0], against[1]), against[2]))
    plus, minus, electron = (_to_cm(p, beam) for p in (*muons, _electron(beam)))
    pair = plus + minus
    theta = np.arccos(-(pair * electron).sum(axis=0) / (_norm(pair) * _norm(electron)))
    faster = _norm(plus) >= _norm(minus)
    fast, slow = np.where(faster, plus, minus), np.where(faster, minus, plus)
    passed = (m2 >= AT.barrel_below_m2_recoil) | (
        (theta_lab >= AT.barrel_theta[0]) & (theta_lab <= AT.barrel_theta[1])
    )
    passed &= _norm(pair) * np.sin(theta) > AT.min_pt_pair
    passed &= _transverse(pair, fast) > AT.min_recoil_transverse_to_fast_muon
    passed &= _transverse(pair, slow) > AT.min_recoil_transverse_to_slow_muon
    s = beam[3] ** 2 - (beam[:3] ** 2).sum(axis=0)
    required = (s - m2) / (2 * np.sqrt(s)) * np.clip(m2 / AT.shares_in_full_from, 0, 1)
    passed &= _norm(pair) * np.sin(theta) > AT.min_pt_pair_share * required
    passed &= _transverse(pair, fast) > AT.min_fast_muon_share * required
    return m2, theta, passed


def _norm(p: Array) -> Array:
    norm: Array = np.sqrt((p**2).sum(axis=0))
    return norm


def _transverse(p: Array, axis: Array) -> Array:
    return _norm(np.cross(p, axis, axis=0)) / _norm(axis)


def _electron(beam: Array) -> Array:
    cosine = np.sqrt(1 - (beam[0] ** 2 + beam[1] ** 2) / beam[3] ** 2)
    energy = (beam[3] + beam[2] / cosine) / 2
    return np.array([beam[0] * energy / beam[3], beam[1] * energy / beam[3], energy * cosine, energy])


def _to_cm(p: Array, beam: Array) -> Array:
    beta = beam[:3] / beam[3]
    gamma = 1 / np.sqrt(1 - (beta**2).sum(axis=0))
    along = (p[:3] * beta).sum(axis=0)
    boosted: Array = p[:3] + beta * (gamma**2 / (gamma + 1) * along - gamma * p[3])
    return boosted


class Rooted(NamedTuple):
    """What RDataFrame did, and its CPU seconds."""

    job: Job
    start_up: float
    event_loop: float


def rdataframe(path: Path, python: Path) -> Rooted:
    """Run the job in ROOT's RDataFrame on one core, with an interpreter that has ROOT."""
    script = Path(__file__).with_name("rdataframe.py")
    axes = [CHANNEL.axes[name] for name in CHANNEL.observables["recoil"].axes]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "values.npy"
        specification = {
            "file": str(path),
            "tree": TREE,
            "output": str(output),
            "columns": {name: escape(raw) for name, raw in CHANNEL.columns.items()},
            "axes": [[axis.bins, axis.start, axis.stop] for axis in axes],
            "thresholds": vars(AT),
            "muon_mass": MUON_MASS,
        }
        command = [str(python), str(script), json.dumps(specification)]
        optimised = {**os.environ, "EXTRA_CLING_ARGS": "-O2"}  # 5 to 15 % faster than ROOT's default
        answer = subprocess.run(command, capture_output=True, text=True, check=True, env=optimised)
        values = np.load(output)
    found = json.loads(answer.stdout.splitlines()[-1])
    logged = re.search(r"Finished event loop number 0 \((\d+\.?\d*)s CPU", answer.stderr)
    if logged is None:
        raise ValueError(f"RDataFrame did not log the time of its event loop, but: {answer.stderr}")
    event_loop = float(logged[1])
    return Rooted(Job(found["selected"], values), found["total"] - event_loop, event_loop)
