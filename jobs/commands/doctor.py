"""``darkbelle doctor``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import FILE


@click.command(cls=ExampleCommand, example="darkbelle doctor ntuples/*.root --channel zprime_invisible")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--tree", default="variables", show_default=True, help="Tree of the candidates.")
@click.option("--channel", help="Also say whether this channel finds its columns.")
@click.option("--region", help="Of that channel, where its ntuples are for one each.")
@as_json
def doctor(
    files: tuple[Path, ...], tree: str, channel: str | None, region: str | None, json_output: bool
) -> None:
    """Look at the installation, and at ntuples. Exits with 1 if something must be mended."""
    from darkbelle.jobs.diagnosis import examine_environment, examine_file

    environment = examine_environment()
    found = [examine_file(file, tree, channel, region) for file in files]
    if json_output:
        print_json({"environment": asdict(environment), "files": [asdict(item) for item in found]})
    else:
        print_table("Installation", ("what", "is"), environment.facts.items())
        for item in found:
            print_table(str(item.path), ("what", "is"), item.facts.items())
    problems = [*environment.problems, *(problem for item in found for problem in item.problems)]
    for problem in problems:
        say(f"mend: {problem}")
    for item in found:
        for advice in item.advice:
            say(f"{item.path}: {advice}")
    raise SystemExit(1 if problems else 0)
