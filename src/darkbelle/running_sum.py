"""Add up many outputs as they come from their files, without making histograms of each.

`ChunkOutput.__add__` makes a new output of two, which is right for a few. A merge of 100 000 chunks adds
in place, and only where a chunk has entries: about six times as fast, with the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from darkbelle.errors import StoreError
from darkbelle.results import ChunkOutput, HistogramKey, decode_output

__all__ = ["RunningSum"]

Place = tuple[str, str, str]


class RunningSum:
    """The sum of the outputs that have been added, each as `encode_output` wrote it."""

    def __init__(self) -> None:
        self._total = ChunkOutput(0, 0)
        self._axes: dict[Place, Any] = {}

    def add(self, encoded: Mapping[str, Any]) -> None:
        """Add an output.

        Raises
        ------
        StoreError
            A histogram or a cutflow is not of the same binning or the same cuts as before.
        """
        new: dict[str, Any] = {}
        for region, by_observable in encoded["histograms"].items():
            for observable, by_variation in by_observable.items():
                for variation, item in by_variation.items():
                    place = region, observable, variation
                    if place in self._axes:
                        self._add_entries(place, item)
                    else:
                        self._axes[place] = item["axes"]
                        new.setdefault(region, {}).setdefault(observable, {})[variation] = item
        self._total += decode_output({**encoded, "histograms": new})

    def _add_entries(self, place: Place, item: Mapping[str, Any]) -> None:
        if item["axes"] != self._axes[place]:
            raise StoreError(
                f"histograms of {' '.join(place)} have different axes and do not add: {self._axes[place]} "
                f"and {item['axes']}; results of two versions of the channel were mixed, start a "
                "new run folder"
            )
        storage = item["storage"]
        if not storage["values"]:
            return
        index = tuple(np.asarray(storage["index"], dtype=np.intp))
        view = self._total.histograms[HistogramKey(*place)].view(flow=True)
        view["value"][index] += storage["values"]
        view["variance"][index] += storage["variances"]

    @property
    def total(self) -> ChunkOutput:
        """The sum; adding goes on in the same histograms."""
        return self._total
