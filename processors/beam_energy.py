"""The processor of the collision energy: energies of B mesons in the CM, one decay a region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import ConfigDict

from darkbelle.beams import NOMINAL
from darkbelle.processors.base import BEAM_COLUMNS, ChannelProcessor
from darkbelle.processors.opening import open_events
from darkbelle.processors.region import RegionRecipe, fill_region
from darkbelle.results import ChunkOutput
from darkbelle.selections import beam_energy as select
from darkbelle.selections.corrections import Corrected, MomentumScaleOption
from darkbelle.selections.cuts import Columns
from darkbelle.vectors import Column, FourVector

__all__ = ["BeamEnergyControl"]


@dataclass(frozen=True)
class BeamEnergyControl(ChannelProcessor):
    """Fill the energies of B+ → D̄0π+, B0 → D−π+ or B+ → J/ψ K+, whichever a dataset's region is of.

    Parameters
    ----------
    thresholds
        Where the cuts are.
    momentum_scale
        A table to correct the tracks' momenta with before all else: the path of a correctionlib file.
    corrected
        Whether ``data`` only are corrected, or ``all``.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    channel_name = "beam_energy"
    reads = select.EVENT_COLUMNS
    region_reads: ClassVar = {region: decay.columns for region, decay in select.DECAYS.items()}
    truth_reads = select.TRUTH_COLUMNS
    optional_reads = ("inverse_sampling_rate", *BEAM_COLUMNS)

    thresholds: select.Thresholds = field(default_factory=select.Thresholds)
    momentum_scale: MomentumScaleOption = None
    corrected: Corrected = "data"

    def process(self, rows: Any) -> ChunkOutput:
        """Return histograms, cutflow and counts of some rows; see `ChannelProcessor`."""
        region: str = rows.metadata["region"]
        tracks = select.DECAYS[region].tracks
        opened = open_events(self, rows, scale=self.momentum_scale, of=self.corrected, tracks=tracks)
        found = fill_region(self.channel, opened, self._recipe(region, rows.metadata["mass"]))
        return ChunkOutput(
            rows=len(opened.keys),
            events=len(opened.keys.run_lengths()),
            histograms=found.histograms,
            cutflows={region: found.cutflow},
            counts=opened.counts | found.counts,
        )

    def _recipe(self, region: str, sqrt_s: float | None) -> RegionRecipe:
        decay = select.DECAYS[region]

        def kinematics(columns: Columns, beam: FourVector) -> dict[str, Column]:
            return select.kinematics(columns, beam, decay)

        return RegionRecipe(
            region=region,
            cuts=select.cuts_of(region, self.thresholds),
            kinematics=kinematics,
            kinematic_inputs=decay.kinematic_inputs,
            kinematic_columns=decay.kinematic_columns,
            fitted="b_energy",
            cuts_on={name: (name,) for name in ("b_mass", "fox_wolfram_r2", decay.inner_mass[0])},
            shifts=select.shifts_of(decay),
            beam_shifts=select.BEAM_SHIFTS,
            weight_shifts=select.weight_shifts_of(decay, sqrt_s or NOMINAL.sqrt_s),
        )
