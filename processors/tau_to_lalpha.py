"""The processor of τ → ℓα: an electron or a muon against three pions, and its energy in the τ's frame."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from pydantic import ConfigDict

from darkbelle.ntuple.candidates import multiplicity
from darkbelle.processors.base import BEAM_COLUMNS, ChannelProcessor, with_prefix
from darkbelle.processors.opening import open_events
from darkbelle.processors.region import RegionRecipe, fill_region
from darkbelle.results import ChunkOutput
from darkbelle.selections import tau_to_lalpha as select

__all__ = ["TauToLeptonAlpha"]


@dataclass(frozen=True)
class TauToLeptonAlpha(ChannelProcessor):
    """Fill the scaled energy of the lepton in τ → ℓα and τ → ℓνν̄, arXiv:2212.03634.

    Parameters
    ----------
    thresholds
        Where the cuts are.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    channel_name = "tau_to_lalpha"
    reads = select.EVENT_COLUMNS
    truth_reads = select.TRUTH_COLUMNS
    optional_reads = ("inverse_sampling_rate", *BEAM_COLUMNS)

    thresholds: select.Thresholds = field(default_factory=select.Thresholds)

    def process(self, rows: Any) -> ChunkOutput:
        """Return the histograms, the cutflows and the counts of some rows; see `ChannelProcessor`."""
        opened = open_events(self, rows)
        filled = {
            recipe.region: fill_region(self.channel, opened, recipe)
            for recipe in map(self.signal_region, select.LEPTONS)
        }
        counts = Counter(multiplicity(opened.keys) | opened.counts)
        for region, item in filled.items():
            counts.update(with_prefix(f"{region}/nan", item.decisions.nan))
            counts.update(with_prefix(region, item.unfilled))
        return ChunkOutput(
            rows=len(opened.keys),
            events=len(opened.keys.run_lengths()),
            histograms={key: found for item in filled.values() for key, found in item.histograms.items()},
            cutflows={region: item.cutflow for region, item in filled.items()},
            counts=dict(counts),
        )

    def signal_region(self, lepton: select.Lepton) -> RegionRecipe:
        """Return what the region of a lepton is filled with."""
        return RegionRecipe(
            region=f"sr_{lepton}",
            cuts=select.signal_region(lepton, self.thresholds),
            kinematics=partial(select.kinematics, lepton),
            kinematic_inputs=select.KINEMATIC_INPUTS,
            kinematic_columns=select.KINEMATIC_COLUMNS,
            fitted="x_lepton",
            cuts_on=select.CUTS_ON,
            shifts=select.SHIFTS,
            weight_shifts=select.weight_shifts(lepton),
        )
