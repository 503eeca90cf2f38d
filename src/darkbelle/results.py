"""What a run yields: histograms, cutflows and counts, how they merge, and their files.

Processors make a `ChunkOutput` for each chunk, `darkbelle.jobs` merges them and writes them into the
run folder, and `darkbelle.fitting` reads them from there. All that is kept is additive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple, TypeVar

import hist
import numpy as np
import uhi.io.json
from numpy.typing import NDArray
from uhi.io import from_sparse, remove_writer_info, to_sparse

from darkbelle.errors import StoreError

__all__ = ["NOMINAL", "ChunkOutput", "Cutflow", "HistogramKey", "decode_output", "encode_output"]

K = TypeVar("K")
V = TypeVar("V")

NOMINAL = "nominal"


class HistogramKey(NamedTuple):
    """Which histogram of a dataset: ``variation`` is `NOMINAL` or ``<source>_up|down``."""

    region: str
    observable: str
    variation: str = NOMINAL


@dataclass(frozen=True)
class Cutflow:
    """How many events pass the cuts of one region.

    ``cuts`` names the cuts in order. The arrays have shape (len(cuts) + 1,) for the cumulative
    counts, whose first entry is before any cut, and (len(cuts),) for "all cuts but this one".
    Weights are sums of event weights, not scaled to luminosity.
    """

    cuts: tuple[str, ...]
    events: NDArray[np.int64]
    weights: NDArray[np.float64]
    n_minus_one_events: NDArray[np.int64]
    n_minus_one_weights: NDArray[np.float64]

    def plus(self, other: Cutflow) -> Cutflow:
        """Return the sum of two cutflows of the same cuts."""
        if self.cuts != other.cuts:
            raise StoreError(
                f"cutflows of different cuts do not add: {self.cuts} and {other.cuts}; "
                "results of two versions of the selection were mixed, start a new run folder"
            )
        return Cutflow(
            self.cuts,
            self.events + other.events,
            self.weights + other.weights,
            self.n_minus_one_events + other.n_minus_one_events,
            self.n_minus_one_weights + other.n_minus_one_weights,
        )


@dataclass(frozen=True)
class ChunkOutput:
    """The additive result of some rows of one dataset.

    Parameters
    ----------
    rows, events
        Candidates read, and events they belong to.
    histograms
        Of weighted storage.
    cutflows
        By region.
    counts
        Named integers to report, such as NaN by column and beam sources; names are
        ``<topic>/<what>``.
    columns
        Unbinned columns of selected events, by region and name; written to parquet by the worker,
        and empty in what is merged.
    """

    rows: int
    events: int
    histograms: dict[HistogramKey, hist.Hist] = field(default_factory=dict)
    cutflows: dict[str, Cutflow] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    columns: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)

    def __add__(self, other: ChunkOutput) -> ChunkOutput:
        """Return the sum, so that coffea's own executors can accumulate outputs as well."""
        return ChunkOutput(
            self.rows + other.rows,
            self.events + other.events,
            _merged(self.histograms, other.histograms, lambda a, b: a + b),
            _merged(self.cutflows, other.cutflows, Cutflow.plus),
            _merged(self.counts, other.counts, lambda a, b: a + b),
            _merged(self.columns, other.columns, _appended),
        )

    @classmethod
    def total(cls, outputs: Iterable[ChunkOutput]) -> ChunkOutput:
        """Return the sum of outputs in the order given, which fixes the last bit of the result."""
        return reduce(cls.__add__, outputs, cls(0, 0))


def _merged(a: Mapping[K, V], b: Mapping[K, V], add: Callable[[V, V], V]) -> dict[K, V]:
    merged = dict(a)
    for key, value in b.items():
        merged[key] = add(merged[key], value) if key in merged else value
    return merged


def _appended(a: dict[str, NDArray[Any]], b: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([a[name], b[name]]) for name in a}


def encode_output(output: ChunkOutput) -> dict[str, Any]:
    """Return an output without its unbinned columns as what JSON can hold, in a fixed order."""
    histograms: dict[str, Any] = {}
    for key in sorted(output.histograms):
        sparse = to_sparse(remove_writer_info(output.histograms[key]._to_uhi_(), library=None))
        by_observable = histograms.setdefault(key.region, {}).setdefault(key.observable, {})
        by_observable[key.variation] = _plain(sparse)
    return {
        "rows": output.rows,
        "events": output.events,
        "counts": dict(sorted(output.counts.items())),
        "cutflows": {region: _encode_cutflow(flow) for region, flow in sorted(output.cutflows.items())},
        "histograms": histograms,
    }


def _plain(item: Any) -> Any:
    """Return dictionaries of arrays as what JSON can hold."""
    if isinstance(item, Mapping):
        return {name: _plain(value) for name, value in item.items()}
    if isinstance(item, list):
        return [_plain(value) for value in item]
    return item.tolist() if isinstance(item, (np.ndarray, np.generic)) else item


def decode_output(data: Mapping[str, Any]) -> ChunkOutput:
    """Return the output that `encode_output` wrote."""
    histograms = {
        HistogramKey(region, observable, variation): _decode_histogram(item)
        for region, by_observable in data["histograms"].items()
        for observable, by_variation in by_observable.items()
        for variation, item in by_variation.items()
    }
    return ChunkOutput(
        rows=data["rows"],
        events=data["events"],
        histograms=histograms,
        cutflows={region: _decode_cutflow(item) for region, item in data["cutflows"].items()},
        counts=dict(data["counts"]),
    )


def _encode_cutflow(flow: Cutflow) -> dict[str, Any]:
    return {
        "cuts": list(flow.cuts),
        "events": flow.events.tolist(),
        "weights": flow.weights.tolist(),
        "n_minus_one_events": flow.n_minus_one_events.tolist(),
        "n_minus_one_weights": flow.n_minus_one_weights.tolist(),
    }


def _decode_cutflow(item: Mapping[str, Any]) -> Cutflow:
    return Cutflow(
        tuple(item["cuts"]),
        np.array(item["events"], dtype=np.int64),
        np.array(item["weights"], dtype=np.float64),
        np.array(item["n_minus_one_events"], dtype=np.int64),
        np.array(item["n_minus_one_weights"], dtype=np.float64),
    )


def _decode_histogram(item: dict[str, Any]) -> hist.Hist:
    arrays = uhi.io.json.object_hook(dict(item["storage"]))
    return hist.Hist(from_sparse({**item, "storage": arrays}))
