"""The result store: one file a chunk, whose name says what it is the result of.

The key of a chunk is a digest of everything that its result depends on: the rows that are read, what
is known about their dataset, the options of the processor, the sources of the code and the versions
of the packages. So a stored result is never stale: what changes gets another key. Every executor
writes the same bytes under the same key, and writing twice does no harm.

A file is gzip of one line with the SHA-256 of the rest, and the rest, canonical JSON. Unbinned columns
stand beside it as parquet, with their checksums inside.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from darkbelle.errors import RunError, StoreError
from darkbelle.jobs.tasks import Failure
from darkbelle.ntuple.keys import Integers
from darkbelle.results import ChunkOutput, decode_output, encode_output
from darkbelle.runfolder import (
    CHUNKS,
    FAILURES,
    SCHEMA,
    canonical_json,
    read_json,
    room_for,
    write_bytes,
    write_json,
)

BATCH = 500  # keys that a thread looks at before it is given more

__all__ = ["ResultStore", "StoredChunk", "Survey", "key_of"]


def key_of(content: Mapping[str, Any]) -> str:
    """Return the key of what JSON can hold: 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(content)).hexdigest()


@dataclass(frozen=True)
class StoredChunk:
    """A result read back: the output as `encode_output` wrote it, and its columns' files by region.

    ``spans`` are those of its events, see `darkbelle.ntuple.spans`; what is no chunk of an ntuple has none.
    """

    encoded: dict[str, Any]
    columns: dict[str, Path]
    spans: Integers

    @property
    def output(self) -> ChunkOutput:
        """The output, without its columns."""
        return decode_output(self.encoded)


@dataclass(frozen=True)
class Survey:
    """Which keys are in the store, which are not, and which are but damaged, with the reason."""

    present: frozenset[str]
    missing: frozenset[str]
    damaged: dict[str, str]


class ResultStore:
    """The results of the chunks of one run folder."""

    def __init__(self, run: str | Path) -> None:
        self.run = Path(run)

    def path(self, key: str) -> Path:
        """Return where the result of a key is or would be; 256 folders keep each of them short."""
        return self.run / CHUNKS / key[:2] / f"{key}.json.gz"

    def put(self, key: str, output: ChunkOutput, spans: Integers | None = None) -> None:
        """Write a result, whole or not at all, and forget an earlier failure of the same chunk."""
        path = self.path(key)
        with room_for(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        columns = {
            region: self._put_columns(path.parent / f"{key}.{region}.parquet", table)
            for region, table in sorted(output.columns.items())
        }
        body = canonical_json(
            {
                "schema": SCHEMA,
                "key": key,
                "output": encode_output(output),
                "columns": columns,
                "spans": [] if spans is None else spans.tolist(),
            }
        )
        text = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        # mtime=0 and a fixed level: the same result is the same bytes, whenever it is written
        write_bytes(path, gzip.compress(text, compresslevel=4, mtime=0))
        self._failure_path(key).unlink(missing_ok=True)

    @staticmethod
    def _put_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> dict[str, str]:
        buffer = io.BytesIO()
        pq.write_table(pa.table(dict(sorted(columns.items()))), buffer, compression="zstd")
        write_bytes(path, buffer.getvalue())
        return {"file": path.name, "sha256": hashlib.sha256(buffer.getvalue()).hexdigest()}

    def get(self, key: str) -> StoredChunk:
        """Return a result.

        Raises
        ------
        StoreError
            There is none, or it is damaged.
        """
        content = self._content(key)
        folder = self.path(key).parent
        columns = {region: folder / item["file"] for region, item in content["columns"].items()}
        spans = np.array(content["spans"], dtype=np.int64).reshape(-1, 5)
        return StoredChunk(content["output"], columns, spans)

    def check(self, key: str) -> None:
        """Read a result and all its columns again, against their checksums.

        Raises
        ------
        StoreError
            There is none, or it is damaged.
        """
        for item in self._content(key)["columns"].values():
            path = self.path(key).parent / item["file"]
            try:
                found = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                raise StoreError(f"{path} cannot be read: {error}; `darkbelle run` makes it again") from error
            if found != item["sha256"]:
                raise StoreError(f"{path} is damaged: its checksum is wrong; `darkbelle run` makes it again")

    def holds(self, key: str) -> bool:
        """Say whether a result is here, whole."""
        return self._state(key) == ""

    def _content(self, key: str) -> dict[str, Any]:
        path = self.path(key)
        try:
            checksum, _, body = gzip.decompress(path.read_bytes()).partition(b"\n")
        except (OSError, EOFError, zlib.error) as error:
            raise StoreError(f"{path} cannot be read: {error}; `darkbelle run` makes it again") from error
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            raise StoreError(f"{path} is damaged: its checksum is wrong; `darkbelle run` makes it again")
        content: dict[str, Any] = json.loads(body)
        if content["schema"] != SCHEMA or content["key"] != key:
            raise StoreError(
                f"{path} holds key {content['key'][:12]} of schema {content['schema']}, expected {key[:12]} "
                f"of schema {SCHEMA}: files were renamed; delete it, `darkbelle run` makes it again"
            )
        return content

    def take_in(self, other: ResultStore, key: str) -> None:
        """Move a result here from another store on the same file system, if it is whole.

        Raises
        ------
        StoreError
            It is not there, or is damaged.
        """
        other.check(key)
        target = self.path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in other.get(key).columns.values():
            path.replace(target.parent / path.name)
        other.path(key).replace(target)  # last: with it, the result is here
        self._failure_path(key).unlink(missing_ok=True)

    def found(self) -> Iterator[str]:
        """Yield the keys of all results that are here, damaged or not."""
        for path in (self.run / CHUNKS).glob("*/*.json.gz"):
            yield path.name.removesuffix(".json.gz")

    def survey(self, keys: Iterable[str], threads: int = 4) -> Survey:
        """Check keys against the store, reading what is there; several at a time."""
        keys = list(keys)
        with ThreadPoolExecutor(threads) as pool:
            # many at a time: what waits for a thread takes 2 kB
            batches = [keys[i : i + BATCH] for i in range(0, len(keys), BATCH)]
            states = chain.from_iterable(pool.map(self._states, batches))
            found = dict(zip(keys, states, strict=True))
        return Survey(
            present=frozenset(key for key, state in found.items() if state == ""),
            missing=frozenset(key for key, state in found.items() if state is None),
            damaged={key: state for key, state in found.items() if state},
        )

    def _states(self, keys: list[str]) -> list[str | None]:
        return [self._state(key) for key in keys]

    def _state(self, key: str) -> str | None:
        if not self.path(key).exists():
            return None
        try:
            self.check(key)
        except StoreError as error:
            return str(error)
        return ""

    def discard(self, key: str) -> None:
        """Remove a result, such as a damaged one."""
        self.path(key).unlink(missing_ok=True)

    def _failure_path(self, key: str) -> Path:
        return self.run / FAILURES / f"{key}.json"

    def put_failure(self, key: str, failure: Failure) -> None:
        """Write down why a chunk failed."""
        path = self._failure_path(key)
        with room_for(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"schema": SCHEMA, "key": key, "failure": asdict(failure)})

    def failure(self, key: str) -> Failure | None:
        """Return why a chunk failed the last time, None if it did not."""
        try:
            item = read_json(self._failure_path(key))["failure"]
        except RunError:  # none was written, or its driver died while writing
            return None
        return Failure(**{**item, "notes": tuple(item["notes"])})
