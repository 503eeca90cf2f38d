"""Run a channel's processor over dask-awkward, for those who work with it already.

It has to be installed beside darkbelle in an environment of its own (`make lazy-test` builds one), because
it goes with old versions of Dask only. The ordinary way, `darkbelle.run`, is faster and forgives more:
here one bad chunk ends all.

>>> from darkbelle.jobs.lazy import lazy_outputs, lazy_rows, total
>>> rows = lazy_rows(plan, "tautau")  # doctest: +SKIP
>>> rows.mu_plus.px.compute()  # doctest: +SKIP
>>> (outputs,) = dask.compute(lazy_outputs(plan, "tautau"))  # doctest: +SKIP
>>> total(outputs).histograms  # doctest: +SKIP
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add
from typing import Any

import awkward as ak

from darkbelle.errors import ConfigurationError, RunError
from darkbelle.jobs.chunks import metadata_of_rows
from darkbelle.jobs.plan import Plan
from darkbelle.jobs.required import required_reads
from darkbelle.ntuple.layout import Layout, RowRange
from darkbelle.ntuple.reading import columns_read, open_rows
from darkbelle.ntuple.schema import MOMENTUM, NtupleSchema, all_fields
from darkbelle.ntuple.tables import open_table
from darkbelle.processors import ChannelProcessor, load_processor
from darkbelle.results import ChunkOutput, decode_output, encode_output

try:
    import dask_awkward as dak
    from dask_awkward.lib.io.columnar import ColumnProjectionMixin
except ModuleNotFoundError:  # the functions say so when they are called
    dak, ColumnProjectionMixin = None, object

__all__ = ["lazy_outputs", "lazy_rows", "total", "traced_columns"]


@dataclass(frozen=True)
class _Opened(ColumnProjectionMixin):  # type: ignore[misc]  # dask-awkward ships no types
    """Opens the rows of a chunk, of the columns that dask-awkward found to be needed.

    ``optional`` columns are there wherever a file has them: the first one, after which dask-awkward
    judges, need not have what others have.
    """

    layout: Layout
    metadata: dict[str, Any]
    form: ak.forms.Form
    optional: tuple[str, ...]
    columns: frozenset[str] | None = None

    use_optimization = True
    behavior = NtupleSchema.behavior()
    attrs = None

    def project_columns(self, columns: frozenset[str]) -> _Opened:
        """Return what opens these columns only; of a vector, all that makes it one."""
        particles = {name.partition(".")[0] for name in columns if "." in name}
        momenta = {
            f"{particle}.{field}"
            for particle in particles
            for field in MOMENTUM & set(self.form.content(particle).fields)
        }
        return replace(self, columns=columns | momenta)

    def __call__(self, source: RowRange) -> Any:
        """Return the rows; a column is read when it is touched."""
        if self.columns is None:
            return open_rows(source, self.layout, self.metadata)
        reads = sorted(self.columns - set(self.optional))
        return open_rows(source, self.layout, self.metadata, reads=reads, optional=self.optional)


def lazy_rows(plan: Plan, dataset: str) -> Any:
    """Return the rows of a planned dataset as a dask-awkward array, a partition a chunk, in order.

    Events are whole in their partition, as the plan sees to. Fields are those of
    `darkbelle.ntuple.reading.open_rows`, as the first file has them.

    Raises
    ------
    RunError
        dask-awkward is not installed.
    ConfigurationError
        The plan has no such dataset, or it has no rows, or the plan did not look for events that stand twice:
        no merge does so here.
    """
    if dak is None:
        raise RunError(
            "dask-awkward is not installed; it needs an environment of its own: pip install 'darkbelle[lazy]'"
        )
    if not plan.events_checked:
        raise ConfigurationError(
            "the plan has not looked for events that stand twice, and dask-awkward would count them twice; "
            "plan with --check-events, or PlanOptions(check_events=True)"
        )
    processor, layout = _processor_and_layout(plan, dataset)
    sources = _sources(plan, dataset)
    metadata = metadata_of_rows(dataset, plan.datasets[dataset].metadata, plan.seed)
    form = open_rows(replace(sources[0], stop=sources[0].start), layout, metadata).layout.form
    opened = _Opened(layout, metadata, form, processor.optional_reads)
    return dak.from_map(opened, sources, label=f"rows-of-{dataset}")


def lazy_outputs(plan: Plan, dataset: str) -> Any:
    """Return the outputs of the processor on each partition, as a dask-awkward array of text.

    `total` adds what it computes to. Kernels take arrays and no tracers of types, so what
    dask-awkward is told to read is what the processor reads of no rows at all.
    """
    rows = lazy_rows(plan, dataset)
    processor, _ = _processor_and_layout(plan, dataset)
    work = partial(_encoded_output, processor=processor, reads=traced_columns(plan, dataset))
    return dak.map_partitions(work, rows, label=plan.channel, meta=None)


def total(encoded: Iterable[str]) -> ChunkOutput:
    """Return the sum of outputs, in the order of the plan."""
    return reduce(add, (decode_output(json.loads(text)) for text in encoded))


def traced_columns(plan: Plan, dataset: str) -> tuple[str, ...]:
    """Return the fields that the processor reads, found by giving it no rows of the first file.

    >>> traced_columns(plan, "tautau")  # doctest: +SKIP
    ('event', 'experiment', …, 'mu_minus.px', …)
    """
    processor, layout = _processor_and_layout(plan, dataset)
    first = _sources(plan, dataset)[0]
    metadata = metadata_of_rows(dataset, plan.datasets[dataset].metadata, plan.seed)
    rows = open_rows(replace(first, stop=first.start), layout, metadata)
    processor.process(rows)
    read = set(columns_read(rows))
    fields = all_fields(layout, open_table(first.path, first.tree).types)
    plain = [name for name, branch in fields.plain.items() if branch in read]
    nested = [
        f"{particle}.{name}"
        for particle, record in fields.particles.items()
        for name, branch in record.items()
        if branch in read
    ]
    return tuple(sorted(plain + nested))


def _encoded_output(rows: Any, *, processor: ChannelProcessor, reads: Iterable[str]) -> Any:
    """Return the output on some rows as an array of one text, or of types what that would be."""
    encoded = ak.Array([""])
    if ak.backend(rows) == "typetracer":
        for name in reads:
            leaf = rows
            for field in name.split("."):
                leaf = leaf[field]
            ak.typetracer.touch_data(leaf)
        return ak.to_backend(encoded, "typetracer")
    return ak.Array([json.dumps(encode_output(processor.process(rows)))])


def _processor_and_layout(plan: Plan, dataset: str) -> tuple[ChannelProcessor, Layout]:
    if dataset not in plan.datasets:
        raise ConfigurationError(f"the plan has no dataset {dataset!r}, it has: {', '.join(plan.datasets)}")
    processor, metadata = load_processor(plan.channel, plan.options), plan.datasets[dataset].metadata
    layout = Layout.of(processor.channel, metadata)
    if processor.region_reads:  # its ntuples have the particles of one region each
        read = {name.partition(".")[0] for name in required_reads(processor, metadata)}
        there = {name: prefix for name, prefix in layout.particles.items() if name in read}
        layout = replace(layout, particles=there)
    return processor, layout


def _sources(plan: Plan, dataset: str) -> list[RowRange]:
    tree = plan.datasets[dataset].metadata.tree
    sources = [RowRange(chunk.file.path, tree, chunk.start, chunk.stop) for chunk in plan.chunks(dataset)]
    if not sources:
        raise ConfigurationError(f"dataset {dataset!r} of the plan has no rows, so there is nothing to read")
    return sources
