"""A running sum is the sum of outputs, bit by bit."""

from __future__ import annotations

import json

import hist
import numpy as np
import pytest

from darkbelle.errors import StoreError
from darkbelle.results import ChunkOutput, Cutflow, HistogramKey, encode_output
from darkbelle.running_sum import RunningSum


def output(seed: int, bins: int = 5) -> ChunkOutput:
    """Return an output with values that do not add exactly; every third one lacks a histogram."""
    rng = np.random.default_rng(seed)
    axes = (
        hist.axis.Regular(bins, 0, 1, name="x", label="x"),
        hist.axis.Regular(3, 0, 1, name="y", overflow=False),
    )
    histograms = {
        HistogramKey("sr", observable, variation): hist.Hist(*axes, storage=hist.storage.Weight()).fill(
            *rng.uniform(-0.2, 1.2, (2, 20)), weight=rng.exponential(1, 20)
        )
        for observable in ("recoil", "momentum")
        for variation in ("nominal", "scale_up")
        if seed % 3 or observable == "recoil"
    }
    flow = Cutflow(("a",), np.array([20, 9]), rng.exponential(1, 2), np.array([20]), rng.exponential(1, 1))
    return ChunkOutput(20, 19, histograms, {"sr": flow}, {"nan/x": seed})


def test_the_bits_are_those_of_adding_outputs() -> None:
    outputs = [output(seed) for seed in range(30)]
    running = RunningSum()
    for item in outputs:
        running.add(json.loads(json.dumps(encode_output(item))))
    assert encode_output(running.total) == encode_output(ChunkOutput.total(outputs))


def test_of_nothing_it_is_empty() -> None:
    assert encode_output(RunningSum().total) == encode_output(ChunkOutput(0, 0))


def test_an_empty_output_adds_nothing() -> None:
    running = RunningSum()
    empty = ChunkOutput(2, 1, {key: item.copy().reset() for key, item in output(1).histograms.items()})
    for item in (empty, output(1), empty):
        running.add(encode_output(item))
    assert encode_output(running.total)["histograms"] == encode_output(output(1))["histograms"]
    assert running.total.rows == 24


def test_other_bins_do_not_mix() -> None:
    running = RunningSum()
    running.add(encode_output(output(1)))
    with pytest.raises(StoreError, match="histograms of sr momentum nominal have different axes"):
        running.add(encode_output(output(1, bins=6)))
