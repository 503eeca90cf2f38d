"""The processor of the collision energy, on a small simulated ntuple."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from darkbelle.beams import NOMINAL
from darkbelle.channels import load_channel
from darkbelle.constants import B_ZERO_MASS
from darkbelle.datasets import Dataset
from darkbelle.ntuple.reading import Layout, RowRange, open_rows
from darkbelle.ntuple.writing import write_ntuple
from darkbelle.processors import load_processor
from darkbelle.results import ChunkOutput, HistogramKey
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import detect
from darkbelle.simulation.generators import generator
from darkbelle.simulation.steering import steering

CHANNEL = load_channel("beam_energy")
PROCESSOR = load_processor("beam_energy")
REGION = "d_pi"
NOMINAL_KEY = HistogramKey(REGION, "b_energy")

Process = Callable[..., ChunkOutput]


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    """The ntuple of 600 B0 → D−π+."""
    rng = np.random.default_rng(5)
    events = generator("hadronic_b", decay="Dpi").generate(600, rng).events
    return steering("b_to_dpi")(detect(place_in_lab(events, NOMINAL, rng), rng))


@pytest.fixture(scope="module")
def process(columns: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Process:
    path = tmp_path_factory.mktemp("b") / "b.root"
    write_ntuple(path, columns)
    dataset = Dataset(
        process="hadronic_b",
        files=(path.name,),
        cross_section_fb=1e6,
        generated_events=600,
        mass=NOMINAL.sqrt_s,
        region=REGION,
    )
    layout, size = Layout.of(CHANNEL, dataset), len(columns["__event__"])

    def run(start: int = 0, stop: int = size, *, is_data: bool = False) -> ChunkOutput:
        metadata = {
            "dataset": "b",
            "process": "hadronic_b",
            "region": REGION,
            "is_data": is_data,
            "mass": None if is_data else NOMINAL.sqrt_s,
            "seed": 1,
        }
        rows = open_rows(
            RowRange(str(path), "variables", start, stop),
            layout,
            metadata,
            reads=(*PROCESSOR.reads, *PROCESSOR.region_reads[REGION], *PROCESSOR.truth_reads),
            optional=PROCESSOR.optional_reads,
        )
        return PROCESSOR.process(rows)

    return run


@pytest.fixture(scope="module")
def whole(process: Process) -> ChunkOutput:
    return process()


def test_energies_are_those_of_the_momentum_in_the_cm(whole: ChunkOutput, columns: dict[str, Any]) -> None:
    # the ntuple's own p* and masses, which the simulation computed
    flow = whole.cutflows[REGION]
    assert 100 < flow.events[-1] < flow.events[0] == len(columns["__event__"])
    energy = np.sqrt(B_ZERO_MASS**2 + columns["B_CMS_p"] ** 2)
    passed = (
        (columns["K_kaonID"] > 0.5)
        & (np.abs(columns["D_M"] - 1.86966) < 0.015)
        & (np.abs(columns["B_M"] - B_ZERO_MASS) < 0.045)
        & (columns["foxWolframR2"] < 0.4)
    )
    for track in ("K", "pi_1", "pi_2", "pi_B"):
        passed &= (np.abs(columns[f"{track}_dr"]) < 0.5) & (np.abs(columns[f"{track}_dz"]) < 2)
        passed &= (track == "K") | (columns[f"{track}_pionID"] > 0.1)
    expected, _ = np.histogram(energy[passed], CHANNEL.axes["b_energy"].edges)
    assert_array_equal(whole.histograms[NOMINAL_KEY].values(), expected)


def test_every_shift_of_the_channel_is_filled(whole: ChunkOutput) -> None:
    shifts = {f"{name}_{way}" for name in CHANNEL.shifts for way in ("up", "down")}
    filled = {key.variation for key in whole.histograms if key.observable == "b_energy"}
    assert filled == {"nominal"} | shifts


def test_a_heavier_resonance_prefers_higher_energies(whole: ChunkOutput) -> None:
    centre = whole.histograms[NOMINAL_KEY].axes[0].centers

    def mean(variation: str) -> float:
        values = whole.histograms[HistogramKey(REGION, "b_energy", variation)].values()
        return float(np.sum(centre * values) / np.sum(values))

    assert mean("resonance_mass_down") < mean("nominal") < mean("resonance_mass_up")
    # a scale of momenta too high by 5e-5 moves E* by p²/E of it, 1 keV
    up, down = mean("momentum_scale_up"), mean("momentum_scale_down")
    assert abs(up - down) < 0.1e-3


def test_data_have_no_shifts(process: Process) -> None:
    assert {key.variation for key in process(is_data=True).histograms} == {"nominal"}


def test_halves_add_up_to_the_whole(process: Process, whole: ChunkOutput, columns: dict[str, Any]) -> None:
    events = columns["__event__"]
    middle = int(np.searchsorted(events, events[len(events) // 2]))
    added = process(0, middle) + process(middle, len(events))
    for key, histogram in whole.histograms.items():
        assert_array_equal(added.histograms[key].values(flow=True), histogram.values(flow=True))


def test_every_column_of_the_channel_is_in_the_ntuple(columns: dict[str, Any]) -> None:
    assert set(CHANNEL.columns.values()) <= set(columns)
