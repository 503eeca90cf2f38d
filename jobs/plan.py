"""The plan of a run: which rows of which files are read, in which chunks. `planning` makes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from darkbelle.datasets import Dataset
from darkbelle.errors import RunError
from darkbelle.jobs.shared_events import Part
from darkbelle.jobs.store import key_of
from darkbelle.jobs.tasks import ChunkTask
from darkbelle.provenance import code_digest, versions
from darkbelle.runfolder import PLAN, SCHEMA, canonical_json, read_json, write_json

__all__ = [
    "Chunk",
    "Kind",
    "Plan",
    "PlannedDataset",
    "PlannedFile",
    "Quarantined",
    "code_of_results",
    "installation",
    "load_plan",
]

Kind = Literal["unreadable", "missing branch", "empty", "duplicate", "failed"]

# where the code lives that a result can depend on; jobs only carries results about
RESULT_CODE = ("channels", "kernels", "ntuple", "processors", "selections")


class Record(BaseModel):
    """A frozen piece of a plan; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PlannedFile(Record):
    """A good file, what tells it from any other, and where it is cut."""

    path: str
    size: int = Field(description="bytes")
    uuid: str = Field(description="of the ROOT file, empty for other formats")
    fingerprint: str = Field(description="digest of samples of its content")
    edges: tuple[int, ...] = Field(min_length=1, description="row edges of its chunks, from 0 to its entries")

    @property
    def entries(self) -> int:
        """Rows of the file."""
        return self.edges[-1]

    @property
    def identity(self) -> dict[str, Any]:
        """What a result depends on: the content, and not where the file lies or how it is cut."""
        return self.model_dump(include={"size", "uuid", "fingerprint"}) | {"entries": self.entries}


class Quarantined(Record):
    """Rows that are left out, and why.

    ``rows`` is what is lost by it: nothing, for a second copy of rows that are read elsewhere. The
    rows of an unreadable file are not known, and estimated by the mean of its dataset's other files.
    """

    dataset: str
    path: str
    kind: Kind
    reason: str
    rows: int
    estimated: bool = False
    start: int | None = Field(default=None, description="first row; none: the whole file")
    stop: int | None = None


class PlannedDataset(Record):
    """A dataset, and its good files."""

    metadata: Dataset
    files: tuple[PlannedFile, ...]

    @property
    def rows(self) -> int:
        """Rows in its good files."""
        return sum(file.entries for file in self.files)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file, and the key of their result in the store."""

    key: str
    dataset: str
    file: PlannedFile
    start: int
    stop: int

    @property
    def rows(self) -> int:
        """How many rows."""
        return self.stop - self.start

    def __str__(self) -> str:
        """Return what a reader of a log needs to find the rows."""
        return f"dataset {self.dataset!r}, file {self.file.path}, entries {self.start} to {self.stop}"


class Plan(Record):
    """What a run is to read. Canonical order is by dataset name, then file, then row."""

    schema_version: int = Field(default=SCHEMA, alias="schema")
    channel: str
    options: dict[str, Any] = Field(description="options of the processor")
    seed: int = Field(description="of the choice among candidates")
    chunk_rows: int = Field(gt=0, description="about how many rows a chunk has")
    datasets: dict[str, PlannedDataset]
    quarantined: tuple[Quarantined, ...] = ()
    events_checked: bool = Field(default=False, description="no event stands twice in its files")

    @cached_property
    def digest(self) -> str:
        """A digest of all of the plan."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json", by_alias=True))).hexdigest()

    @cached_property
    def inputs(self) -> str:
        """A digest of what results depend on: not of paths, nor of how files are cut into chunks."""
        content = {
            "channel": self.channel,
            "options": self.options,
            "seed": self.seed,
            "datasets": {
                name: {
                    "metadata": item.metadata.model_dump(mode="json", exclude={"files"}),
                    "files": [file.identity for file in item.files],
                }
                for name, item in self.datasets.items()
            },
            "lost": sorted((item.dataset, Path(item.path).name, item.rows) for item in self.quarantined),
        }
        return key_of(content)

    @property
    def uncounted(self) -> tuple[str, ...]:
        """Files that are left out with rows that nobody could count, nor estimate from others."""
        return tuple(item.path for item in self.quarantined if item.kind == "unreadable" and not item.rows)

    def count_chunks(self) -> int:
        """Return the number of chunks."""
        return sum(len(file.edges) - 1 for item in self.datasets.values() for file in item.files)

    def chunks(self, dataset: str | None = None) -> Iterator[Chunk]:
        """Yield the chunks of a dataset, or of all, in canonical order."""
        for name in sorted(self.datasets) if dataset is None else [dataset]:
            planned = self.datasets[name]
            common = self._content(name, planned.metadata)
            for file in planned.files:
                of_file = {**common, "file": file.identity}
                for start, stop in pairwise(file.edges):
                    yield Chunk(key_of({**of_file, "rows": [start, stop]}), name, file, start, stop)

    def _content(self, name: str, metadata: Dataset) -> dict[str, Any]:
        """All that the results of a dataset's chunks depend on, beside the rows that are read."""
        known = metadata.model_dump(
            mode="json", include={"process", "region", "mass", "tree", "joined_trees", "particles", "columns"}
        )
        return {
            "schema": SCHEMA,
            "channel": self.channel,
            "options": self.options,
            "seed": self.seed,
            "dataset": {"name": name, **known},
            "code": code_of_results(),
            "versions": versions(),
        }

    def task(self, chunk: Chunk, run: Path) -> ChunkTask:
        """Return the task that a worker gets for a chunk."""
        metadata = self.datasets[chunk.dataset].metadata
        return ChunkTask(
            key=chunk.key,
            run=str(run.resolve()),
            channel=self.channel,
            options=self.options,
            seed=self.seed,
            code=code_of_results(),
            name=chunk.dataset,
            dataset=metadata.model_copy(update={"files": (chunk.file.path,)}),
            path=chunk.file.path,
            fingerprint=chunk.file.fingerprint,
            start=chunk.start,
            stop=chunk.stop,
        )

    def part(self, chunk: Chunk) -> Part:
        """Return what is needed to read the events of a chunk again."""
        tree = self.datasets[chunk.dataset].metadata.tree
        return Part(chunk.dataset, chunk.file.path, tree, chunk.file.fingerprint, chunk.start, chunk.stop)

    def write(self, run: Path) -> None:
        """Write the plan into a run folder."""
        write_json(run / PLAN, self.model_dump(mode="json", by_alias=True))


def code_of_results() -> str:
    """Return the digest of all sources that a result can depend on."""
    return code_digest(*RESULT_CODE)


def installation() -> dict[str, str]:
    """Return what must be the same for a driver and its workers: versions, and sources of our own."""
    return {**versions(), "sources": code_of_results()}


def load_plan(run: str | Path) -> Plan:
    """Read the plan of a run folder.

    Raises
    ------
    RunError
        There is none, or it is not a plan.
    """
    path = Path(run) / PLAN
    try:
        return Plan.model_validate(read_json(path))
    except ValidationError as error:
        raise RunError(f"{path} is not a plan: {error}; make it again with `darkbelle plan`") from error
