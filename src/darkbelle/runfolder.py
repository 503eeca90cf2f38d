"""The run folder: what its files are called, how JSON is written into it, and how results are read.

::

    RUN/plan.json          what is to be read, in which chunks
    RUN/chunks/            the result store: one checksummed file a chunk
    RUN/failures/          why a chunk failed, one file each
    RUN/result.json        rows, events and counts by dataset
    RUN/histograms.json    histograms by dataset, region, observable, variation (uhi JSON)
    RUN/cutflow.json       cutflows by dataset and region
    RUN/columns/           unbinned columns of selected events, one parquet file a dataset and region
    RUN/provenance.json    who made this, when, with what
    RUN/limits.json        upper limits
    RUN/pulls.json         nuisance parameters of some masses after their fits
    RUN/closure.json       signals predicted from those of neighbouring masses, beside the simulated ones
    RUN/crosscheck.json    some of the limits by another engine
    RUN/projection.json    expected ones at other luminosities
    RUN/injection.json     signals put in and found again: bias, pulls and coverage of the fits
    RUN/intervals.json     intervals of Feldman and Cousins
    RUN/significance.json  local and global p-values
    RUN/toys/              pseudo-experiments of the last three, as a result store of their own
    RUN/fit.json           a measured value, its uncertainties and where they come from
    RUN/momentum_scale.json  factors for momenta of tracks, for correctionlib

`darkbelle.jobs` writes them, `darkbelle.fitting` reads the results. Nothing in it is a pickle.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from darkbelle.datasets import Dataset
from darkbelle.errors import DiskFullError, RunError
from darkbelle.results import ChunkOutput, decode_output

__all__ = [
    "CHUNKS",
    "CLOSURE",
    "COLUMNS",
    "CROSSCHECK",
    "CUTFLOW",
    "FAILURES",
    "FIT",
    "HISTOGRAMS",
    "INJECTION",
    "INTERVALS",
    "LIMITS",
    "PLAN",
    "PROJECTION",
    "PROVENANCE",
    "PULLS",
    "RESULT",
    "SCALE_FACTORS",
    "SCALE_TABLE",
    "SCALE_UNCERTAINTY",
    "SCHEMA",
    "SIGNIFICANCE",
    "TOYS",
    "DatasetResult",
    "RunResult",
    "canonical_json",
    "load_result",
    "read_json",
    "room_for",
    "write_bytes",
    "write_json",
]

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

SCHEMA: Final = 1  # version of the files below; a reader refuses any other

PLAN: Final = "plan.json"
CHUNKS: Final = "chunks"
FAILURES: Final = "failures"
RESULT: Final = "result.json"
HISTOGRAMS: Final = "histograms.json"
CUTFLOW: Final = "cutflow.json"
COLUMNS: Final = "columns"
PROVENANCE: Final = "provenance.json"
LIMITS: Final = "limits.json"
PULLS: Final = "pulls.json"
CLOSURE: Final = "closure.json"
CROSSCHECK: Final = "crosscheck.json"
PROJECTION: Final = "projection.json"
INJECTION: Final = "injection.json"
INTERVALS: Final = "intervals.json"
SIGNIFICANCE: Final = "significance.json"
TOYS: Final = "toys"
FIT: Final = "fit.json"
SCALE_TABLE: Final = "momentum_scale.json"
# the corrections in that file
SCALE_FACTORS: Final = "momentum_scale"
SCALE_UNCERTAINTY: Final = "momentum_scale_mean_uncertainty"


def canonical_json(data: Any) -> bytes:
    """Return the one JSON text of some data: sorted keys, no spaces, no NaN, ASCII.

    >>> canonical_json({"b": 1.5, "a": [1, 2]})
    b'{"a":[1,2],"b":1.5}'
    """
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def write_bytes(path: Path, content: bytes, *, synced: bool = True) -> None:
    """Write a file whole or not at all, whenever the machine stops.

    The content goes to a temporary file beside it and to the disk, and only then takes its name. What is of
    no use once the machine has stopped need not be ``synced``: nobody waits for the disk then.
    """
    with room_for(path, len(content)):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                if synced:
                    os.fsync(file.fileno())
            Path(temporary).chmod(0o644)  # mkstemp's 0600 would lock out colleagues
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def room_for(path: Path, size: int | None = None) -> Iterator[None]:
    """Say so, with folder and need, if there is no room for a file that is being written.

    Raises
    ------
    DiskFullError
        The disk is full, or a quota or a limit on the size of files is reached.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        need = "" if size is None else f", of {size} bytes"
        raise DiskFullError(
            f"{path.parent} has no room for {path.name}{need}: {os.strerror(error.errno)}; "
            f"{_free(path.parent)}; make room, or copy the run folder to where there is more, "
            "and run again: what is done is kept"
        ) from error


