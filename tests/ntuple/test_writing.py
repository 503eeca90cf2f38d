from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

from darkbelle.errors import NtupleError
from darkbelle.ntuple.tables import open_table
from darkbelle.ntuple.writing import Codec, split_rows, write_batches, write_ntuple, write_trees

Columns = dict[str, NDArray[Any]]


@pytest.mark.parametrize("codec", ["zlib", "zstd", "lz4"])
def test_columns_come_back_with_their_types(
    tmp_path: Path, modern_columns: Callable[..., Columns], codec: Codec
) -> None:
    columns = modern_columns([1, 1, 2])
    write_ntuple(tmp_path / "a.root", columns, codec=codec)
    with uproot.open(tmp_path / "a.root") as file:
        assert file.classnames() == {"variables;1": "TTree"}
        tree = file["variables"]
        read = tree.arrays(library="np")
    assert "mu_p_useCMSFrame__bop__bc" in read
    for (name, expected), found in zip(columns.items(), read.values(), strict=True):
        np.testing.assert_array_equal(found, expected, err_msg=name)
        assert found.dtype == expected.dtype


def test_the_same_columns_make_the_same_bytes_later_and_after_reading(
    tmp_path: Path, modern_columns: Callable[..., Columns]
) -> None:
    columns = modern_columns(list(range(1000)))
    paths = [tmp_path / "first" / "a.root", tmp_path / "second" / "a.root"]
    write_ntuple(paths[0], columns)
    open_table(paths[0]).read("nTracks")  # switches uproot to isal, which compresses otherwise
    time.sleep(1.1)  # ROOT's times are in seconds
    write_ntuple(paths[1], columns)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_no_time_is_left_in_the_file(tmp_path: Path) -> None:
    write_trees(tmp_path / "a.root", {name: {"x": np.arange(5.0)} for name in ("one", "two")})
    with uproot.open(tmp_path / "a.root") as file:
        assert file.created_on == file.modified_on == datetime(1995, 1, 1)
        assert [file.key(name).created_on for name in file.keys()] == [datetime(1995, 1, 1)] * 2  # noqa: SIM118


def test_other_values_make_another_uuid(tmp_path: Path) -> None:
    for name, last in (("a", 2.0), ("b", 3.0)):
        write_ntuple(tmp_path / f"{name}.root", {"x": np.array([1.0, last])})
    assert open_table(tmp_path / "a.root").identity != open_table(tmp_path / "b.root").identity


def test_an_identity_fixes_the_uuid(tmp_path: Path) -> None:
    for name, last in (("a", 2.0), ("b", 3.0)):
        write_ntuple(tmp_path / f"{name}.root", {"x": np.array([1.0, last])}, identity="block 7")
    assert open_table(tmp_path / "a.root").identity == open_table(tmp_path / "b.root").identity


def test_baskets_are_big(tmp_path: Path) -> None:
    write_ntuple(tmp_path / "a.root", {"x": np.arange(250_000)})
    with uproot.open(tmp_path / "a.root") as file:
        assert file["variables"]["x"].num_baskets == 3


def test_batches_give_one_tree(tmp_path: Path) -> None:
    x = np.arange(10.0)
    write_batches(tmp_path / "a.root", split_rows({"x": x}, 4), batch_count=3, identity="x")
    np.testing.assert_array_equal(open_table(tmp_path / "a.root").read("x"), x)


def test_more_batches_than_announced_are_kept(tmp_path: Path) -> None:
    x = np.arange(100.0)
    write_batches(tmp_path / "a.root", split_rows({"x": x}, 4), batch_count=1, identity="x")
    np.testing.assert_array_equal(open_table(tmp_path / "a.root").read("x"), x)


def test_an_empty_tree_can_be_written_and_read(tmp_path: Path) -> None:
    write_ntuple(tmp_path / "a.root", {"x": np.empty(0), "__run__": np.empty(0, dtype=np.int32)})
    table = open_table(tmp_path / "a.root")
    assert table.entries == 0
    assert table.read("x").shape == (0,)
    assert table.types["__run__"] == np.int32


def test_columns_of_other_length_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NtupleError, match=r"column 'y' has shape \(3,\), expected \(2,\) as column 'x'"):
        write_ntuple(tmp_path / "a.root", {"x": np.zeros(2), "y": np.zeros(3)})


def test_two_columns_of_one_branch_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NtupleError, match="two columns get the branch name 'R2__boa__bc'"):
        write_ntuple(tmp_path / "a.root", {"R2(a)": np.zeros(2), "R2__boa__bc": np.zeros(2)})


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_ntuple(tmp_path / "a.root", {"x": np.zeros(2)})
    before = (tmp_path / "a.root").read_bytes()

    def failing() -> Iterator[Columns]:
        yield {"x": np.ones(2)}
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_batches(tmp_path / "a.root", failing(), batch_count=2, identity="x")
    assert [path.name for path in tmp_path.iterdir()] == ["a.root"]
    assert (tmp_path / "a.root").read_bytes() == before
