"""Which share of a real run is not processing: plan, a look at the events, store, receipts and merge.

::

    python -m benchmarks.overhead DATASETS.yaml [--channel zprime_invisible] [--chunk-rows 500000]

All is done in one process. Processing is what is spent in the processor, and in opening the rows and reading
its columns, the event keys among them; to look whether a file is still the planned one, or whether an event
stands twice, is not. A run is repeated to have kernels and files warm.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from darkbelle.jobs.chunks import checked_spans, open_chunk
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.identity import check_identity
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import merge_only, run
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Receipt, Task
from darkbelle.ntuple.keys import keys_of_rows
from darkbelle.processors import load_processor


@dataclass
class Clock:
    """Wall-clock and CPU seconds by step."""

    wall: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    cpu: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def timed(self, step: str, function: Callable[[], Any]) -> Any:
        """Call a function, add its time to a step, and return its result."""
        wall, cpu = time.perf_counter(), time.process_time()
        answer = function()
        self.wall[step] += time.perf_counter() - wall
        self.cpu[step] += time.process_time() - cpu
        return answer

    def share(self) -> dict[str, float]:
        """Return the share of all that is not processing, by either clock."""
        return {
            name: round(1 - seconds["processing"] / (seconds["plan"] + seconds["run"]), 4)
            for name, seconds in (("wall", self.wall), ("cpu", self.cpu))
        }


@dataclass(frozen=True)
class Timed(Executor):
    """Does the steps of `process_chunk`, each with a clock beside it."""

    clock: Clock

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:  # noqa: ARG002
        for task in tasks:
            yield self._done(task)

    def _done(self, task: Any) -> Receipt:
        clock = self.clock
        clock.timed("identity of files", lambda: check_identity(task.path, task.fingerprint))
        processor = clock.timed("processing", lambda: load_processor(task.channel, task.options))
        rows = clock.timed("processing", lambda: open_chunk(task, processor))
        keys = clock.timed("processing", lambda: keys_of_rows(rows))
        spans = clock.timed("events", lambda: checked_spans(task, keys))
        output = clock.timed("processing", lambda: processor.process(rows))
        clock.timed("store", lambda: ResultStore(task.run).put(task.key, output, spans))
        return Receipt(task.key, output.rows)


def measure(datasets: Path, channel: str, chunk_rows: int, folder: Path) -> dict[str, Any]:
    """Return seconds by step of a run from its plan to its products, and the share of all but processing."""
    clock = Clock()
    plan = clock.timed(
        "plan", lambda: make_plan(channel, datasets, folder, PlanOptions(chunk_rows=chunk_rows))
    )
    report = clock.timed("run", lambda: run(folder, Timed(clock)))
    clock.timed("resume and merge again", lambda: merge_only(folder))
    return {
        "rows": sum(item.rows for item in plan.datasets.values()),
        "chunks": report.chunks,
        "wall": {step: round(seconds, 3) for step, seconds in clock.wall.items()},
        "cpu": {step: round(seconds, 3) for step, seconds in clock.cpu.items()},
        "share beside processing": clock.share(),
    }


@click.command()
@click.argument("datasets", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--channel", default="zprime_invisible", show_default=True)
@click.option("--chunk-rows", default=500_000, show_default=True)
@click.option("--repeat", default=3, show_default=True)
def main(datasets: Path, channel: str, chunk_rows: int, repeat: int) -> None:
    """Print as JSON where the time of a run goes, the first one with cold kernels."""
    for _ in range(repeat):
        place = Path(tempfile.mkdtemp())
        try:
            click.echo(json.dumps(measure(datasets, channel, chunk_rows, place)))
        finally:
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
