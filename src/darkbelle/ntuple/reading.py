"""Open rows of an ntuple as coffea's virtual arrays: a column is read when it is first touched.

>>> from darkbelle.ntuple.reading import Layout, RowRange, open_rows
>>> layout = Layout(particles={"mu_plus": "mu_p"}, columns={"n_tracks": "nTracks"})
>>> rows = open_rows(RowRange("file.root", "variables", 0, 1000), layout)  # doctest: +SKIP
>>> rows.mu_plus.px, rows.n_tracks, rows.event  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import awkward as ak
from coffea.nanoevents import NanoEventsFactory
from coffea.nanoevents.util import tuple_to_key

from darkbelle.ntuple.joining import match_events
from darkbelle.ntuple.keys import EVENT_KEY, EventKeys, keys_of_table
from darkbelle.ntuple.layout import JoinedRange, Layout, RowRange
from darkbelle.ntuple.rows import CLIPPED, RowColumns, column_name
from darkbelle.ntuple.schema import Fields, all_fields, schema_of, wanted_fields
from darkbelle.ntuple.tables import Table, open_table

__all__ = ["JoinedRange", "Layout", "RowRange", "columns_read", "open_rows"]


def open_rows(
    source: RowRange,
    layout: Layout,
    metadata: Mapping[str, Any] | None = None,
    *,
    reads: Collection[str] | None = None,
    optional: Collection[str] = (),
) -> Any:
    """Open rows as an awkward array of which no column is read yet.

    Parameters
    ----------
    source
        File, tree and range of rows.
    layout
        Names of particles and columns.
    metadata
        Becomes ``rows.metadata``; values that JSON can hold.
    reads
        The fields that must be there, such as ``mu_plus.px`` and ``n_tracks``; only these, those of
        ``optional``, and the counters come out. Without, all that the layout finds comes out.
    optional
        Fields that come out where the file has them.

    Returns
    -------
    awkward.Array
        One entry a row. Fields: the counters ``experiment run event production candidate
        n_candidates`` as far as the file has them, int64 (``production`` is 0 where it is absent), a
        record for each particle, the columns under the analysis' names, and for each joined tree a
        list of records. Units are basf2's: GeV, cm, rad. In event-based trees particles are
        lists, and ``clipped`` tells whether basf2 dropped candidates.

    Raises
    ------
    UnreadableFileError
        The file is gone, truncated or damaged; damage within a column shows when it is touched.
    NtupleError
        The tree is not there, or has not as many rows.
    MissingBranchError
        A field of ``reads`` is not in the file.
    """
    table = open_table(source.path, source.tree)
    where = f"{source.path}, tree {source.tree!r}, rows {source.start} to {source.stop}"
    table.check_range(source.start, source.stop)
    columns = RowColumns(table, source.start, source.stop, layout.max_candidates)
    form = columns.base_form(dict(metadata or {}))
    fields = _fields(layout, form["fields"], reads, optional, where)
    rows = _rows(columns, table, form, layout, fields)
    if layout.joined_trees:
        keys = keys_of_table(table, source.start, source.stop)
        for tree in layout.joined_trees:
            rows = _joined(rows, keys, source, layout, tree)
    return rows


def columns_read(rows: Any) -> tuple[str, ...]:
    """Return the columns, by their names on disk, that were read so far through some rows."""
    accesses = rows.attrs["@events_factory"].access_log
    return tuple(dict.fromkeys(column_name(access.branch) for access in accesses))


def _fields(
    layout: Layout,
    branches: Collection[str],
    reads: Collection[str] | None,
    optional: Collection[str],
    where: str,
) -> Fields:
    if reads is None:
        fields = all_fields(layout, branches, where)
    else:
        fields = wanted_fields(layout, branches, reads, where=where).joined_with(
            wanted_fields(layout, branches, optional, optional=True)
        )
    if CLIPPED in branches:
        fields.plain["clipped"] = CLIPPED
    return fields


def _joined(rows: Any, keys: EventKeys, source: RowRange, layout: Layout, tree: str) -> Any:
    """Return the rows with a list of the rows of another tree that are of the same event."""
    table = open_table(source.path, tree)
    start, stop = next(
        ((part.start, part.stop) for part in source.joined if part.tree == tree), (0, table.entries)
    )
    table.check_range(start, stop)
    match = match_events(keys, keys_of_table(table, start, stop))
    columns = RowColumns(table, start, stop, layout.max_candidates)
    form = columns.base_form()
    layout = Layout(particles={tree: ""})
    fields = all_fields(layout, form["fields"], f"{source.path}, tree {tree!r}")
    # the event's key is that of the main row
    counters = {name: branch for name, branch in fields.plain.items() if name not in EVENT_KEY}
    others = _rows(columns, table, form, layout, Fields({}, {tree: counters | fields.particles[tree]}))
    return ak.with_field(rows, match.lists(others[tree]), tree)


def _rows(columns: RowColumns, table: Table, form: Any, layout: Layout, fields: Fields) -> Any:
    key = (table.identity, table.tree, f"{columns.start}-{columns.stop}")
    schema = schema_of(layout, fields)(form)
    return NanoEventsFactory(schema, columns, tuple_to_key(key), mode="virtual").events()
