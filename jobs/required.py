"""Which branches of a file a channel's processor reads."""

from __future__ import annotations

from pathlib import Path

from darkbelle.datasets import Dataset
from darkbelle.errors import ConfigurationError
from darkbelle.ntuple.layout import Layout
from darkbelle.ntuple.schema import Fields, wanted_fields
from darkbelle.ntuple.tables import Table, open_table
from darkbelle.processors import ChannelProcessor, load_processor

__all__ = ["check_region", "required_fields", "required_reads", "required_variables"]


def required_reads(processor: ChannelProcessor, dataset: Dataset) -> tuple[str, ...]:
    """Return the fields that a processor cannot do without; of simulation it needs the truth as well."""
    reads = (*processor.reads, *processor.region_reads.get(dataset.region or "", ()))
    return reads if dataset.is_data else (*reads, *processor.truth_reads)


def check_region(processor: ChannelProcessor, region: str | None, what: str) -> None:
    """Raise if a dataset is of a region that the channel has not, or of none where it must be of one.

    Raises
    ------
    ConfigurationError
        It is; ``what`` says whose region.
    """
    name, regions = processor.channel.name, processor.channel.regions
    if region is not None and region not in regions:
        raise ConfigurationError(
            f"{what} is of region {region!r}, which channel {name!r} does not declare; it has "
            f"{', '.join(regions)}"
        )
    if region is None and processor.region_reads:
        raise ConfigurationError(
            f"{what} names no region, and ntuples of channel {name!r} are of one each: "
            f"say which of {', '.join(processor.region_reads)}"
        )


def required_fields(table: Table, dataset: Dataset, processor: ChannelProcessor) -> Fields:
    """Return the branches of those fields in a file.

    Raises
    ------
    MissingBranchError
        One is not there; the message names branches like it.
    """
    layout = Layout.of(processor.channel, dataset)
    reads = required_reads(processor, dataset)
    return wanted_fields(layout, table.types, reads, where=f"{table.path}, tree {table.tree!r}")


def required_variables(
    channel: str, path: str | Path, tree: str = "variables", region: str | None = None
) -> tuple[str, ...]:
    """Return the branches of a file that a channel reads: needed ones, and truth and options if there.

    Raises
    ------
    MissingBranchError
        A needed one is not there.
    ConfigurationError
        The channel needs to know the region that the file is for, or has no such region.
    """
    processor = load_processor(channel)
    check_region(processor, region, str(path))
    table = open_table(path, tree)
    layout = Layout(processor.channel.particles, processor.channel.columns, tree)
    where = f"{path}, tree {tree!r}"
    reads = (*processor.reads, *processor.region_reads.get(region or "", ()))
    needed = wanted_fields(layout, table.types, reads, where=where)
    others = (*processor.truth_reads, *processor.optional_reads)
    extra = wanted_fields(layout, table.types, others, optional=True, where=where)
    fields = needed.joined_with(extra)
    records = [branch for record in fields.particles.values() for branch in record.values()]
    return tuple(dict.fromkeys((*fields.plain.values(), *records)))
