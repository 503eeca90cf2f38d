"""``darkbelle cancel``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json
from darkbelle.jobs.commands.parameters import RUN


@click.command(cls=ExampleCommand, example="darkbelle cancel runs/first")
@RUN
@as_json
def cancel(run: Path, json_output: bool) -> None:
    """Take the HTCondor jobs of a run out of the queue.

    What they have done is kept. A `darkbelle run` that waits for them ends, and lists what is missing.
    """
    from darkbelle.jobs.condor.queue import cancel as cancel_jobs
    from darkbelle.jobs.plan import load_plan

    load_plan(run)  # says so if this is no run folder
    clusters = cancel_jobs(run)
    if json_output:
        print_json({"clusters": clusters})
    else:
        click.echo(f"removed: {', '.join(map(str, clusters))}" if clusters else "nothing is in the queue")
