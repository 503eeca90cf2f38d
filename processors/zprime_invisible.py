"""The processor of e+e− → μ+μ− Z′, Z′ → invisible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import ConfigDict

from darkbelle.beams import resolve_beams
from darkbelle.ntuple.candidates import multiplicity
from darkbelle.ntuple.keys import keys_of_rows
from darkbelle.processors.base import (
    BEAM_COLUMNS,
    ChannelProcessor,
    Events,
    Filled,
    filled,
    one_candidate,
    read_columns,
    stored_beams,
    with_prefix,
)
from darkbelle.results import ChunkOutput, HistogramKey
from darkbelle.selections import zprime_invisible as select
from darkbelle.selections.cuts import Cut, evaluate, split_at_first_reading
from darkbelle.selections.shifts import unmatched, variations
from darkbelle.selections.weights import event_weights

__all__ = ["ZprimeInvisible"]

REGION = "sr"
FITTED = "recoil"  # the observable of the fit, and so the one that is filled for each shift


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
        metadata, keys = rows.metadata, keys_of_rows(rows)
        truth = () if metadata["is_data"] else self.truth_reads
        columns = read_columns(rows, self.reads + truth, self.optional_reads)
        columns["is_best_candidate"] = one_candidate(keys, metadata["seed"])

        beams = resolve_beams(len(keys), stored=stored_beams(columns))
        weights = event_weights(len(keys), columns.get("inverse_sampling_rate"))
        events = Events(columns, weights, beams.four_vector.collapsed())

        nominal = columns | select.kinematics(columns, events.beam)
        region = select.signal_region(self.thresholds)
        decisions = evaluate(region, nominal)
        fills = {}
        for observable in self.channel.regions[REGION].observables:
            mask = decisions.without(*select.CUTS_ON.get(observable, ()))
            fills[HistogramKey(REGION, observable)] = filled(self.channel, observable, nominal, weights, mask)

        counts = Counter(multiplicity(keys))
        counts.update(with_prefix("beams", beams.sources) | with_prefix("nan", decisions.nan))
        if truth:
            before, after = split_at_first_reading(region, select.KINEMATIC_COLUMNS)
            reached = events.rows(decisions.pass_first(len(before)), self._read_again_by(after))
            fills |= self._shifted(reached, after, metadata["process"])
            counts.update(with_prefix("unmatched", unmatched(columns, select.MUONS)))
        counts.update({f"unfilled/{key.observable}": fill.nan for key, fill in fills.items() if fill.nan})
        return ChunkOutput(
            rows=len(keys),
            events=len(keys.run_lengths()),
            histograms={key: fill.histogram for key, fill in fills.items()},
            cutflows={REGION: decisions.cutflow(weights)},
            counts=dict(counts),
        )

    def _shifted(self, events: Events, cuts: Sequence[Cut], process: str) -> dict[HistogramKey, Filled]:
        """Shift columns, compute all that follows from them anew, apply the cuts and fill."""
        fills = {}
        for variation in variations(self.channel.systematics, process):
            shifted = events.columns | select.SHIFTS[variation.systematic](events.columns, variation.size)
            shifted |= select.kinematics(shifted, events.beam)
            selected = evaluate(cuts, shifted).selected
            key = HistogramKey(REGION, FITTED, variation.name)
            fills[key] = filled(self.channel, FITTED, shifted, events.weights, selected)
        return fills

    def _read_again_by(self, cuts: Sequence[Cut]) -> tuple[str, ...]:
        """Return the columns of the ntuple that a shift and the cuts after it read."""
        read_by_cuts = {name for cut in cuts for name in cut.reads} - set(select.KINEMATIC_COLUMNS)
        return (*select.KINEMATIC_INPUTS, *self.truth_reads, *sorted(read_by_cuts))
