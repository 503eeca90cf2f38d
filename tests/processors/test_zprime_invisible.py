"""The processor of the invisible Z′, on a small ntuple."""

from __future__ import annotations

import dataclasses
import json
import pickle
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coffea.processor import IterativeExecutor, Runner
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from darkbelle.channels import load_channel
from darkbelle.ntuple.layout import COUNTER_FIELDS, Layout
from darkbelle.ntuple.names import escape
from darkbelle.ntuple.reading import columns_read
from darkbelle.ntuple.schema import NtupleSchema
from darkbelle.ntuple.writing import write_ntuple
from darkbelle.processors import load_processor
from darkbelle.processors.zprime_invisible import ZprimeInvisible
from darkbelle.results import ChunkOutput, HistogramKey, encode_output

Columns = dict[str, NDArray[Any]]
OpenRows = Callable[..., Any]

PROCESSOR = load_processor("zprime_invisible")
NOMINAL = HistogramKey("sr", "recoil")
UP, DOWN = (HistogramKey("sr", "recoil", f"recoil_resolution_{side}") for side in ("up", "down"))
GOLDEN = Path(__file__).with_name("zprime_invisible_golden.json")


def as_json(output: ChunkOutput) -> Any:
    return json.loads(json.dumps(encode_output(output)))


@pytest.fixture(scope="module")
def whole(open_range: OpenRows) -> ChunkOutput:
    return PROCESSOR.process(open_range())


