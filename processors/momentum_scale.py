"""The processor of the momentum scale: masses of narrow peaks by where their daughters go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict

from darkbelle.processors.base import BEAM_COLUMNS, ChannelProcessor, Filled, filled
from darkbelle.processors.opening import open_events
from darkbelle.processors.region import RegionRecipe, fill_region
from darkbelle.results import ChunkOutput, HistogramKey
from darkbelle.selections import momentum_scale as select
from darkbelle.selections.corrections import Corrected, MomentumScaleOption
from darkbelle.selections.cuts import Columns, Mask
from darkbelle.selections.weights import on_grid
from darkbelle.vectors import Column, FourVector

__all__ = ["MomentumScaleControl"]


@dataclass(frozen=True)
class MomentumScaleControl(ChannelProcessor):
    """Fill the masses of D0, D+, K_S or J/ψ, whichever a dataset's region says it is of.

    Parameters
    ----------
    thresholds
        Where the cuts are.
    momentum_scale
        A table to correct momenta with, to see what it leaves: the path of a correctionlib file.
    corrected
        Whether ``data`` only are corrected, or ``all``.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    channel_name = "momentum_scale"
    reads = ()
    region_reads: ClassVar = {region: decay.columns for region, decay in select.DECAYS.items()}
    optional_reads = ("inverse_sampling_rate", *BEAM_COLUMNS)

    thresholds: select.Thresholds = field(default_factory=select.Thresholds)
    momentum_scale: MomentumScaleOption = None
    corrected: Corrected = "data"

    def process(self, rows: Any) -> ChunkOutput:
        """Return histograms, cutflow and counts of some rows; see `ChannelProcessor`."""
        region: str = rows.metadata["region"]
        decay = select.DECAYS[region]
        opened = open_events(self, rows, scale=self.momentum_scale, of=self.corrected, tracks=decay.tracks)
        found = fill_region(self.channel, opened, self._recipe(region))
        near = found.decisions.selected & (np.abs(found.columns[decay.mass] - decay.peak) < decay.window)
        leverages = self._leverages(region, found.columns, opened.events.weights, near)
        counts = Counter(opened.counts | found.counts)
        counts["leverage/tracks outside the bins"] = leverages[HistogramKey(region, "leverage")].nan
        return ChunkOutput(
            rows=len(opened.keys),
            events=len(opened.keys.run_lengths()),
            histograms=found.histograms | {key: fill.histogram for key, fill in leverages.items()},
            cutflows={region: found.cutflow},
            counts=dict(counts),
        )

    def _recipe(self, region: str) -> RegionRecipe:
        """Return what one decay's region is filled with; it has no shifts."""
        decay, axis = select.DECAYS[region], self.channel.axes["cos_theta"]

        def kinematics(columns: Columns, _beam: FourVector) -> dict[str, Column]:
            return select.kinematics(columns, decay) | select.track_bins(columns, decay, axis)

        return RegionRecipe(
            region=region,
            cuts=select.cuts_of(region, self.thresholds),
            kinematics=kinematics,
            kinematic_inputs=(),
            kinematic_columns=(),
            fitted=self.channel.regions[region].observables[0],
            cuts_on={"mass_difference": ("mass_difference",)},
        )

    def _leverages(
        self, region: str, columns: Columns, weights: Column, near: Mask
    ) -> dict[HistogramKey, Filled]:
        """Fill candidates near the peak, and sums of what their masses owe to each track's momentum."""
        rows, decay = np.flatnonzero(near), select.DECAYS[region]
        chosen = {name: np.asarray(column)[..., rows] for name, column in columns.items()}
        weight = weights[rows]
        by_daughter = {
            daughter: on_grid(weight * leverage)
            for daughter, leverage in select.leverages(chosen, decay).items()
        }
        weighted = {"near_peak": weight, "leverage": np.stack(list(by_daughter.values()))}
        if region == "d_star":
            weighted["near_peak_by_pair"] = weight
            weighted |= {f"leverage_{name}_by_pair": values for name, values in by_daughter.items()}
        return {
            HistogramKey(region, name): filled(self.channel, name, chosen, values)
            for name, values in weighted.items()
        }
