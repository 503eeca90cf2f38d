"""Process one chunk: open its rows, run the processor, store the result, and say what became of it."""

from __future__ import annotations

from typing import Any

from darkbelle.datasets import Dataset
from darkbelle.errors import RunError
from darkbelle.jobs.attempts import attempt
from darkbelle.jobs.identity import check_identity
from darkbelle.jobs.plan import code_of_results
from darkbelle.jobs.required import required_reads
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import ChunkTask, Receipt
from darkbelle.ntuple.layout import Layout, RowRange
from darkbelle.ntuple.reading import open_rows
from darkbelle.processors import load_processor
from darkbelle.results import ChunkOutput

__all__ = ["metadata_of_rows", "process_and_store", "process_chunk", "process_rows"]


def process_chunk(task: ChunkTask) -> Receipt:
    """Process a chunk and write its result into the store; any error is on the receipt.

    Errors of storage that may go away are tried again, a few times, with a pause.
    """
    return attempt(task, lambda: process_and_store(task), f"in processor {task.channel!r}, {task}")


def process_and_store(task: ChunkTask) -> int:
    """Process a chunk, write its result into the store, and return its rows."""
    _check_code(task)
    check_identity(task.path, task.fingerprint)
    output = process_rows(task)
    if output.rows != task.rows:
        raise RunError(
            f"the processor accounts for {output.rows} rows of {task.rows}; it must count each row that it "
            "is given, selected or not"
        )
    ResultStore(task.run).put(task.key, output)
    return output.rows


def process_rows(task: ChunkTask) -> ChunkOutput:
    """Return the output of the processor on the rows of a task."""
    processor = load_processor(task.channel, task.options)
    dataset = task.dataset
    rows = open_rows(
        RowRange(task.path, dataset.tree, task.start, task.stop),
        Layout.of(processor.channel, dataset),
        metadata_of_rows(task.name, dataset, task.seed),
        reads=required_reads(processor, dataset),
        optional=processor.optional_reads,
    )
    return processor.process(rows)


def metadata_of_rows(name: str, dataset: Dataset, seed: int) -> dict[str, Any]:
    """Return what a processor is told of the dataset that its rows are of."""
    return {
        "dataset": name,
        "process": dataset.process,
        "region": dataset.region,
        "is_data": dataset.is_data,
        "mass": dataset.mass,
        "seed": seed,
    }


def _check_code(task: ChunkTask) -> None:
    if code_of_results() != task.code:
        raise RunError(
            "this worker has other sources of darkbelle than the driver, so its results would be of another "
            "code; give both the same installation, and restart workers after a change"
        )
