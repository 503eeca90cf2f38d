"""The time of day decides nothing, so a clock that is wrong, or goes backwards, changes no result."""

from __future__ import annotations

import ast
from pathlib import Path

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
