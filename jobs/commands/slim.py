"""``darkbelle slim``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table
from darkbelle.jobs.commands.parameters import FILE


@click.command(
    cls=ExampleCommand, example="darkbelle slim ntuples/*.root --channel zprime_invisible --out slim"
)
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--columns", help="Variables to keep, separated by spaces.")
@click.option("--channel", help="Keep what this channel reads.")
@click.option("--region", help="Of the channel, where its ntuples are for one each.")
@click.option("--tree", default="variables", show_default=True, help="Tree of the candidates.")
@click.option(
    "--format",
    "file_format",
    default="root",
    show_default=True,
    type=click.Choice(["root", "parquet"]),
    help="Of the files written.",
)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the slim files."
)
@as_json
def slim(
    files: tuple[Path, ...],
    columns: str | None,
    channel: str | None,
    region: str | None,
    tree: str,
    file_format: str,
    out: Path,
    json_output: bool,
) -> None:
    """Rewrite ntuples with only the columns that are needed, in big baskets.

    They then read several times faster. basf2's counters are kept always. Names may be written as in
    basf2 or as in the file.
    """
    from darkbelle.errors import ConfigurationError
    from darkbelle.jobs.progress import counter
    from darkbelle.jobs.required import required_variables
    from darkbelle.ntuple.slimming import slim as slim_files

    read = required_variables(channel, files[0], tree, region) if channel else ()
    wanted = [*(columns or "").split(), *read]
    if not wanted:
        raise ConfigurationError("nothing to keep: name columns with --columns, or a channel with --channel")
    with counter("slimming") as progress:
        done = slim_files(
            files,
            wanted,
            out,
            tree=tree,
            format=file_format,  # type: ignore[arg-type]  # click has checked it
            progress=lambda _, rows, total: progress(rows, total),
        )
    if json_output:
        print_json([item._asdict() for item in done])
    else:
        rows = [(item.path, item.rows, item.bytes_before, item.bytes_after) for item in done]
        print_table("Slim files", ("file", "rows", "bytes before", "bytes after"), rows)
