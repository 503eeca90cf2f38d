from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from darkbelle.jobs import columns as columns_module
from darkbelle.jobs.columns import column_files


def part(path: Path, start: int, stop: int) -> Path:
    pq.write_table(pa.table({"x": np.arange(start, stop)}), path)
    return path


@pytest.mark.parametrize("edges", [(0, 25), (0, 1, 2, 24, 25), (0, 10, 20, 25), (0, 0, 25, 25)])
def test_the_file_does_not_depend_on_the_parts(
    edges: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns_module, "ROW_GROUP", 10)
    written = []
    for name, cuts in (("whole", (0, 25)), ("parts", edges)):
        with column_files(tmp_path / name, "mumu") as files:
            for start, stop in pairwise(cuts):
                files.append("sr", part(tmp_path / "part.parquet", start, stop))
        written.append(tmp_path / name / "mumu.sr.parquet")
    assert written[0].read_bytes() == written[1].read_bytes()
    assert pq.read_table(written[1])["x"].to_pylist() == list(range(25))
    assert pq.ParquetFile(written[1]).metadata.num_row_groups == 3


def test_without_columns_there_is_no_file(tmp_path: Path) -> None:
    with column_files(tmp_path / "columns", "mumu"):
        pass
    assert not (tmp_path / "columns").exists()
