from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from darkbelle.errors import NtupleError
from darkbelle.ntuple.keys import event_keys
from darkbelle.ntuple.reading import Layout, RowRange, columns_read, open_rows
from darkbelle.ntuple.writing import write_ntuple

Columns = dict[str, NDArray[Any]]

LAYOUT = Layout(
    particles={"mu_plus": "mu_p"},
    columns={"n_tracks": "nTracks", "n_hard_photons": "nParticlesInList(gamma:hard)"},
)


@pytest.fixture
def table(tmp_path: Path, modern_columns: Callable[..., Columns]) -> Path:
    """As basf2 writes parquet: raw names, all float64, no weight, columns in any order."""
    columns = modern_columns([10, 10, 11, 12, 12, 12])
    del columns["__weight__"]
    names = sorted(columns)
    np.random.default_rng(5).shuffle(names)
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({name: columns[name].astype(np.float64) for name in names}), path, row_group_size=4
    )
    return path


def test_the_same_fields_come_out_as_of_a_tree(table: Path, modern_file: Path) -> None:
    rows, expected = (
        open_rows(RowRange(str(path), "variables", 1, 6), LAYOUT) for path in (table, modern_file)
    )
    assert [name for name in expected.fields if name != "inverse_sampling_rate"] == rows.fields
    # the raw name is the name on disk here, so only the escaped one is missing
    assert set(expected.mu_plus.fields) - set(rows.mu_plus.fields) == {"useCMSFrame__bop__bc"}
    for name in ("experiment", "run", "event", "production", "candidate", "n_candidates", "n_tracks"):
        assert rows[name].tolist() == expected[name].tolist()
    for name in rows.mu_plus.fields:
        np.testing.assert_array_equal(rows.mu_plus[name], expected.mu_plus[name])
    assert np.asarray(rows.event).dtype == np.int64


def test_a_column_is_read_when_it_is_touched(table: Path) -> None:
    rows = open_rows(RowRange(str(table), "", 0, 6), LAYOUT)
    np.asarray(rows.n_hard_photons)
    assert columns_read(rows) == ("nParticlesInList(gamma:hard)",)


def test_names_with_commas_can_be_read(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"daughterInvM(0, 1)": [1.5], "a!b": [2.5], "B_x/y": [3.5]}), tmp_path / "a.parquet"
    )
    layout = Layout({"b": "B"}, {"mass": "daughterInvM(0, 1)", "odd": "a!b"})
    rows = open_rows(RowRange(str(tmp_path / "a.parquet"), "", 0, 1), layout)
    assert (rows.mass.tolist(), rows.odd.tolist(), rows.b["x/y"].tolist()) == ([1.5], [2.5], [3.5])
    assert columns_read(rows) == ("daughterInvM(0, 1)", "a!b", "B_x/y")


def test_keys_and_hashes_are_those_of_the_tree(table: Path, modern_file: Path) -> None:
    of_table, of_tree = event_keys(table), event_keys(modern_file)
    np.testing.assert_array_equal(of_table.hashes(), of_tree.hashes())
    np.testing.assert_array_equal(of_table.boundaries(), of_tree.boundaries())


def test_a_counter_that_is_nan_is_an_error(tmp_path: Path) -> None:
    columns = {"__experiment__": [1.0, 1.0], "__run__": [1.0, 1.0], "__event__": [1.0, np.nan]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(
        NtupleError, match="__event__ of tree 'variables' is nan in row 1, expected a whole number"
    ):
        event_keys(tmp_path / "a.parquet")
    path = tmp_path / "b.root"
    columns |= {"__run__": [1.0, 1.5], "__event__": [1.0, 1.0]}
    write_ntuple(path, {name: np.array(values) for name, values in columns.items()})
    with pytest.raises(NtupleError, match=r"__run__ .* is 1\.5 in row 1"):
        event_keys(path)
