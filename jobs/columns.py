"""Unbinned columns of a dataset: the parts that chunks wrote, joined into one file a region."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["ColumnFiles", "column_files"]

ROW_GROUP = 500_000  # rows of a parquet row group, whatever the chunks were


class ColumnFiles:
    """The files of one dataset while they are written, by region. Memory holds one row group of each."""

    def __init__(self, folder: Path, dataset: str) -> None:
        self.folder = folder
        self.dataset = dataset
        self.writers: dict[str, Any] = {}
        self.waiting: dict[str, Any] = {}

    def append(self, region: str, part: Path) -> None:
        """Append the rows of a part to the file of a region."""
        table = pq.read_table(part)
        if region in self.waiting:
            table = pa.concat_tables([self.waiting[region], table])
        while table.num_rows >= ROW_GROUP:
            self._write(region, table.slice(0, ROW_GROUP))
            table = table.slice(ROW_GROUP)
        self.waiting[region] = table

    def _write(self, region: str, table: Any) -> None:
        if region not in self.writers:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{self.dataset}.{region}.parquet"
            self.writers[region] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self.writers[region].write_table(table.combine_chunks(), row_group_size=ROW_GROUP)

    def finish(self) -> None:
        """Write what is left; a region without rows still gets its file, with the columns' names."""
        for region, table in self.waiting.items():
            if table.num_rows or region not in self.writers:
                self._write(region, table)

    def close(self) -> None:
        """Close the files."""
        for writer in self.writers.values():
            writer.close()


@contextmanager
def column_files(folder: Path, dataset: str) -> Iterator[ColumnFiles]:
    """Give the column files of a dataset to append to; they are complete when it ends well."""
    files = ColumnFiles(folder, dataset)
    try:
        yield files
        files.finish()
    finally:
        files.close()
