"""Put darkbelle, and the packages that it needs, into archives for machines that share no folder with us.

An archive is unpacked into one folder, which is put on ``PYTHONPATH``. Compiled packages in it run on
machines of the same kind with the same Python, as their wheels do.
"""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from isal import igzip

import darkbelle
from darkbelle.errors import RunError

__all__ = ["needed", "pack_code", "pack_packages"]

FAST: Final = 1  # of zlib's levels
NAME: Final = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?")
EXTRA: Final = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def pack_code(archive: Path) -> None:
    """Write an archive of darkbelle as it is imported here, links as the files that they lead to."""
    root = Path(darkbelle.__file__).parent
    with _opened(archive) as content:
        for path in sorted(_files_under(root)):
            content.add(path, f"darkbelle/{path.relative_to(root).as_posix()}", recursive=False)
        for path in _metadata(distribution("darkbelle")):
            content.add(path, f"{path.parent.name}/{path.name}", recursive=False)


def pack_packages(archive: Path, packages: Iterable[Distribution]) -> None:
    """Write an archive of installed packages, such as those that are `needed`.

    Raises
    ------
    RunError
        A package does not say which files are its own.
    """
    with _opened(archive) as content:
        for package in packages:
            if package.files is None:
                raise RunError(
                    f"{package.name} does not list its files, as packages installed by pip do; make an "
                    "environment by `make install`, and pack that"
                )
            for file in package.files:
                path = Path(str(file.locate()))
                if ".." not in file.parts and path.is_file():  # programs lie beside the packages
                    content.add(path, file.as_posix(), recursive=False)


def needed() -> list[Distribution]:
    """Return the installed packages that darkbelle needs, and those that they need, by name."""
    found: dict[str, Distribution] = {}
    waiting = list(_requirements(distribution("darkbelle"), set()))
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, frozenset(extras)) in seen:
            continue
        seen.add((name, frozenset(extras)))
        try:
            package = distribution(name)
        except PackageNotFoundError:  # only for other machines, or other versions of Python
            continue
        found[name] = package
        waiting += _requirements(package, extras)
    return [found[name] for name in sorted(found)]


def _requirements(package: Distribution, extras: set[str]) -> Iterator[tuple[str, set[str]]]:
    """Yield what a package with some extras needs: names in one spelling, and their extras."""
    for text in package.requires or ():
        requirement, _, marker = text.partition(";")
        extra = EXTRA.search(marker)
        found = NAME.match(requirement)
        if found is None or (extra is not None and extra[1] not in extras):
            continue
        wanted = {item.strip() for item in (found[2] or "").split(",") if item.strip()}
        yield re.sub(r"[-_.]+", "-", found[1]).lower(), wanted


def _files_under(root: Path) -> Iterator[Path]:
    for folder, subfolders, files in os.walk(root, followlinks=True):
        subfolders[:] = [name for name in subfolders if name != "__pycache__"]
        yield from (Path(folder, name) for name in files)


def _metadata(package: Distribution) -> Iterator[Path]:
    """Yield the files by which a package is known to be installed, and in which version."""
    for file in package.files or ():
        path = Path(str(file.locate()))
        if path.name in {"METADATA", "entry_points.txt"} and path.is_file():
            yield path


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive that takes its name when it is whole."""
    partial = archive.with_name(f".{archive.name}.part")
    try:
        with (
            igzip.open(partial, "wb", compresslevel=FAST) as file,
            tarfile.open(fileobj=file, mode="w|", dereference=True) as content,
        ):
            yield content
        partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)
