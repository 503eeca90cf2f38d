"""``darkbelle status`` and ``verify``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import RUN

if TYPE_CHECKING:
    from darkbelle.jobs.condor.queue import QueuedCluster
    from darkbelle.jobs.status import RunStatus


@click.command(cls=ExampleCommand, example="darkbelle status runs/first")
@RUN
@as_json
def status(run: Path, json_output: bool) -> None:
    """Say how far a run has come, what failed, and why. Exits with 1 if anything is missing."""
    from darkbelle.jobs.condor.batch import batches
    from darkbelle.jobs.condor.queue import queued
    from darkbelle.jobs.plan import load_plan
    from darkbelle.jobs.status import status as status_of

    clusters = queued(run)
    back = sum(1 for batch in batches(run) for _ in batch.brought_back())
    found = status_of(run, load_plan(run))
    if json_output:
        print_json(_as_content(found, clusters, back))
    else:
        _show_datasets(run, found)
        _show_jobs(clusters)
        if back:
            say(
                f"{back} results came back from HTCondor jobs; `darkbelle run {run}` or `merge` takes them in"
            )
        _say_losses(found)
    raise SystemExit(0 if found.complete else 1)


def _as_content(found: RunStatus, clusters: Sequence[QueuedCluster], back: int) -> dict[str, Any]:
    return {
        "channel": found.channel,
        "merged": found.merged,
        "complete": found.complete,
        "brought_back": back,
        "condor": [asdict(item) for item in clusters],
        "datasets": {
            name: {
                **asdict(item),
                "quarantined": [lost.model_dump(mode="json") for lost in item.quarantined],
            }
            for name, item in found.datasets.items()
        },
    }


def _show_datasets(run: Path, found: RunStatus) -> None:
    print_table(
        f"{run}: {found.channel}, {'merged' if found.merged else 'not merged'}",
        ("dataset", "done", "missing", "failed", "rows done", "rows missing", "rows quarantined"),
        [
            (
                name,
                item.done,
                item.missing,
                len(item.failed),
                item.rows_done,
                item.rows_missing,
                item.rows_quarantined,
            )
            for name, item in found.datasets.items()
        ],
    )


def _show_jobs(clusters: Sequence[QueuedCluster]) -> None:
    if clusters:
        print_table(
            "HTCondor jobs, by their event logs",
            ("cluster", "idle", "running", "held", "ended", "removed"),
            [
                (item.cluster, item.idle, item.running, item.held, item.ended, item.removed)
                for item in clusters
            ],
        )
    for cluster in clusters:
        for reason in cluster.reasons:
            say(reason)


def _say_losses(found: RunStatus) -> None:
    from darkbelle.jobs.status import failures_in_lines

    for item in found.datasets.values():
        for line in failures_in_lines(item.failed):
            say(line)
        for lost in item.quarantined:
            say(f"quarantined ({lost.kind}): {lost.path}: {lost.reason}")


@click.command(cls=ExampleCommand, example="darkbelle verify runs/first")
@RUN
@as_json
def verify(run: Path, json_output: bool) -> None:
    """Read inputs and results again: is everything still what it was? Exits with 1 if not."""
    from darkbelle.jobs.plan import load_plan
    from darkbelle.jobs.verify import verify as verify_run

    checked = verify_run(run, load_plan(run))
    if json_output:
        print_json(asdict(checked))
    else:
        for problem in checked.problems:
            say(problem)
        click.echo(
            f"{checked.files} input files and {checked.results} results checked, "
            f"{len(checked.problems)} problems"
        )
    raise SystemExit(1 if checked.problems else 0)
