"""What a run costs beside its work: plan, receipts, store, resumption and merge of so many trivial chunks.

::

    python -m benchmarks.scale --chunks 10000 [--output small|channel] [--folder DIR]

The work of a chunk is to write a result that was made before. ``small`` has one histogram of 100 bins,
``channel`` is what the processor of `zprime_invisible` makes of 2 000 rows: ten histograms with 97 000 bins,
of which those with entries are kept. All is done in one process, so that no time hides in another.
"""

from __future__ import annotations

import json
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import hist
import numpy as np
from benchmarks.sample import sample_columns

from darkbelle.datasets import Dataset, write_datasets
from darkbelle.jobs.chunks import process_rows
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import merge_only, run
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Receipt
from darkbelle.ntuple.writing import write_ntuple
from darkbelle.results import ChunkOutput, HistogramKey
from darkbelle.runfolder import CHUNKS

CHANNEL = "zprime_invisible"
CHUNKS_PER_FILE = 100


@dataclass(frozen=True)
class Writing(Executor):
    """Does nothing but to write the same output for each task, with the span of its events."""

    output: ChunkOutput

    def receipts(self, work: Work, tasks: Iterable[Any]) -> Generator[Receipt, None, None]:  # noqa: ARG002
        for task in tasks:
            # as `write_samples` numbers them
            spans = np.array([[1003, int(Path(task.path).stem), 1, task.start, task.stop - 1]])
            ResultStore(task.run).put(task.key, replace(self.output, rows=task.rows), spans)
            yield Receipt(task.key, task.rows)


def write_samples(folder: Path, chunks: int) -> Path:
    """Write ntuples of as many events as there are to be chunks, and return their dataset file."""
    files = [f"{i:05d}.root" for i in range(-(-chunks // CHUNKS_PER_FILE))]
    columns = sample_columns(CHUNKS_PER_FILE)
    columns["__event__"] = np.arange(CHUNKS_PER_FILE, dtype=np.uint32)  # an event is a row
    columns["__candidate__"][:] = 0
    for i, file in enumerate(files):
        columns["__run__"][:] = i
        write_ntuple(folder / file, columns)
    dataset = Dataset(process="mumu", files=tuple(files), cross_section_fb=1e6, generated_events=10**6)
    write_datasets(folder / "datasets.yaml", {"mumu": dataset})
    return folder / "datasets.yaml"


def small_output() -> ChunkOutput:
    """Return an output of one histogram."""
    histogram = hist.Hist(hist.axis.Regular(100, 0, 1, name="x"), storage=hist.storage.Weight())
    histogram.fill(np.linspace(0, 1, 50), weight=0.5)
    return ChunkOutput(1, 1, {HistogramKey("sr", "x"): histogram}, {}, {"nan/x": 1})


def channel_output(folder: Path) -> ChunkOutput:
    """Return what the processor makes of 2 000 rows."""
    folder.mkdir()
    write_ntuple(folder / "a.root", sample_columns(2_000))
    dataset = Dataset(process="mumu", files=("a.root",), cross_section_fb=1e6, generated_events=10**6)
    write_datasets(folder / "datasets.yaml", {"mumu": dataset})
    plan = make_plan(CHANNEL, folder / "datasets.yaml", folder / "run")
    return process_rows(plan.task(next(plan.chunks()), folder / "run"))


def measure(folder: Path, chunks: int, output: ChunkOutput) -> dict[str, Any]:
    """Return seconds, CPU seconds and the memory before and after, by step, and the size of the store."""
    datasets = write_samples(folder, chunks)
    place = folder / "run"
    steps: dict[str, Any] = {}

    def step(name: str, function: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        answer = function()
        steps[name] = {
            "seconds": round(time.perf_counter() - wall, 3),
            "cpu": round(time.process_time() - cpu, 3),
            "peak_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        return answer

    plan = step("plan", lambda: make_plan(CHANNEL, datasets, place, PlanOptions(chunk_rows=1)))
    number = plan.count_chunks()
    step("keys", lambda: sum(1 for _ in plan.chunks()))
    report = step("run: receipts, store, merge", lambda: run(place, Writing(output)))
    again = step("run again: resume, merge", lambda: run(place, Writing(output)))
    merged = step("merge: resume, merge", lambda: merge_only(place))
    survey = step("resume", lambda: ResultStore(place).survey(chunk.key for chunk in plan.chunks()))
    if not (report.computed == again.reused == len(survey.present) == number):
        raise SystemExit(f"{report.computed}, {again.reused}, {len(survey.present)} chunks of {number}")
    if merged.accounts["mumu"].processed != plan.datasets["mumu"].rows:
        raise SystemExit("rows are missing")
    files = [path for path in (place / CHUNKS).rglob("*") if path.is_file()]
    size = {
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        "bytes_on_disk": sum(path.stat().st_blocks * 512 for path in files),
        "plan_bytes": (place / "plan.json").stat().st_size,
    }
    return {"chunks": number, "steps": steps, "store": size}


@click.command()
@click.option("--chunks", default=1_000, show_default=True)
@click.option("--output", type=click.Choice(["small", "channel"]), default="small", show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Where; a temporary folder by default.")
def main(chunks: int, output: str, folder: Path | None) -> None:
    """Print as JSON what a run of so many trivial chunks costs."""
    place = Path(tempfile.mkdtemp(dir=folder))
    try:
        made = small_output() if output == "small" else channel_output(place / "model")
        click.echo(json.dumps(measure(place, chunks, made)))
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
