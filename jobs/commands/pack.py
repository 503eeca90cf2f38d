"""``darkbelle pack``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json


@click.command(cls=ExampleCommand, example="darkbelle pack packages.tar.gz")
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
@as_json
def pack(archive: Path, json_output: bool) -> None:
    """Put the packages that darkbelle needs into an archive, for machines without a shared folder.

    A site file names it as `environment`. It holds for this version of Python on this kind of machine, and
    has to be made again when packages change, not when darkbelle does: its code goes along with every batch.
    """
    from darkbelle.errors import ConfigurationError
    from darkbelle.jobs.packing import needed, pack_packages

    if not archive.name.endswith(".tar.gz"):
        raise ConfigurationError(f"the archive {archive} is made as .tar.gz; call it so")
    packages = needed()
    pack_packages(archive, packages)
    size = archive.stat().st_size
    if json_output:
        print_json({"archive": str(archive), "packages": len(packages), "bytes": size})
    else:
        click.echo(f"{len(packages)} packages in {archive}, {size / 1e6:.0f} MB")