def test_golden_output_of_the_small_sample(whole: ChunkOutput, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--regen", default=False):
        GOLDEN.write_text(json.dumps(encode_output(whole), separators=(",", ":")) + "\n", encoding="utf-8")
    assert as_json(whole) == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_fills_each_observable_of_its_region_and_each_shift(whole: ChunkOutput) -> None:
    observables = load_channel("zprime_invisible").regions["sr"].observables
    assert set(whole.histograms) == {UP, DOWN} | {HistogramKey("sr", name) for name in observables}


def test_the_fitted_histogram_sums_to_the_end_of_the_cutflow(whole: ChunkOutput) -> None:
    flow, total = whole.cutflows["sr"], whole.histograms[NOMINAL].sum(flow=True)
    assert flow.events[-1] > 20
    assert total.value == flow.weights[-1]


def test_observables_are_drawn_without_the_cut_on_them(whole: ChunkOutput) -> None:
    flow = whole.cutflows["sr"]
    position = flow.cuts.index("pt_pair_share")
    drawn = whole.histograms[HistogramKey("sr", "pt_pair_share")].sum(flow=True).value
    assert drawn == flow.n_minus_one_weights[position]
    assert drawn > flow.weights[-1]


def test_both_muons_of_an_event_are_drawn(whole: ChunkOutput) -> None:
    drawn = whole.histograms[HistogramKey("sr", "muon_momentum")].sum(flow=True).value
    assert drawn == 2 * whole.cutflows["sr"].weights[-1]


def test_the_shift_moves_the_recoil_both_ways(whole: ChunkOutput) -> None:
    nominal, up, down = (whole.histograms[key].values() for key in (NOMINAL, UP, DOWN))
    assert not np.array_equal(up, nominal)
    assert not np.array_equal(down, nominal)
    assert not np.array_equal(up, down)


def test_one_candidate_of_each_event_is_taken(whole: ChunkOutput, columns: Columns) -> None:
    events = len(np.unique(columns["__event__"]))
    flow = whole.cutflows["sr"]
    assert flow.events[0] == whole.rows == len(columns["__event__"])
    assert flow.events[flow.cuts.index("best_candidate") + 1] == whole.events == events
    assert whole.counts["candidates/events"] == events


def test_what_is_missing_is_counted(whole: ChunkOutput, columns: Columns) -> None:
    assert whole.counts["nan/mu_plus.muonID"] == np.isnan(columns["mu_p_muonID"]).sum() > 0
    assert whole.counts["unmatched/mu_minus"] == np.isnan(columns["mu_m_mcPX"]).sum() > 0
    assert whole.counts["beams/nominal"] == np.isnan(columns["beamE"]).sum() > 0
    assert whole.counts["beams/event"] == np.isfinite(columns["beamE"]).sum()


def test_data_have_no_shifts_and_otherwise_the_same_histograms(
    whole: ChunkOutput, open_range: OpenRows
) -> None:
    data = PROCESSOR.process(open_range(is_data=True))
    assert set(data.histograms) == set(whole.histograms) - {UP, DOWN}
    assert all(histogram == whole.histograms[key] for key, histogram in data.histograms.items())


def test_data_need_no_truth_and_no_optional_column(
    whole: ChunkOutput, columns: Columns, open_range: OpenRows, tmp_path: Path
) -> None:
    absent = {"beamE", "beamPx", "beamPy", "beamPz", "__weight__"}
    bare = {name: column for name, column in columns.items() if "_mc" not in name and name not in absent}
    write_ntuple(tmp_path / "data.root", bare)
    output = PROCESSOR.process(open_range(is_data=True, path=tmp_path / "data.root"))
    assert output.counts["beams/nominal"] == output.rows
    assert_array_equal(output.cutflows["sr"].weights, output.cutflows["sr"].events)
    assert_array_equal(output.cutflows["sr"].events, whole.cutflows["sr"].events)  # beams are nominal anyway


@pytest.mark.parametrize("is_data", [True, False])
def test_reads_what_it_declares_and_nothing_else(open_range: OpenRows, *, is_data: bool) -> None:
    rows = open_range(is_data=is_data)
    PROCESSOR.process(rows)
    channel = load_channel("zprime_invisible")
    names = PROCESSOR.reads + PROCESSOR.optional_reads + (() if is_data else PROCESSOR.truth_reads)
    declared = {COUNTER_FIELDS[name] for name in ("experiment", "run", "event", "production", "candidate")}
    for name in names:
        particle, dot, field = name.partition(".")
        variable = f"{channel.particles[particle]}_{field}" if dot else channel.columns.get(name)
        declared.add(COUNTER_FIELDS[name] if variable is None else escape(variable))
    assert set(columns_read(rows)) == declared


@given(data=st.data())
@settings(deadline=None, max_examples=15)
def test_any_chunking_gives_the_same_output(
    whole: ChunkOutput, boundaries: NDArray[np.int64], open_range: OpenRows, data: st.DataObject
) -> None:
    inner = st.sampled_from(boundaries[1:-1].tolist())
    edges = [0, *sorted(data.draw(st.sets(inner, max_size=5))), int(boundaries[-1])]
    chunks = [PROCESSOR.process(open_range(a, b)) for a, b in pairwise(edges)]
    order = data.draw(st.permutations(chunks))
    assert as_json(ChunkOutput.total(order)) == as_json(whole)


def test_no_rows_give_empty_histograms(open_range: OpenRows, whole: ChunkOutput) -> None:
    empty = PROCESSOR.process(open_range(0, 0))
    assert (empty.rows, empty.events) == (0, 0)
    assert set(empty.histograms) == set(whole.histograms)
    assert as_json(empty + whole) == as_json(whole)


class PairSchema(NtupleSchema):
    """coffea's Runner wants a class that takes a form and nothing else."""

    def __init__(self, base_form: Any) -> None:
        channel = load_channel("zprime_invisible")
        super().__init__(base_form, Layout(particles=channel.particles, columns=channel.columns))


def test_runs_in_coffeas_own_runner(ntuple: Path, whole: ChunkOutput) -> None:
    metadata = {"process": "mumu", "is_data": False, "mass": None, "seed": 1}
    fileset = {"pairs": {"files": {str(ntuple): "variables"}, "metadata": metadata}}
    executor = IterativeExecutor(status=False)
    # coffea cuts chunks anywhere, also through events: here one chunk holds the whole file
    runner = Runner(executor=executor, schema=PairSchema, chunksize=10_000, savemetrics=False)
    assert as_json(runner(fileset, PROCESSOR)) == as_json(whole)


def test_survives_pickling(open_range: OpenRows, whole: ChunkOutput) -> None:
    copy = pickle.loads(pickle.dumps(PROCESSOR))  # noqa: S301  # our own bytes
    assert copy == PROCESSOR
    assert as_json(copy.process(open_range())) == as_json(whole)


def test_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PROCESSOR.thresholds = None  # type: ignore[attr-defined, unused-ignore]  # that is the point


def test_thresholds_are_options(open_range: OpenRows, whole: ChunkOutput) -> None:
    loose = load_processor("zprime_invisible", {"thresholds": {"max_photon_energy_sum": 100.0}})
    output = loose.process(open_range())
    position = whole.cutflows["sr"].cuts.index("photon_energy")
    assert output.cutflows["sr"].events[-1] == whole.cutflows["sr"].n_minus_one_events[position]
    assert isinstance(loose, ZprimeInvisible)
