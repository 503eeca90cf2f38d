from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from darkbelle.errors import MissingBranchError, NtupleError, UnreadableFileError
from darkbelle.ntuple.describing import describe_file
from darkbelle.ntuple.tables import list_trees, open_table
from darkbelle.ntuple.writing import write_ntuple, write_trees


def _with_duplicate(path: Path, second: list[float]) -> Path:
    """Write a file in which two branches are called aaa."""
    write_ntuple(path, {"aaa": np.array([1.0, np.nan]), "bbb": np.array(second), "c": np.zeros(2)})
    path.write_bytes(path.read_bytes().replace(b"bbb", b"aaa"))
    return path


def test_equal_duplicates_are_read_once_and_reported(tmp_path: Path) -> None:
    path = _with_duplicate(tmp_path / "a.root", [1.0, np.nan])
    table = open_table(path)
    assert table.duplicates == {"aaa": 2}
    np.testing.assert_array_equal(table.read("aaa"), [1.0, np.nan])
    description = describe_file(path)
    assert description.duplicates == {"aaa": 2}
    assert description.unequal_duplicates == ()
    assert list(description.branches) == ["aaa", "c"]


def test_unequal_duplicates_cannot_be_read(tmp_path: Path) -> None:
    path = _with_duplicate(tmp_path / "a.root", [1.0, 2.0])
    assert describe_file(path).unequal_duplicates == ("aaa",)
    np.testing.assert_array_equal(open_table(path).read("aaa", 0, 1), [1.0])  # equal there
    with pytest.raises(NtupleError, match="2 branches 'aaa' whose values differ in rows 0 to 2"):
        open_table(path).read("aaa")


def test_a_description_says_what_is_in_a_file(modern_file: Path) -> None:
    description = describe_file(modern_file)
    assert description.entries == 6
    assert description.size == modern_file.stat().st_size
    assert description.branches["__event__"] == "uint32"
    assert description.branches["mu_p_px"] == "float64"
    with uproot.open(modern_file) as file:
        assert description.uuid == str(file.file.uuid)
    assert not description.event_based


@pytest.mark.parametrize("name", ["gone.root", "gone.parquet"])
def test_a_file_that_is_gone_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFileError, match=f"{name} is not a file; correct the path"):
        open_table(tmp_path / name)


@pytest.mark.parametrize("name", ["a.root", "a.parquet"])
def test_a_file_of_no_bytes_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(UnreadableFileError, match="has 0 bytes; the job that wrote it failed"):
        open_table(tmp_path / name)


@pytest.mark.parametrize("name", ["a.root", "a.parquet"])
def test_a_file_of_another_format_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no ntuple at all, but a long enough text" * 20)
    with pytest.raises(UnreadableFileError, match=f"cannot open .*{name}"):
        open_table(tmp_path / name)


@pytest.mark.parametrize("share", np.linspace(0.01, 0.999, 12).tolist())
def test_a_truncated_file_is_unreadable_wherever_it_ends(modern_file: Path, share: float) -> None:
    content = modern_file.read_bytes()
    modern_file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableFileError, match=r"modern\.root"):
        open_table(modern_file)


def test_an_absent_tree_is_reported_with_those_there(tmp_path: Path) -> None:
    columns = {"x": np.zeros(2)}
    write_trees(tmp_path / "a.root", {"Bsig": columns, "roe": columns, "persistent": columns})
    assert list_trees(tmp_path / "a.root") == ("Bsig", "roe")
    with pytest.raises(NtupleError, match=r"has no tree 'variables'; it has 'Bsig', 'roe'; set 'tree'"):
        open_table(tmp_path / "a.root")


def test_the_metadata_tree_is_never_taken_for_candidates(tmp_path: Path) -> None:
    columns = {"x": np.zeros(2)}
    write_trees(tmp_path / "a.root", {"Bsig": columns, "persistent": columns})
    with pytest.raises(NtupleError, match=r"metadata and no candidates; .* one of Bsig"):
        open_table(tmp_path / "a.root", "persistent")


def test_rows_past_the_end_are_refused(modern_file: Path) -> None:
    with pytest.raises(NtupleError, match="rows 0 to 7 of tree 'variables' were asked for, which has 6"):
        open_table(modern_file).read("mu_p_px", 0, 7)


def test_a_missing_column_is_reported(modern_file: Path) -> None:
    with pytest.raises(MissingBranchError, match="nearest are 'mu_p_px'"):
        open_table(modern_file).read("mu_p_pxx")


def test_a_damaged_basket_is_reported_with_branch_and_rows(modern_file: Path) -> None:
    with uproot.open(modern_file) as file:
        start = int(file["variables"]["mu_p_px"].member("fBasketSeek")[0])
        size = int(file["variables"]["mu_p_px"].member("fBasketBytes")[0])
    content = bytearray(modern_file.read_bytes())
    content[start : start + size] = b"\xff" * size
    modern_file.write_bytes(content)
    table = open_table(modern_file)
    assert len(table.read("mu_p_py")) == 6
    with pytest.raises(
        UnreadableFileError, match="cannot read branch 'mu_p_px' of tree 'variables', rows 1 to 4"
    ):
        table.read("mu_p_px", 1, 4)


def test_parquet_rows_are_cut_out_of_their_row_groups(tmp_path: Path) -> None:
    values = np.arange(10.0)
    pq.write_table(pa.table({"x": values}), tmp_path / "a.parquet", row_group_size=3)
    table = open_table(tmp_path / "a.parquet")
    for start in range(11):
        for stop in range(start, 11):
            np.testing.assert_array_equal(table.read("x", start, stop), values[start:stop])


def test_parquet_files_of_other_content_have_other_identities(tmp_path: Path) -> None:
    for name, values in (("a", [1.0, 2.0]), ("b", [1.0, 3.0])):
        pq.write_table(pa.table({"x": values}), tmp_path / f"{name}.parquet")
    identities = {open_table(tmp_path / f"{name}.parquet").identity for name in "ab"}
    assert len(identities) == 2


def test_empty_cells_of_integers_are_an_error_and_those_of_floats_are_nan(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1, None, 3], "x": [1.0, None, 3.0]}), tmp_path / "a.parquet")
    table = open_table(tmp_path / "a.parquet")
    np.testing.assert_array_equal(table.read("x"), [1.0, np.nan, 3.0])
    with pytest.raises(
        NtupleError, match="column 'n' is declared as int64 but has empty cells in rows 0 to 3"
    ):
        table.read("n")
