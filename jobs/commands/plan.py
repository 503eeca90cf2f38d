"""``darkbelle plan``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import FILE, FOLDER


@click.command(
    cls=ExampleCommand,
    example="darkbelle plan zprime_invisible --datasets samples/datasets.yaml --out runs/first",
)
@click.argument("channel")
@click.option("--datasets", required=True, type=FILE, help="Dataset file, YAML.")
@click.option("--out", "run", required=True, type=FOLDER, help="Run folder.")
@click.option("--chunk-rows", default=500_000, show_default=True, help="About how many rows a chunk has.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="Option of the processor.")
@click.option("--seed", default=0, show_default=True, help="Of the random choice among candidates.")
@click.option("--quarantine", is_flag=True, help="Leave bad files out instead of stopping; checks events.")
@click.option("--check-events", is_flag=True, help="Look for events that stand twice now, not in the run.")
@click.option("--allow-empty", is_flag=True, help="Take files without rows for good.")
@as_json
def plan(  # one argument an option
    channel: str,
    datasets: Path,
    run: Path,
    chunk_rows: int,
    options: tuple[str, ...],
    seed: int,
    quarantine: bool,
    check_events: bool,
    allow_empty: bool,
    json_output: bool,
) -> None:
    """Look at all files once, and write down which rows are to be read in which chunks.

    Bad files (unreadable, without a branch that is read, empty, or listed twice) are reported all together,
    with --check-events those as well that have events twice, or events of another file. Without it the
    workers and the merge find such events, and the run ends without a result. Nothing is counted twice or
    left out without saying so.
    """
    from darkbelle.jobs.options import parse_options
    from darkbelle.jobs.planning import PlanOptions, make_plan
    from darkbelle.jobs.progress import bar

    made = make_plan(
        channel,
        datasets,
        run,
        PlanOptions(
            chunk_rows=chunk_rows,
            processor=parse_options(options),
            seed=seed,
            quarantine=quarantine,
            check_events=check_events,
            allow_empty=allow_empty,
        ),
        progress=bar,
    )
    columns = ("dataset", "files", "chunks", "rows")
    summary = [
        (name, len(item.files), sum(len(file.edges) - 1 for file in item.files), item.rows)
        for name, item in sorted(made.datasets.items())
    ]
    if json_output:
        print_json(
            {
                "run": str(run),
                "digest": made.digest,
                "datasets": [dict(zip(columns, row, strict=True)) for row in summary],
                "quarantined": [item.model_dump(mode="json") for item in made.quarantined],
            }
        )
    else:
        print_table(f"Plan of {run}", columns, summary)
        for item in made.quarantined:
            say(f"quarantined: {item.path} ({item.kind}, {item.rows} rows lost): {item.reason}")
