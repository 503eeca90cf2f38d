"""The processor of e+e− → μ+μ− Z′, Z′ → invisible."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import ConfigDict

from darkbelle.ntuple.candidates import multiplicity
from darkbelle.processors.base import BEAM_COLUMNS, ChannelProcessor, with_prefix
from darkbelle.processors.opening import open_events
from darkbelle.processors.region import RegionRecipe, fill_region
from darkbelle.results import ChunkOutput
from darkbelle.selections import zprime_invisible as select
from darkbelle.selections.shifts import unmatched

__all__ = ["ZprimeInvisible"]


@dataclass(frozen=True)
class ZprimeInvisible(ChannelProcessor):
    """Fill the recoil of two muons and nothing else, arXiv:2212.03066.

    Parameters
    ----------
    thresholds
        Where the cuts are.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    channel_name = "zprime_invisible"
    reads = select.EVENT_COLUMNS
    truth_reads = select.TRUTH_COLUMNS
    optional_reads = ("inverse_sampling_rate", *BEAM_COLUMNS)

    thresholds: select.Thresholds = field(default_factory=select.Thresholds)

    def process(self, rows: Any) -> ChunkOutput:
        """Return the histograms, the cutflow and the counts of some rows; see `ChannelProcessor`."""
        opened = open_events(self, rows)
        filled = fill_region(self.channel, opened, self.signal_region)
        counts = Counter(multiplicity(opened.keys) | opened.counts | filled.counts)
        if opened.truth:
            counts.update(with_prefix("unmatched", unmatched(opened.events.columns, select.MUONS)))
        return ChunkOutput(
            rows=len(opened.keys),
            events=len(opened.keys.run_lengths()),
            histograms=filled.histograms,
            cutflows={self.signal_region.region: filled.cutflow},
            counts=dict(counts),
        )

    @property
    def signal_region(self) -> RegionRecipe:
        """Two muons, nothing else, and a recoil."""
        return RegionRecipe(
            region="sr",
            cuts=select.signal_region(self.thresholds),
            kinematics=select.kinematics,
            kinematic_inputs=select.KINEMATIC_INPUTS,
            kinematic_columns=select.KINEMATIC_COLUMNS,
            fitted="recoil",
            cuts_on=select.CUTS_ON,
            shifts=select.SHIFTS,
        )
