"""The first step of every processor: columns of some rows, their candidates, weights and beams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from darkbelle.beams import resolve_beams
from darkbelle.ntuple.keys import EventKeys, keys_of_rows
from darkbelle.processors.base import (
    ChannelProcessor,
    Events,
    one_candidate,
    read_columns,
    stored_beams,
    with_prefix,
)
from darkbelle.selections.corrections import Corrected, MomentumScale
from darkbelle.selections.weights import event_weights

__all__ = ["Opened", "open_events"]


class Opened(NamedTuple):
    """Rows of an ntuple, read.

    Attributes
    ----------
    events
        With the columns that the processor reads, and ``is_best_candidate``.
    keys
        Which event each row belongs to.
    truth
        The truth columns among them; none for data.
    process
        Which process it is, or ``data``.
    region
        The one that the candidates are for; None: all.
    beam_sources
        How many rows have their beams from where, see `darkbelle.beams.ResolvedBeams`.
    corrected
        How many tracks had their momentum corrected, and how many were outside the table.
    """

    events: Events
    keys: EventKeys
    truth: tuple[str, ...]
    process: str
    region: str | None
    beam_sources: dict[str, int]
    corrected: dict[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """Where the beams are from, and what became of the correction of momenta, as counts of a chunk."""
        return with_prefix("beams", self.beam_sources) | with_prefix("momentum_scale", self.corrected)


def open_events(
    processor: ChannelProcessor,
    rows: Any,
    *,
    scale: MomentumScale | None = None,
    of: Corrected = "data",
    tracks: Sequence[str] = (),
) -> Opened:
    """Read what a processor declares from rows as `darkbelle.ntuple.reading.open_rows` returns them.

    Parameters
    ----------
    processor
        Says what is read.
    rows
        Of one dataset.
    scale
        Corrects the momenta of ``tracks`` before all else.
    of
        Whether recorded data only are corrected, or simulation as well.
    """
    metadata, keys = rows.metadata, keys_of_rows(rows)
    region = metadata.get("region")
    truth = () if metadata["is_data"] else processor.truth_reads
    reads = (*processor.reads, *processor.region_reads.get(region or "", ()), *truth)
    columns = read_columns(rows, reads, processor.optional_reads)
    corrected: dict[str, int] = {}
    if scale is not None and (of == "all" or metadata["is_data"]):
        changed, corrected = scale.applied(columns, tracks)
        columns |= changed
    columns["is_best_candidate"] = one_candidate(keys, metadata["seed"])
    beams = resolve_beams(len(keys), stored=stored_beams(columns))
    weights = event_weights(len(keys), columns.get("inverse_sampling_rate"))
    events = Events(columns, weights, beams.four_vector.collapsed())
    return Opened(events, keys, truth, metadata["process"], region, beams.sources, corrected)
