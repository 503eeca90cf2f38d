"""The first step of every processor: columns of some rows, their candidates, weights and beams."""

from __future__ import annotations

from typing import Any, NamedTuple

from darkbelle.beams import resolve_beams
from darkbelle.ntuple.keys import EventKeys, keys_of_rows
from darkbelle.processors.base import ChannelProcessor, Events, one_candidate, read_columns, stored_beams
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
    beam_sources
        How many rows have their beams from where, see `darkbelle.beams.ResolvedBeams`.
    """

    events: Events
    keys: EventKeys
    truth: tuple[str, ...]
    process: str
    beam_sources: dict[str, int]


def open_events(processor: ChannelProcessor, rows: Any) -> Opened:
    """Read what a processor declares from rows as `darkbelle.ntuple.reading.open_rows` returns them."""
    metadata, keys = rows.metadata, keys_of_rows(rows)
    truth = () if metadata["is_data"] else processor.truth_reads
    columns = read_columns(rows, processor.reads + truth, processor.optional_reads)
    columns["is_best_candidate"] = one_candidate(keys, metadata["seed"])
    beams = resolve_beams(len(keys), stored=stored_beams(columns))
    weights = event_weights(len(keys), columns.get("inverse_sampling_rate"))
    events = Events(columns, weights, beams.four_vector.collapsed())
    return Opened(events, keys, truth, metadata["process"], beams.sources)
