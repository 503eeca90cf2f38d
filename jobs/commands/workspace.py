"""``darkbelle workspace``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.parameters import DATA, FOLDER, MASSES, RUN, SEED


@click.command(cls=ExampleCommand, example="darkbelle workspace runs/first --mass 2 --out workspaces")
@RUN
@click.option("--out", type=FOLDER, help="Folder.  [default: RUN/workspaces]")
@MASSES
@DATA
@SEED
@click.option(
    "--format",
    "form",
    default="pyhf",
    show_default=True,
    type=click.Choice(["pyhf", "patchset", "hs3"]),
    help="One pyhf workspace a mass, one background and a patch set of pyhf, or one HS3 file a mass.",
)
def workspace(
    run: Path, out: Path | None, masses: tuple[float, ...], data: str, seed: int, form: str
) -> None:
    """Write the statistical model of each mass hypothesis, as JSON that pyhf or RooFit reads."""
    from darkbelle.fitting.run_workspaces import build_workspaces

    folder = out or run / "workspaces"
    paths = build_workspaces(
        run,
        folder,
        masses or None,
        data=data,  # type: ignore[arg-type]  # click has checked it
        seed=seed,
        form=form,  # type: ignore[arg-type]  # click has checked it
    )
    click.echo(f"{len(paths)} files in {folder}")
