from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from darkbelle.jobs.packing import needed, pack_code, pack_packages
from darkbelle.jobs.plan import installation


def test_the_code_is_packed_as_files_and_is_the_same_code(tmp_path: Path) -> None:
    archive = tmp_path / "code.tar.gz"
    pack_code(archive)
    with tarfile.open(archive) as content:
        members = content.getmembers()
    (tmp_path / "there").mkdir()
    subprocess.run(["tar", "xzf", archive, "-C", tmp_path / "there"], check=True)
    assert "darkbelle/jobs/worker.py" in {member.name for member in members}
    assert all(member.isfile() for member in members)
    assert not any("__pycache__" in member.name for member in members)
    there = subprocess.run(
        [
            sys.executable,
            "-c",
            "import darkbelle; from darkbelle.jobs.plan import installation; "
            "print(darkbelle.__file__); print(installation())",
        ],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "there")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert there == [str(tmp_path / "there" / "darkbelle" / "__init__.py"), str(installation())]


def test_what_darkbelle_needs_are_its_dependencies_and_theirs() -> None:
    names = {package.name.lower() for package in needed()}
    assert {"numpy", "coffea", "pyyaml"} <= names  # required by darkbelle
    assert {"llvmlite", "distributed", "fsspec"} <= names  # by numba, by coffea's extra dask, by uproot
    assert not {"darkbelle", "pip", "mypy", "pytest"} & names


def test_packages_are_packed_with_what_says_that_they_are_installed(tmp_path: Path) -> None:
    small = [package for package in needed() if package.name in {"filelock", "click"}]
    pack_packages(tmp_path / "packages.tar.gz", small)
    with tarfile.open(tmp_path / "packages.tar.gz") as content:
        names = set(content.getnames())
    (click,) = (package for package in small if package.name == "click")
    assert {"click/core.py", f"click-{click.version}.dist-info/METADATA"} <= names
    assert not any(name.startswith(("..", "/")) for name in names)


def test_an_archive_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        pack_code(tmp_path / "none" / "code.tar.gz")
    assert list(tmp_path.iterdir()) == []
