"""Write hash-pinned requirements from pyproject.toml, small enough to review.

The resolver lists a hash for every platform that ever got a wheel, some 370 kB. Kept here are the
files that a Linux or macOS machine with CPython 3.11 to 3.13 can install, which are a sixth of
that. Run it with `make lock`; it needs uv and the package index.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HEADER = "# Made by `make lock` from pyproject.toml; do not edit.\n"
SYSTEMS = re.compile(r"-(any|(manylinux|macosx).*(x86_64|aarch64|arm64|universal2))\.whl$")
PYTHONS = re.compile(r"-(py3|py2\.py3|cp31[123])-|-cp3\d+-abi3-")
BINARY_ONLY = {"pythia8mc"}  # its source distribution starts a C++ build of many minutes


def resolve(arguments: list[str]) -> list[dict[str, Any]]:
    """Return the packages that uv resolves, as in PEP 751."""
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / "pylock.toml"
        command = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--quiet"]
        command += ["--python-version", "3.11", "--format", "pylock.toml", "-o", str(lock)]
        subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL)
        packages: list[dict[str, Any]] = tomllib.loads(lock.read_text())["packages"]
        return packages


def hashes(package: dict[str, Any]) -> list[str]:
    """Return the hashes of the files of one package that are of use to us."""
    wheels = [
        wheel
        for wheel in package.get("wheels", [])
        if SYSTEMS.search(wheel["url"]) and PYTHONS.search(wheel["url"].rsplit("/", 1)[1])
    ]
    pure = any(wheel["url"].endswith("-any.whl") for wheel in wheels)
    files = list(wheels)
    if "sdist" in package and not pure and package["name"] not in BINARY_ONLY:
        files.append(package["sdist"])
    return [file["hashes"]["sha256"] for file in files]


def requirement(package: dict[str, Any]) -> str:
    """Return one entry of a requirements file."""
    line = f"{package['name']}=={package['version']}"
    if "marker" in package:
        line += f" ; {package['marker']}"
    return " \\\n".join([line, *(f"    --hash=sha256:{digest}" for digest in hashes(package))])


def main() -> None:
    """Write the requirements to run, what tests and checks add, and those with dask-awkward."""
    run = resolve(["--group", "build"])
    develop = resolve(["--group", "build", "--group", "dev", "--extra", "notebook"])
    names = {(package["name"], package["version"]) for package in run}
    added = [package for package in develop if (package["name"], package["version"]) not in names]
    clashes = {name for name, _ in names} & {package["name"] for package in added}
    if clashes:
        sys.exit(f"resolved differently with and without the development tools: {sorted(clashes)}")
    # dask-awkward goes with an old Dask: these stand for themselves
    lazy = resolve(["--group", "build", "--group", "lazy-test", "--extra", "lazy"])
    written = {"requirements.txt": run, "requirements-dev.txt": added, "requirements-lazy.txt": lazy}
    for path, packages in written.items():
        Path(path).write_text(HEADER + "\n".join(map(requirement, packages)) + "\n")


if __name__ == "__main__":
    main()
