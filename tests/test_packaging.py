"""Root folders are subpackages, and every module imports."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest

import darkbelle
from darkbelle.channels import channel_names

ROOT = Path(__file__).parents[1]
LINKED = ("processors", "selections", "fitting", "jobs")


@pytest.mark.parametrize("name", LINKED)
def test_root_folder_is_a_subpackage(name: str) -> None:
    link = ROOT / "src" / "darkbelle" / name
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == ROOT / name
    assert (ROOT / name / "__init__.py").is_file()


def test_every_module_imports() -> None:
    modules = [m.name for m in pkgutil.walk_packages(darkbelle.__path__, "darkbelle.")]
    assert {f"darkbelle.{name}" for name in LINKED} <= set(modules)
    for name in modules:
        if not name.endswith("__main__"):
            importlib.import_module(name)


def test_channel_files_are_shipped() -> None:
    assert "zprime_invisible" in channel_names()


def test_every_dependency_has_its_reason_beside_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start, stop = lines.index("dependencies = ["), lines.index("[project.optional-dependencies]")
    without = [line for line in lines[start + 1 : stop] if line.startswith('    "') and "#" not in line]
    assert not without


def test_requirements_are_pinned_by_hash_and_name_no_index() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        entries = [line for line in text.splitlines() if line and line[0] not in " #"]
        assert len(entries) > 20
        for entry in entries:
            assert "==" in entry
            assert text[text.index(entry) :].splitlines()[1].strip().startswith("--hash=sha256:"), entry


def test_every_declared_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    for dependency in project["dependencies"]:
        name = dependency.split(";")[0].strip()
        for separator in "[=<>!":
            name = name.split(separator)[0]
        assert f"\n{name}==" in pinned, name
