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
from darkbelle.ntuple.keys import EventKeys, Integers, keys_of_rows
from darkbelle.ntuple.layout import Layout, RowRange
from darkbelle.ntuple.reading import open_rows
from darkbelle.ntuple.spans import spans_of
from darkbelle.processors import ChannelProcessor, load_processor
from darkbelle.results import ChunkOutput

__all__ = [
    "checked_spans",
    "metadata_of_rows",
    "open_chunk",
    "process_and_store",
    "process_chunk",
    "process_rows",
]


def process_chunk(task: ChunkTask) -> Receipt:
    """Process a chunk and write its result into the store; any error is on the receipt.

    Errors of storage that may go away are tried again, a few times, with a pause.
    """
    return attempt(task, lambda: process_and_store(task), f"in processor {task.channel!r}, {task}")


def process_and_store(task: ChunkTask) -> int:
    """Process a chunk, write its result into the store, and return its rows."""
    _check_code(task)
    check_identity(task.path, task.fingerprint)
    processor = load_processor(task.channel, task.options)
    rows = open_chunk(task, processor)
    spans = checked_spans(task, keys_of_rows(rows))
    output: ChunkOutput = processor.process(rows)
    if output.rows != task.rows:
        raise RunError(
            f"the processor accounts for {output.rows} rows of {task.rows}; it must count each row that it "
            "is given, selected or not"
        )
    ResultStore(task.run).put(task.key, output, spans)
    return output.rows


def process_rows(task: ChunkTask) -> ChunkOutput:
    """Return the output of the processor on the rows of a task, without looking at their events."""
    processor = load_processor(task.channel, task.options)
    return processor.process(open_chunk(task, processor))


def open_chunk(task: ChunkTask, processor: ChannelProcessor) -> Any:
    """Return the rows of a task, of which nothing is read yet."""
    dataset = task.dataset
    return open_rows(
        RowRange(task.path, dataset.tree, task.start, task.stop),
        Layout.of(processor.channel, dataset),
        metadata_of_rows(task.name, dataset, task.seed),
        reads=required_reads(processor, dataset),
        optional=processor.optional_reads,
    )


def checked_spans(task: ChunkTask, keys: EventKeys) -> Integers:
    """Return the spans of the events of a chunk, by which the merge knows which chunks to compare.

    Raises
    ------
    DuplicateEventsError
        An event or a candidate stands twice among the rows.
    """
    where = f"{task.path}, tree {task.dataset.tree!r}"
    keys.check_contiguous(where, task.start)
    keys.check_candidates(where)
    return spans_of(keys)


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
