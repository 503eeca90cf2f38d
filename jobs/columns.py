"""Unbinned columns of a dataset: the parts that chunks wrote, joined into one file a region."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from darkbelle.runfolder import room_for

__all__ = ["ColumnFiles", "column_files"]

ROW_GROUP = 500_000  # rows of a parquet row group, whatever the chunks were


class ColumnFiles:
    """The files of one dataset while they are written, by region. Memory holds one row group of each."""

    def __init__(self, folder: Path, dataset: str) -> None:
        self.folder = folder
        self.dataset = dataset
        self.writers: dict[str, Any] = {}
        self.waiting: dict[str, list[Any]] = {}
        self.rows: dict[str, int] = {}

    def append(self, region: str, part: Path) -> None:
        """Append the rows of a part to the file of a region."""
        table = pq.read_table(part)
        self.waiting.setdefault(region, []).append(table)
        self.rows[region] = self.rows.get(region, 0) + table.num_rows
        if self.rows[region] < ROW_GROUP:
            return
        table = pa.concat_tables(self.waiting[region])
        while table.num_rows >= ROW_GROUP:
            self._write(region, table.slice(0, ROW_GROUP))
            table = table.slice(ROW_GROUP)
        self.waiting[region], self.rows[region] = [table], table.num_rows

    def _write(self, region: str, table: Any) -> None:
        path = self._path(region)
        with room_for(path):
            if region not in self.writers:
                self.folder.mkdir(parents=True, exist_ok=True)
                self.writers[region] = pq.ParquetWriter(_part(path), table.schema, compression="zstd")
            self.writers[region].write_table(table.combine_chunks(), row_group_size=ROW_GROUP)

    def _path(self, region: str) -> Path:
        return self.folder / f"{self.dataset}.{region}.parquet"

    def finish(self) -> None:
        """Write what is left; a region without rows still gets its file, with the columns' names."""
        for region, tables in self.waiting.items():
            if self.rows[region] or region not in self.writers:
                self._write(region, pa.concat_tables(tables))
        self.close()
        for region in self.writers:
            path = self._path(region)
            _part(path).replace(path)

    def close(self) -> None:
        """Close the files."""
        for region, writer in self.writers.items():
            with room_for(self._path(region)):
                writer.close()

    def remove_parts(self) -> None:
        """Remove what is not finished."""
        for region in self.waiting:  # a full disk may have kept its writer from being made
            _part(self._path(region)).unlink(missing_ok=True)


def _part(path: Path) -> Path:
    """Return the name of a file while it is written."""
    return path.with_name(f".{path.name}.part")


@contextmanager
def column_files(folder: Path, dataset: str) -> Iterator[ColumnFiles]:
    """Give the column files of a dataset to append to; they are there, complete, when it ends well."""
    files = ColumnFiles(folder, dataset)
    try:
        yield files
        files.finish()
    finally:
        try:
            files.close()
        finally:
            files.remove_parts()
