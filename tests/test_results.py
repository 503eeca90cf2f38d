"""Results add, round-trip through JSON, and refuse to mix."""

from __future__ import annotations

import json

import hist
import numpy as np
import pytest

from darkbelle.errors import StoreError
from darkbelle.results import ChunkOutput, Cutflow, HistogramKey, decode_output, encode_output


def output(values: list[float], cuts: tuple[str, ...] = ("trigger", "veto")) -> ChunkOutput:
    axis = hist.axis.Regular(4, 0, 1, name="x", label="x")
    histogram = hist.Hist(axis, storage=hist.storage.Weight()).fill(values, weight=0.5)
    n = len(values)
    flow = Cutflow(
        cuts, np.array([n, n, 1]), np.array([n, n, 0.5]), np.array([n, n]), np.array([n, n], dtype=float)
    )
    columns = {"sr": {"x": np.array(values)}}
    return ChunkOutput(n, n, {HistogramKey("sr", "x"): histogram}, {"sr": flow}, {"nan/x": 1}, columns)


def test_outputs_add_by_key() -> None:
    total = ChunkOutput.total([output([0.1, 0.6]), output([0.7]), ChunkOutput(5, 4)])
    assert (total.rows, total.events) == (8, 7)
    np.testing.assert_array_equal(total.histograms[HistogramKey("sr", "x")].values(), [0.5, 0, 1.0, 0])
    np.testing.assert_array_equal(total.cutflows["sr"].events, [3, 3, 2])
    np.testing.assert_array_equal(total.columns["sr"]["x"], [0.1, 0.6, 0.7])
    assert total.counts == {"nan/x": 2}


def test_adding_leaves_the_terms_as_they_were() -> None:
    first, second = output([0.1]), output([0.2])
    _ = first + second
    assert first.histograms[HistogramKey("sr", "x")].sum().value == 0.5


def test_json_round_trip_is_exact() -> None:
    original = output([0.1, 0.3, 1.7, -2.0])
    text = json.dumps(encode_output(original))
    back = decode_output(json.loads(text))
    assert back.histograms == original.histograms
    assert json.dumps(encode_output(back)) == text
    np.testing.assert_array_equal(back.cutflows["sr"].weights, original.cutflows["sr"].weights)


def test_an_empty_histogram_survives() -> None:
    back = decode_output(json.loads(json.dumps(encode_output(output([])))))
    assert back.histograms[HistogramKey("sr", "x")].sum().value == 0


def test_cutflows_of_different_cuts_do_not_mix() -> None:
    with pytest.raises(StoreError, match="do not add"):
        _ = output([0.1]) + output([0.1], cuts=("trigger", "mass"))
