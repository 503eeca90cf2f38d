from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError, MissingBranchError
from darkbelle.ntuple import slimming
from darkbelle.ntuple.keys import event_keys
from darkbelle.ntuple.reading import Layout, RowRange, open_rows
from darkbelle.ntuple.slimming import Format, slim
from darkbelle.ntuple.tables import open_table
from darkbelle.ntuple.writing import Codec, write_ntuple

Columns = dict[str, NDArray[Any]]

LAYOUT = Layout({"mu_plus": "mu_p"}, {"n_hard_photons": "nParticlesInList(gamma:hard)"})
COLUMNS = ["mu_p_px", "nParticlesInList(gamma:hard)"]


@pytest.mark.parametrize("kind", ["root", "parquet"])
@pytest.mark.parametrize("codec", ["zlib", "zstd", "lz4"])
def test_a_slimmed_file_reads_as_before(
    modern_file: Path, tmp_path: Path, kind: Format, codec: Codec
) -> None:
    (done,) = slim([modern_file], COLUMNS, tmp_path / "out", format=kind, codec=codec)
    assert (done.rows, done.source) == (6, str(modern_file))
    assert done.bytes_after == Path(done.path).stat().st_size
    table = open_table(done.path)
    counters = {"experiment", "run", "event", "production", "candidate", "ncandidates", "weight"}
    kept = {f"__{name}__" for name in counters} | {"mu_p_px", "nParticlesInList__bogamma__clhard__bc"}
    assert set(table.types) == kept
    assert {name: open_table(modern_file).types[name] for name in kept} == table.types
    before = open_rows(RowRange(str(modern_file), "variables", 0, 6), LAYOUT)
    after = open_rows(RowRange(done.path, "variables", 0, 6), LAYOUT)
    np.testing.assert_array_equal(after.mu_plus.px, before.mu_plus.px)
    np.testing.assert_array_equal(after.n_hard_photons, before.n_hard_photons)
    np.testing.assert_array_equal(event_keys(done.path).row_hashes(), event_keys(modern_file).row_hashes())


@pytest.mark.parametrize("kind", ["root", "parquet"])
def test_batches_join_up(
    tmp_path: Path, modern_columns: Callable[..., Columns], kind: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slimming, "BATCH_ROWS", 30)
    columns = modern_columns(list(range(100)))
    write_ntuple(tmp_path / "a.root", columns)
    progress: list[tuple[int, int]] = []
    (done,) = slim(
        [tmp_path / "a.root"],
        COLUMNS,
        tmp_path / "out",
        format=kind,
        progress=lambda _, rows, total: progress.append((rows, total)),
    )
    np.testing.assert_array_equal(open_table(done.path).read("mu_p_px"), columns["mu_p_px"])
    assert progress == [(30, 100), (60, 100), (90, 100), (100, 100)]


@pytest.mark.parametrize("kind", ["root", "parquet"])
def test_slimming_twice_gives_the_same_bytes(modern_file: Path, tmp_path: Path, kind: Format) -> None:
    first, second = (slim([modern_file], COLUMNS, tmp_path / name, format=kind)[0] for name in "ab")
    assert Path(first.path).read_bytes() == Path(second.path).read_bytes()


@pytest.mark.parametrize("kind", ["root", "parquet"])
def test_a_file_without_rows_stays_one(
    tmp_path: Path, modern_columns: Callable[..., Columns], kind: Format
) -> None:
    write_ntuple(tmp_path / "a.root", modern_columns([]))
    (done,) = slim([tmp_path / "a.root"], COLUMNS, tmp_path / "out", format=kind)
    assert open_table(done.path).entries == 0
    assert "mu_p_px" in open_table(done.path).types


def test_parquet_becomes_root(modern_file: Path, tmp_path: Path) -> None:
    (table,) = slim([modern_file], COLUMNS, tmp_path / "one", format="parquet")
    (tree,) = slim([table.path], COLUMNS, tmp_path / "two")
    np.testing.assert_array_equal(
        open_table(tree.path).read("mu_p_px"), open_table(modern_file).read("mu_p_px")
    )


def test_counters_may_be_named_and_need_not_be_there(
    tmp_path: Path, modern_columns: Callable[..., Columns]
) -> None:
    columns = modern_columns([1, 2])
    del columns["__production__"]
    write_ntuple(tmp_path / "a.root", columns)
    (done,) = slim([tmp_path / "a.root"], ["__event__", "__production__", "mu_p_px"], tmp_path / "out")
    assert "__production__" not in open_table(done.path).types
    assert event_keys(done.path).event.tolist() == [1, 2]


def test_a_missing_column_leaves_no_file(modern_file: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingBranchError, match=r"modern.root, tree 'variables': no branch 'mu_q_px'"):
        slim([modern_file], ["mu_q_px"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_is_not_slimmed_into_itself(modern_file: Path) -> None:
    with pytest.raises(ConfigurationError, match="which is itself"):
        slim([modern_file], COLUMNS, modern_file.parent)
    assert open_table(modern_file).entries == 6


def test_two_files_of_one_name_are_refused(modern_file: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / modern_file.name
    twin.write_bytes(modern_file.read_bytes())
    with pytest.raises(ConfigurationError, match="is the target of"):
        slim([modern_file, twin], COLUMNS, tmp_path / "out")
