"""The time of day decides nothing, so a clock that is wrong, or goes backwards, changes no result."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.jobs.faults.conftest import Undisturbed

ROOT = Path(__file__).parents[3]
PACKAGES = ("jobs", "processors", "selections", "src/darkbelle")

# what reads the time of day, or that of files; time.monotonic never goes backwards
OF_TODAY = {"time.time", "time.time_ns", "datetime.now", "datetime.today", "datetime.utcnow", "date.today"}
OF_FILES = {"st_mtime", "st_mtime_ns", "st_ctime", "st_atime", "getmtime", "getctime"}

ALLOWED = {
    ("src/darkbelle/provenance.py", "datetime.now"),  # a note of when a product was made, which nothing reads
    ("jobs/clusters/condor.py", "st_mtime"),  # which of several logs an error message quotes
}


def clocks(source: str) -> set[str]:
    """Return what a module reads clocks with."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and f"{node.value.id}.{node.attr}" in OF_TODAY:
                found.add(f"{node.value.id}.{node.attr}")
            if node.attr in OF_FILES:
                found.add(node.attr)
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found |= {f"time.{name.name}" for name in node.names} & OF_TODAY
    return found


def test_no_clock_but_the_one_that_only_rises_is_read() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), clock)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for clock in clocks(path.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED


def test_clocks_are_found() -> None:
    assert clocks("import time\nx = time.time()") == {"time.time"}
    assert clocks("from time import time, sleep") == {"time.time"}
    assert clocks("path.stat().st_mtime < 3") == {"st_mtime"}
    assert clocks("time.monotonic()") == set()


@pytest.fixture
def backwards(backward_clock: Path | None) -> dict[str, str]:
    """The environment of processes whose clock goes backwards, by a quarter of an hour a second."""
    if backward_clock is None:
        pytest.skip("no C compiler is here, with which a clock that goes backwards could be made")
    return {**os.environ, "LD_PRELOAD": str(backward_clock), "BACKWARD_CLOCK": str(int(time.time()))}


def test_a_clock_goes_backwards_and_the_other_one_does_not(backwards: dict[str, str]) -> None:
    script = (
        "import time, datetime; a = time.time(), datetime.datetime.now(), time.monotonic(); time.sleep(0.1); "
        "b = time.time(), datetime.datetime.now(), time.monotonic(); print(*(x < y for x, y in zip(b, a)))"
    )
    said = subprocess.run([sys.executable, "-c", script], env=backwards, capture_output=True, check=True)
    assert said.stdout.split() == [b"True", b"True", b"False"]


def test_a_run_whose_clock_goes_backwards_gives_the_same_bytes(
    backwards: dict[str, str], undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "darkbelle.jobs.cli"]
    planning = ["plan", "zprime_invisible", "--datasets", str(undisturbed.datasets), "--chunk-rows", "40"]
    running = ["run", "--executor", "local", "--workers", "2"]  # Dask's own messages wait for the time of day
    for arguments in ([*planning, "--out", str(folder)], [*running, str(folder)]):
        subprocess.run([*command, *arguments], env=backwards, capture_output=True, check=True)
    for name, content in undisturbed.products.items():
        assert (folder / name).read_bytes() == content, name
