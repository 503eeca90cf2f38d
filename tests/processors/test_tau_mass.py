"""The processor of the τ mass, on a small simulated ntuple."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from darkbelle.beams import NOMINAL
from darkbelle.channels import load_channel
from darkbelle.constants import PION_MASS
from darkbelle.datasets import Dataset
from darkbelle.ntuple.reading import Layout, RowRange, open_rows
from darkbelle.ntuple.writing import write_ntuple
from darkbelle.processors import load_processor
from darkbelle.results import ChunkOutput, HistogramKey
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import detect
from darkbelle.simulation.generators import generator
from darkbelle.simulation.steering.tau_3x1 import tau_3x1_candidates

CHANNEL = load_channel("tau_mass")
PROCESSOR = load_processor("tau_mass")
NOMINAL_KEY = HistogramKey("sr", "pseudomass")

Process = Callable[..., ChunkOutput]


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    """The ntuple of 6 000 pairs of a three-prong and a one-prong decay."""
    rng = np.random.default_rng(5)
    events = generator("tautau", modes=("3prong", "1prong")).generate(6000, rng).events
    return tau_3x1_candidates(detect(place_in_lab(events, NOMINAL, rng), rng))


@pytest.fixture(scope="module")
def process(columns: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Process:
    path = tmp_path_factory.mktemp("tau") / "tau.root"
    write_ntuple(path, columns)
    dataset = Dataset(process="tautau", files=(path.name,), cross_section_fb=919e3, generated_events=6000)
    layout, size = Layout.of(CHANNEL, dataset), len(columns["__event__"])

    def run(start: int = 0, stop: int = size, *, is_data: bool = False) -> ChunkOutput:
        metadata = {"dataset": "tau", "process": "tautau", "is_data": is_data, "mass": None, "seed": 1}
        rows = open_rows(RowRange(str(path), "variables", start, stop), layout, metadata)
        return PROCESSOR.process(rows)

    return run


@pytest.fixture(scope="module")
def whole(process: Process) -> ChunkOutput:
    return process()


def test_events_pass_and_the_wide_histogram_has_them_all(whole: ChunkOutput) -> None:
    flow = whole.cutflows["sr"]
    assert flow.events[-1] > 300
    wide = whole.histograms[HistogramKey("sr", "pseudomass_wide")].sum(flow=True)
    assert wide.value == flow.weights[-1]


def test_every_shift_of_the_channel_is_filled(whole: ChunkOutput) -> None:
    shifts = {f"{name}_{way}" for name in CHANNEL.shifts for way in ("up", "down")}
    assert {key.variation for key in whole.histograms if key.observable == "pseudomass"} == {
        "nominal"
    } | shifts


def test_data_have_no_shifts(process: Process) -> None:
    assert {key.variation for key in process(is_data=True).histograms} == {"nominal"}


def test_halves_add_up_to_the_whole(process: Process, whole: ChunkOutput, columns: dict[str, Any]) -> None:
    middle = len(columns["__event__"]) // 2
    added = process(0, middle) + process(middle, len(columns["__event__"]))
    for key, histogram in whole.histograms.items():
        assert_array_equal(added.histograms[key].values(flow=True), histogram.values(flow=True))


def test_pseudomasses_are_those_of_the_formula(whole: ChunkOutput, columns: dict[str, Any]) -> None:
    # physics.md section 5, with an independent boost: energies and momenta in the CM as Lorentz invariants
    sums = [sum(columns[f"pi_{i}_{axis}"] for i in (1, 2, 3)) for axis in ("px", "py", "pz")]
    energy = sum(
        np.sqrt(sum(columns[f"pi_{i}_{axis}"] ** 2 for axis in ("px", "py", "pz")) + PION_MASS**2)
        for i in (1, 2, 3)
    )
    s = NOMINAL.sqrt_s
    beam = np.array([NOMINAL.px, NOMINAL.py, NOMINAL.pz])
    energy_cm = (energy * NOMINAL.energy - beam @ np.array(sums)) / s
    mass_squared = energy**2 - sum(component**2 for component in sums)
    momentum_cm = np.sqrt(energy_cm**2 - mass_squared)
    expected = np.sqrt(mass_squared + 2 * (s / 2 - energy_cm) * (energy_cm - momentum_cm))
    kept = whole.columns["sr"]["pseudomass"]
    assert len(kept) > 30
    nearest = np.sort(expected)[np.searchsorted(np.sort(expected), kept - 1e-9)]
    np.testing.assert_allclose(kept, nearest, atol=1e-7)


def test_columns_are_what_the_fitted_histogram_holds(whole: ChunkOutput) -> None:
    kept, axis = whole.columns["sr"], CHANNEL.axes["pseudomass"]
    inside = (kept["pseudomass"] >= axis.start) & (kept["pseudomass"] < axis.stop)
    assert kept["weight"][inside].sum() == whole.histograms[NOMINAL_KEY].values().sum()
    # and 5 MeV on either side, from where shifts bring events into the range
    assert axis.start - 5e-3 <= kept["pseudomass"].min() < axis.start
    assert kept["pseudomass"].max() < axis.stop + 5e-3


def test_columns_of_shifts_are_what_the_shifted_histograms_hold(whole: ChunkOutput) -> None:
    kept, axis = whole.columns["sr"], CHANNEL.axes["pseudomass"]
    for variation in ("material_down", "boost_up", "radiation_up", "tag_neutrals_down"):
        mass, weight = kept["pseudomass"], kept["weight"]
        if f"moved_{variation}" in kept:
            mass = mass + kept[f"moved_{variation}"]
        else:
            weight = weight * kept[f"factor_{variation}"]
        filled = whole.histograms[HistogramKey("sr", "pseudomass", variation)]
        inside = (mass >= axis.start) & (mass < axis.stop)
        # weights lie on a grid of 2⁻¹⁶
        assert filled.values().sum() == pytest.approx(weight[inside].sum(), abs=1e-2)
        found = np.average(filled.axes[0].centers, weights=filled.values())
        assert found == pytest.approx(np.average(mass[inside], weights=weight[inside]), abs=3e-5)


def test_data_have_no_columns_of_shifts(process: Process) -> None:
    assert set(process(is_data=True).columns["sr"]) == {"pseudomass", "weight"}


def test_undefined_pseudomasses_are_counted(whole: ChunkOutput) -> None:
    assert whole.counts["pseudomass/squared is negative"] == whole.counts.get("nan/pseudomass", 0)


def test_every_column_of_the_channel_is_in_the_ntuple(columns: dict[str, Any]) -> None:
    assert set(CHANNEL.columns.values()) <= set(columns)