def _free(folder: Path) -> str:
    """Return what its file system has left, which a quota may keep one from using."""
    while not folder.exists():
        folder = folder.parent
    disk = os.statvfs(folder)
    return f"{disk.f_bavail * disk.f_frsize} bytes and {disk.f_favail} files are free there"


def write_json(path: Path, data: Any) -> None:
    """Write data as canonical JSON, whole or not at all."""
    write_bytes(path, canonical_json(data) + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of one of our JSON files.

    Raises
    ------
    RunError
        The file is missing, is not JSON, or is of another schema version.
    """
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise RunError(
            f"{path} does not exist; is {path.parent} a run folder, and has it got so far?"
        ) from error
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}; delete it and make it again") from error
    version = data.get("schema") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise RunError(f"{path} is of schema {version}, this darkbelle reads {SCHEMA}; make it again")
    return dict(data)


@dataclass(frozen=True)
class DatasetResult:
    """The merged result of one dataset.

    Parameters
    ----------
    dataset
        Its metadata; the files are bare names.
    rows_planned, rows_processed, rows_quarantined
        Rows that should have been read, were read, and were given up:
        planned = processed + quarantined.
    output
        The sum over all its chunks, not scaled to luminosity.
    """

    dataset: Dataset
    rows_planned: int
    rows_processed: int
    rows_quarantined: int
    output: ChunkOutput

    @property
    def processed_share(self) -> float:
        """Rows processed over rows planned; 1 where nothing was planned."""
        return self.rows_processed / self.rows_planned if self.rows_planned else 1.0

    def scale_to(self, luminosity_fb: float) -> float:
        """Return the factor that scales event weights to a luminosity in 1/fb, 1 for data.

        The share of rows that was quarantined is made up for.
        """
        return self.dataset.scale_to(luminosity_fb, self.processed_share)


@dataclass(frozen=True)
class RunResult:
    """What a run yielded: the options of its processor, and the results by dataset."""

    channel: str
    processor: dict[str, Any]
    datasets: dict[str, DatasetResult]


def load_result(run: str | Path) -> RunResult:
    """Read the merged result of a run folder.

    Raises
    ------
    RunError
        The run has not been merged, or its files do not belong together.
    """
    run = Path(run)
    result, histograms, cutflows = (read_json(run / name) for name in (RESULT, HISTOGRAMS, CUTFLOW))
    for name, checksum in result["checksums"].items():
        if sha256((run / name).read_bytes()).hexdigest() != checksum:
            raise RunError(f"{run / name} is not the file that {RESULT} was written with; merge again")
    datasets = {
        name: _dataset_result(item, histograms["histograms"][name], cutflows["cutflows"][name])
        for name, item in result["datasets"].items()
    }
    return RunResult(result["channel"], dict(result["processor"]), datasets)


def _dataset_result(
    item: Mapping[str, Any], histograms: Mapping[str, Any], cutflows: Mapping[str, Any]
) -> DatasetResult:
    rows = item["rows"]
    encoded = {
        "rows": rows["processed"],
        "events": item["events"],
        "counts": item["counts"],
        "cutflows": cutflows,
        "histograms": histograms,
    }
    return DatasetResult(
        dataset=Dataset.model_validate(item["metadata"]),
        rows_planned=rows["planned"],
        rows_processed=rows["processed"],
        rows_quarantined=rows["quarantined"],
        output=decode_output(encoded),
    )
