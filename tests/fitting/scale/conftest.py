"""Decays of charm made by hand, seen by tracks with a biased scale, in run folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from darkbelle.constants import D_PLUS_MASS, D_ZERO_MASS, KAON_MASS, PION_MASS
from darkbelle.datasets import Dataset
from darkbelle.jobs.api import Run, run
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.ntuple.writing import write_ntuple
from darkbelle.vectors import Column, FourVector

Made = Callable[..., Run]

D_STAR_MASS = 2.01026
RESOLUTION = 0.003


def bias_of(cosine: Column, charge: Column) -> Column:
    """A scale that is wrong by up to 2e-3, more for positive tracks."""
    return 6e-4 + 1.2e-3 * cosine + charge * 3e-4 * cosine


def decay(
    mother: FourVector, masses: tuple[float, float], rng: np.random.Generator
) -> tuple[FourVector, ...]:
    """Return two products, isotropic in the rest frame of each mother."""
    squared = mother.mass_squared()
    total, difference = sum(masses), masses[0] - masses[1]
    momentum = np.sqrt((squared - total**2) * (squared - difference**2) / squared) / 2
    cosine, phi = rng.uniform(-1, 1, len(momentum)), rng.uniform(0, 2 * np.pi, len(momentum))
    sine = np.sqrt(1 - cosine**2)
    x, y, z = momentum * sine * np.cos(phi), momentum * sine * np.sin(phi), momentum * cosine
    first = FourVector.with_mass(x, y, z, masses[0])
    second = FourVector.with_mass(-x, -y, -z, masses[1])
    return boost_from_rest_frame(first, mother), boost_from_rest_frame(second, mother)


def measured(prefix: str, true: FourVector, charge: Column, rng: np.random.Generator) -> dict[str, Any]:
    """Return the columns of tracks."""
    size = len(charge)
    cosine = true.pz / np.sqrt(true.px**2 + true.py**2 + true.pz**2)
    scale = (1 + bias_of(cosine, charge)) * (1 + RESOLUTION * rng.normal(size=size))
    fields = {"px": true.px * scale, "py": true.py * scale, "pz": true.pz * scale, "charge": charge}
    fields |= {name: np.zeros(size) for name in ("dr", "dz")}
    fields |= {name: np.ones(size) for name in ("kaonID", "pionID")}
    return {f"{prefix}_{name}": values for name, values in fields.items()}


def mothers(mass: float, size: int, rng: np.random.Generator) -> FourVector:
    """Return mesons of 2 to 4 GeV, forward as in the lab."""
    momentum, cosine = rng.uniform(2.0, 4.0, size), rng.uniform(-0.5, 0.9, size)
    phi, across = rng.uniform(0, 2 * np.pi, size), momentum * np.sqrt(1 - cosine**2)
    return FourVector.with_mass(across * np.cos(phi), across * np.sin(phi), momentum * cosine, mass)


def counters(size: int) -> dict[str, Any]:
    zeros = np.zeros(size, dtype=np.int32)
    return {
        "__experiment__": zeros + 1003,
        "__run__": zeros,
        "__event__": np.arange(size, dtype=np.uint32),
        "__production__": zeros,
        "__candidate__": zeros,
        "__ncandidates__": zeros + 1,
    }


def d_star(size: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    charge = rng.choice([-1.0, 1.0], size)
    neutral, slow = decay(mothers(D_STAR_MASS, size, rng), (D_ZERO_MASS, PION_MASS), rng)
    kaon, pion = decay(neutral, (KAON_MASS, PION_MASS), rng)
    return (
        counters(size)
        | measured("K", kaon, -charge, rng)
        | measured("pi", pion, charge, rng)
        | measured("pi_slow", slow, charge, rng)
        | {"Dst_CMS_p": np.full(size, 3.0)}
    )


def d_plus(size: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    charge = rng.choice([-1.0, 1.0], size)
    kaon, both = decay(mothers(D_PLUS_MASS, size, rng), (KAON_MASS, 0.8), rng)
    first, second = decay(both, (PION_MASS, PION_MASS), rng)
    return (
        counters(size)
        | measured("K", kaon, -charge, rng)
        | measured("pi_1", first, charge, rng)
        | measured("pi_2", second, charge, rng)
        | {"D_CMS_p": np.full(size, 3.0)}
    )


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Dataset]:
    """60 000 D*+ and 40 000 D+."""
    folder = tmp_path_factory.mktemp("charm")
    found = {}
    for region, columns in (("d_star", d_star(60_000, 1)), ("d_plus", d_plus(40_000, 2))):
        path = folder / f"{region}.root"
        write_ntuple(path, columns)
        found[region] = Dataset(
            process="ccbar",
            files=(str(path),),
            region=region,
            cross_section_fb=1.0,
            generated_events=len(columns["K_px"]),
        )
    return found


@pytest.fixture(scope="session")
def made(datasets: dict[str, Dataset], tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Make a run of both, with options of the processor."""

    def new(**options: Any) -> Run:
        return run("momentum_scale", datasets, tmp_path_factory.mktemp("run"), options=options)

    return new


@pytest.fixture(scope="session")
def before(made: Made) -> Run:
    return made()


@pytest.fixture(scope="session")
def folder(before: Run) -> Path:
    """Of a run of which nothing was measured yet."""
    return before.folder
