"""The processor of the τ mass: three pions against one prong, and their pseudomass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
from pydantic import ConfigDict

from darkbelle.ntuple.candidates import multiplicity
from darkbelle.processors.base import BEAM_COLUMNS, ChannelProcessor, with_prefix
from darkbelle.processors.opening import Opened, open_events
from darkbelle.processors.region import RegionRecipe, fill_region
from darkbelle.results import ChunkOutput
from darkbelle.selections import tau_mass as select
from darkbelle.selections.corrections import Corrected, MomentumScaleOption
from darkbelle.selections.cuts import Mask
from darkbelle.selections.measured_energy import MeasuredEnergyOption
from darkbelle.selections.shifts import unmatched, variations
from darkbelle.vectors import Column

__all__ = ["TauMass"]

MARGIN: Final = 5e-3  # GeV beside the range of the fit, from where shifts bring events into it


@dataclass(frozen=True)
class TauMass(ChannelProcessor):
    """Fill the pseudomass of τ → 3π ν, arXiv:2305.19116, and keep it event by event.

    Parameters
    ----------
    thresholds
        Where the cuts are.
    momentum_scale
        A table to correct the pions' momenta with before all else: the path of a correctionlib file.
    corrected
        Whether ``data`` only are corrected, or ``all``.
    beam_energy
        A measurement of √s, whose uncertainty the fit takes for that of the beams in place of the channel's:
        the path of the ``fit.json`` of a run of the channel ``beam_energy``. The beams stay as they are.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    channel_name = "tau_mass"
    reads = select.EVENT_COLUMNS
    truth_reads = select.TRUTH_COLUMNS
    optional_reads = ("inverse_sampling_rate", *BEAM_COLUMNS)

    thresholds: select.Thresholds = field(default_factory=select.Thresholds)
    momentum_scale: MomentumScaleOption = None
    corrected: Corrected = "data"
    beam_energy: MeasuredEnergyOption = None

    def process(self, rows: Any) -> ChunkOutput:
        """Return histograms, cutflow, counts and the pseudomasses of some rows; see `ChannelProcessor`."""
        opened = open_events(self, rows, scale=self.momentum_scale, of=self.corrected, tracks=select.PIONS)
        filled = fill_region(self.channel, opened, self.signal_region)
        mass = filled.columns["pseudomass"]
        counts = Counter(multiplicity(opened.keys) | opened.counts | filled.counts)
        counts["pseudomass/squared is negative"] = int(np.count_nonzero(~np.isfinite(mass)))
        if opened.truth:
            counts.update(with_prefix("unmatched", unmatched(opened.events.columns, select.PIONS)))
        axis, selected = self.channel.axes["pseudomass"], filled.decisions.selected
        kept = selected & (mass >= axis.start - MARGIN) & (mass < axis.stop + MARGIN)
        return ChunkOutput(
            rows=len(opened.keys),
            events=len(opened.keys.run_lengths()),
            histograms=filled.histograms,
            cutflows={self.signal_region.region: filled.cutflow},
            counts=dict(counts),
            columns={self.signal_region.region: self._columns(opened, mass, kept)},
        )

    def _columns(self, opened: Opened, mass: Column, kept: Mask) -> dict[str, Column]:
        """Return what is kept of single events: pseudomass, weight, and of simulation what shifts do to them.

        Fits of shifted events are fits of the same events, but for those that cross the ends of the range: by
        these columns it is known how far their statistical errors are the same.
        """
        columns = {"pseudomass": mass[kept], "weight": opened.events.weights[kept]}
        if not opened.truth:
            return columns
        recipe = self.signal_region
        events = opened.events.rows(kept, (*recipe.kinematic_inputs, *opened.truth))
        for variation in variations(self.channel.systematics, opened.process):
            name, size = variation.systematic, variation.size
            if name in recipe.weight_shifts:
                factor = recipe.weight_shifts[name](events.columns, size)
                columns[f"factor_{variation.name}"] = factor.astype(np.float32)
                continue
            shifted, beam = dict(events.columns), events.beam
            if name in recipe.shifts:
                shifted |= recipe.shifts[name](events.columns, size)
            else:
                beam = recipe.beam_shifts[name](beam, size)
            moved = recipe.kinematics(shifted, beam)["pseudomass"] - columns["pseudomass"]
            columns[f"moved_{variation.name}"] = moved.astype(np.float32)
        return columns

    @property
    def signal_region(self) -> RegionRecipe:
        """Three pions against one prong."""
        return RegionRecipe(
            region="sr",
            cuts=select.signal_region(self.thresholds),
            kinematics=select.kinematics,
            kinematic_inputs=select.KINEMATIC_INPUTS,
            kinematic_columns=select.KINEMATIC_COLUMNS,
            fitted="pseudomass",
            cuts_on=select.CUTS_ON,
            shifts=select.SHIFTS,
            beam_shifts=select.BEAM_SHIFTS,
            weight_shifts=select.WEIGHT_SHIFTS,
        )
