"""Make the ntuple that the benchmarks read: 40 branches of basf2's shape, two million rows.

::

    python benchmarks/sample.py FILE [--rows N] [--codec zlib|zstd|lz4]

What matters for the clock is real: the types, how well each column compresses, how many events
pass. Two thirds of the events are pairs with a little missing, a third has a three-body recoil;
one event in twenty has a second candidate. The physics is only as good as that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS
from darkbelle.kernels import boost_from_rest_frame, recoil_mass_squared
from darkbelle.ntuple.writing import Codec, write_ntuple
from darkbelle.vectors import FourVector

Columns = dict[str, NDArray[Any]]
Matrix = NDArray[np.float64]


def sample_columns(rows: int, seed: int = 1) -> Columns:
    """Return the columns of an ntuple by the names of basf2's variables."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    true_plus, true_minus = _pairs_cm(rows, rng)
    truth = [boost_from_rest_frame(muon, NOMINAL.four_vector) for muon in (true_plus, true_minus)]
    measured = [_smeared(muon, rng) for muon in truth]
    columns = _counters(rows, rng)
    for prefix, charge, found, true in zip(("mu_p", "mu_m"), (1, -1), measured, truth, strict=True):
        fields = _muon_fields(found, true, charge, rng)
        columns |= {f"{prefix}_{name}": values for name, values in fields.items()}
    columns |= _event_fields(columns["__ncandidates__"], rng)
    pair = measured[0].plus(measured[1])
    return columns | {"m2Recoil": recoil_mass_squared(pair, NOMINAL.four_vector)}


def _pairs_cm(rows: int, rng: np.random.Generator) -> tuple[FourVector, FourVector]:
    """Return true muon pairs in the CM, mostly back to back."""
    half = NOMINAL.sqrt_s / 2
    loss = np.where(rng.random(rows) < 2 / 3, 0.02, 0.6)
    shares = 1 - loss * rng.random((2, rows))
    direction = rng.normal(size=(3, rows))
    direction /= np.linalg.norm(direction, axis=0)
    other = -direction + loss * rng.normal(size=(3, rows))
    other /= np.linalg.norm(other, axis=0)
    return _muon(half * shares[0] * direction), _muon(half * shares[1] * other)


def _muon(momentum: Matrix) -> FourVector:
    px, py, pz = momentum
    return FourVector.with_mass(px, py, pz, MUON_MASS)


def _smeared(true: FourVector, rng: np.random.Generator) -> FourVector:
    scale = 1 + 4e-3 * rng.normal(size=true.px.size)
    return FourVector.with_mass(true.px * scale, true.py * scale, true.pz * scale, MUON_MASS)


def _counters(rows: int, rng: np.random.Generator) -> Columns:
    """Return the event key, one event in twenty having two candidates."""
    starts = np.ones(rows, dtype=bool)
    starts[1:] = rng.random(rows - 1) > 0.05
    starts[2:] |= ~starts[1:-1]  # never three
    event = np.cumsum(starts)
    n_candidates = np.bincount(event)[event]
    return {
        "__experiment__": np.full(rows, 1003, dtype=np.int32),
        "__run__": np.zeros(rows, dtype=np.int32),
        "__event__": event.astype(np.uint32),
        "__production__": np.full(rows, 1, dtype=np.int32),
        "__candidate__": (~starts).astype(np.int32),
        "__ncandidates__": n_candidates.astype(np.int32),
        "__weight__": np.ones(rows, dtype=np.float32),
    }


def _muon_fields(found: FourVector, true: FourVector, charge: int, rng: np.random.Generator) -> Columns:
    rows = found.px.size
    return {
        "px": found.px,
        "py": found.py,
        "pz": found.pz,
        "E": found.energy,
        "charge": np.full(rows, float(charge)),
        "dr": np.abs(rng.normal(0, 0.02, rows)),
        "dz": rng.normal(0, 0.05, rows),
        "muonID": rng.beta(8, 0.6, rows),
        "mcPX": true.px,
        "mcPY": true.py,
        "mcPZ": true.pz,
    }


def _event_fields(n_candidates: NDArray[np.int32], rng: np.random.Generator) -> Columns:
    """Return event columns; where there are two pairs there is a third track."""
    rows = n_candidates.size
    hard = rng.poisson(0.3, rows)
    beam = NOMINAL.four_vector
    constants = {"beamE": beam.energy, "beamPx": beam.px, "beamPy": beam.py, "beamPz": beam.pz}
    return {
        "nTracks": 1.0 + n_candidates,
        "totalEnergyOfParticlesInList(gamma:all)": rng.exponential(0.1, rows)
        + hard * rng.exponential(0.5, rows),
        "nParticlesInList(gamma:hard)": hard.astype(np.float64),
        "useCMSFrame(angleToMostB2BInList(gamma:hard))": np.where(
            hard > 0, np.arccos(rng.uniform(-1, 1, rows)), np.nan
        ),
        "L1FTDL(ffo)": (rng.random(rows) < 0.9).astype(np.float64),
        "L1FTDL(cdcklm1)": (rng.random(rows) < 0.85).astype(np.float64),
    } | {name: np.full(rows, value[0]) for name, value in constants.items()}


@click.command(help="Write the benchmarks' ntuple to FILE.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rows", default=2_000_000, show_default=True)
@click.option("--codec", type=click.Choice(["zlib", "zstd", "lz4"]), default="zlib", show_default=True)
def main(file: Path, rows: int, codec: Codec) -> None:
    """Write the benchmarks' ntuple."""
    write_ntuple(file, sample_columns(rows), codec=codec)


if __name__ == "__main__":
    main()
