"""The processor of τ → ℓα, on a small simulated ntuple."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.channels import load_channel
from darkbelle.constants import TAU_MASS
from darkbelle.datasets import Dataset
from darkbelle.ntuple.reading import Layout, RowRange, open_rows
from darkbelle.ntuple.writing import write_ntuple
from darkbelle.processors import load_processor
from darkbelle.results import ChunkOutput, HistogramKey, encode_output
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import detect
from darkbelle.simulation.generators import generator
from darkbelle.simulation.steering.tau_3x1 import tau_3x1_candidates

CHANNEL = load_channel("tau_to_lalpha")
PROCESSOR = load_processor("tau_to_lalpha")

Process = Callable[..., ChunkOutput]


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    """The ntuple of 4 000 events of τ → eα with an α of 1 GeV."""
    rng = np.random.default_rng(8)
    events = generator("tau_to_lalpha", lepton="e", mass=1.0).generate(4000, rng).events
    return tau_3x1_candidates(detect(place_in_lab(events, NOMINAL, rng), rng))


@pytest.fixture(scope="module")
def process(columns: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Process:
    path = tmp_path_factory.mktemp("lalpha") / "signal.root"
    write_ntuple(path, columns)
    dataset = Dataset(
        process="tau_to_lalpha", files=(path.name,), cross_section_fb=919e3, generated_events=4000, mass=1.0
    )
    layout, size = Layout.of(CHANNEL, dataset), len(columns["__event__"])

    def run(start: int = 0, stop: int = size, *, is_data: bool = False) -> ChunkOutput:
        metadata = {"dataset": "s", "process": dataset.process, "is_data": is_data, "mass": 1.0, "seed": 1}
        return PROCESSOR.process(open_rows(RowRange(str(path), "variables", start, stop), layout, metadata))

    return run


@pytest.fixture(scope="module")
def whole(process: Process) -> ChunkOutput:
    return process()


def test_each_region_has_its_observables_and_all_shifts(whole: ChunkOutput) -> None:
    shifts = {f"{name}_{way}" for name in CHANNEL.shifts for way in ("up", "down")}
    for region in ("sr_e", "sr_mu"):
        found = {key for key in whole.histograms if key.region == region}
        nominal = {HistogramKey(region, name) for name in CHANNEL.regions[region].observables}
        assert found == nominal | {HistogramKey(region, "x_lepton", shift) for shift in shifts}


def test_electrons_are_found_where_electrons_belong(whole: ChunkOutput) -> None:
    electrons, muons = (whole.cutflows[region].events[-1] for region in ("sr_e", "sr_mu"))
    assert electrons > 400
    assert muons < electrons / 50


def test_the_peak_stands_where_the_line_of_the_two_body_decay_is(whole: ChunkOutput) -> None:
    histogram = whole.histograms[HistogramKey("sr_e", "x_lepton")]
    centres, values = histogram.axes[0].centers, histogram.values()
    median = centres[np.searchsorted(np.cumsum(values), values.sum() / 2)]
    assert median == pytest.approx(1 - (1.0 / TAU_MASS) ** 2, abs=0.04)


def test_a_lepton_that_is_one_is_not_scaled_as_a_fake(whole: ChunkOutput) -> None:
    def total(variation: str) -> float:
        return float(whole.histograms[HistogramKey("sr_e", "x_lepton", variation)].sum(flow=True).value)

    assert total("lepton_fakes_up") == pytest.approx(total("nominal"), rel=2e-3)
    # one signal τ without π0, and some tags with: less than one in ten is seen with one
    assert (
        1.0
        < total("neutral_pions_up") / total("nominal")
        < 1.0 + 0.3 * CHANNEL.systematics["neutral_pions"].size
    )
    up, nominal, down = (total(name) for name in ("trigger_up", "nominal", "trigger_down"))
    assert up + down == pytest.approx(2 * nominal, rel=1e-4)  # weights are rounded to their grid
    assert up != down


def test_data_have_no_shifts(process: Process) -> None:
    assert {key.variation for key in process(is_data=True).histograms} == {"nominal"}


def test_halves_add_up_to_the_whole(process: Process, whole: ChunkOutput, columns: dict[str, Any]) -> None:
    size = len(columns["__event__"])
    added = process(0, size // 2) + process(size // 2, size)
    assert encode_output(added) == encode_output(whole)


def test_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(PROCESSOR)) == PROCESSOR  # noqa: S301  # our own bytes


def test_other_cuts_may_be_asked_for() -> None:
    loose = load_processor("tau_to_lalpha", {"thresholds": {"min_electron_id": 0.5}})
    assert loose != PROCESSOR
    assert "min_electron_id=0.5" in repr(loose)
