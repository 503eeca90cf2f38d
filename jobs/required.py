"""Which branches of a file a channel's processor reads."""

from __future__ import annotations

from pathlib import Path

from darkbelle.datasets import Dataset
from darkbelle.ntuple.layout import Layout
from darkbelle.ntuple.schema import Fields, wanted_fields
from darkbelle.ntuple.tables import Table, open_table
from darkbelle.processors import ChannelProcessor, load_processor

__all__ = ["required_fields", "required_reads", "required_variables"]


def required_reads(processor: ChannelProcessor, *, is_data: bool) -> tuple[str, ...]:
    """Return the fields that a processor cannot do without; of simulation it needs the truth as well."""
    return processor.reads if is_data else (*processor.reads, *processor.truth_reads)


def required_fields(table: Table, dataset: Dataset, processor: ChannelProcessor) -> Fields:
    """Return the branches of those fields in a file.

    Raises
    ------
    MissingBranchError
        One is not there; the message names branches like it.
    """
    layout = Layout.of(processor.channel, dataset)
    reads = required_reads(processor, is_data=dataset.is_data)
    return wanted_fields(layout, table.types, reads, where=f"{table.path}, tree {table.tree!r}")


def required_variables(channel: str, path: str | Path, tree: str = "variables") -> tuple[str, ...]:
    """Return the branches of a file that a channel reads: needed ones, and truth and options if there.

    Raises
    ------
    MissingBranchError
        A needed one is not there.
    """
    processor = load_processor(channel)
    table = open_table(path, tree)
    layout = Layout(processor.channel.particles, processor.channel.columns, tree)
    where = f"{path}, tree {tree!r}"
    needed = wanted_fields(layout, table.types, processor.reads, where=where)
    others = (*processor.truth_reads, *processor.optional_reads)
    extra = wanted_fields(layout, table.types, others, optional=True, where=where)
    fields = needed.joined_with(extra)
    records = [branch for record in fields.particles.values() for branch in record.values()]
    return tuple(dict.fromkeys((*fields.plain.values(), *records)))
