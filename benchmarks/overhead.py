"""Which share of a real run is not processing: plan, opening, store, receipts and merge.

::

    python -m benchmarks.overhead DATASETS.yaml [--channel zprime_invisible] [--chunk-rows 500000]

All is done in one process. Processing is what is spent in the processor and in reading its columns; to look
whether a file is still the planned one is not. A run is repeated to have kernels and files warm.
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

from darkbelle.jobs.chunks import process_rows
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.identity import check_identity
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import merge_only, run
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Receipt, Task


@dataclass
class Timed(Executor):
    """Does the steps of `process_chunk`, each with a clock beside it."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:  # noqa: ARG002
        for task in tasks:
            yield self._done(task)

    def _done(self, task: Any) -> Receipt:
        self._timed("identity of the file", lambda: check_identity(task.path, task.fingerprint))
        output = self._timed("processing", lambda: process_rows(task))
        self._timed("store", lambda: ResultStore(task.run).put(task.key, output))
        return Receipt(task.key, output.rows)

    def _timed(self, name: str, function: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        answer = function()
        self.seconds[name] += time.perf_counter() - started
        return answer


def measure(datasets: Path, channel: str, chunk_rows: int, folder: Path) -> dict[str, Any]:
    """Return seconds by step of a run from its plan to its products, and the share of all but processing."""
    wall, cpu = time.perf_counter(), time.process_time()
    plan = make_plan(channel, datasets, folder, PlanOptions(chunk_rows=chunk_rows))
    planned = time.perf_counter()
    executor = Timed()
    report = run(folder, executor)
    ended, used = time.perf_counter(), time.process_time() - cpu
    merge_only(folder)
    merging = time.perf_counter() - ended
    steps = dict(executor.seconds)
    rest = ended - planned - sum(steps.values())
    total = ended - wall
    return {
        "rows": sum(item.rows for item in plan.datasets.values()),
        "chunks": report.chunks,
        "seconds": round(total, 3),
        "cpu": round(used, 3),
        "plan": round(planned - wall, 3),
        **{name: round(value, 3) for name, value in steps.items()},
        "receipts, merge and the rest": round(rest, 3),
        "of that, to resume and merge again takes": round(merging, 3),
        "share beside processing": round(1 - steps["processing"] / total, 4),
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
