"""``darkbelle run``, ``retry`` and ``merge``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.executing import executor_options
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import RUN

if TYPE_CHECKING:
    from darkbelle.jobs.executors.base import Executor
    from darkbelle.jobs.run import RunReport

allow_loss_option = click.option(
    "--allow-loss", is_flag=True, help="Merge without what failed, and exit with 0 although rows are lost."
)


@click.command("run", cls=ExampleCommand, example="darkbelle run runs/first --workers 4")
@RUN
@executor_options
@allow_loss_option
@as_json
def run(run: Path, json_output: bool, **options: Any) -> None:
    """Process the chunks of a plan, and merge them.

    What is in the run folder already is used: a run that was stopped, or killed, goes on where it
    was, with any executor. The result is the same, to the last byte, however it was made.
    """
    process(run, json_output, **options)


@click.command("retry", cls=ExampleCommand, example="darkbelle retry runs/first --executor local")
@RUN
@executor_options
@allow_loss_option
@as_json
def retry(run: Path, json_output: bool, **options: Any) -> None:
    """Process again only what failed or is missing; the same as `run` on a run folder in use before."""
    process(run, json_output, **options)


@click.command("merge", cls=ExampleCommand, example="darkbelle merge runs/first --allow-loss")
@RUN
@allow_loss_option
@as_json
def merge(run: Path, allow_loss: bool, json_output: bool) -> None:
    """Merge what has been processed, without processing anything."""
    from darkbelle.jobs.progress import bar
    from darkbelle.jobs.run import merge_only

    show_report(run, merge_only(run, allow_loss=allow_loss, progress=bar), json_output, allow_loss)


def process(
    run: Path,
    json_output: bool,
    *,
    executor: str,
    dry_run: bool,
    allow_loss: bool,
    **options: Any,
) -> None:
    """Run a plan as the options say, and exit; ``options`` are those of executors."""
    from darkbelle.jobs.executors.registry import make_executor
    from darkbelle.jobs.progress import bar
    from darkbelle.jobs.run import run as run_plan

    chosen = make_executor(executor, **options)
    if dry_run:
        click.echo(submit_file(run, chosen), nl=False)
        return
    if executor != "condor":
        _warn_of_queued_jobs(run)
    show_report(run, run_plan(run, chosen, allow_loss=allow_loss, progress=bar), json_output, allow_loss)


def _warn_of_queued_jobs(run: Path) -> None:
    from darkbelle.jobs.condor.queue import queued

    for item in queued(run):
        say(
            f"HTCondor cluster {item.cluster} of this run has {item.idle + item.running + item.held} jobs in "
            f"the queue, which may do the same work again, without harm: darkbelle cancel {run}"
        )


def submit_file(run: Path, executor: Executor) -> str:
    """Return the submit file that a run with this executor would use."""
    from darkbelle.errors import ConfigurationError
    from darkbelle.jobs.executors.condor import CondorExecutor, preview
    from darkbelle.jobs.plan import load_plan
    from darkbelle.jobs.store import ResultStore

    if not isinstance(executor, CondorExecutor):
        raise ConfigurationError("--dry-run prints a submit file, which only --executor condor has")
    store = ResultStore(run)
    missing = sum(not store.path(chunk.key).exists() for chunk in load_plan(run).chunks())
    return preview(run, missing, executor)


def show_report(run: Path, report: RunReport, json_output: bool, allow_loss: bool) -> None:
    """Show what a run did, and exit with 1 if anything is lost and that was not allowed."""
    if json_output:
        print_json(report.summary())
    else:
        _show(run, report)
    if not (report.complete or allow_loss):
        raise SystemExit(1)


def _show(run: Path, report: RunReport) -> None:
    from darkbelle.jobs.status import FailedChunk, failures_in_lines

    for reason in report.damaged.values():
        say(f"processed again: {reason}")
    if report.accounts:
        print_table(
            f"Rows of {run}",
            ("dataset", "in", "processed", "quarantined"),
            [
                (name, account.planned, account.processed, account.quarantined)
                for name, account in report.accounts.items()
            ],
        )
    say(
        f"{report.chunks} chunks: {report.computed} processed, {report.reused} were there, "
        f"{len(report.failed)} failed; {report.seconds:.1f} s"
    )
    for path in report.uncounted:
        say(f"left out, with nobody knows how many rows: {path}")
    lines = failures_in_lines(FailedChunk.of(*item) for item in report.failed)
    for line in lines[:10]:
        say(line)
    if len(lines) > 10:
        say(f"… and {len(lines) - 10} more: darkbelle status {run}")
    if not report.merged:
        say(
            f"not merged: {report.rows_lost} rows are missing. Mend the cause and `darkbelle retry {run}`, "
            f"or go on without them: `darkbelle merge {run} --allow-loss`"
        )
    elif report.rows_lost:
        say(f"{report.rows_lost} rows are quarantined; their reasons are in {run / 'result.json'}")
