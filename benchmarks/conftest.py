"""The benchmarks' ntuples, their clock, and the tables that are printed at the end."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
import uproot
from benchmarks.peers import branches
from benchmarks.sample import sample_columns

from darkbelle.ntuple.slimming import slim
from darkbelle.ntuple.writing import write_ntuple

T = TypeVar("T")

ROUNDS = 3
FLOOR = "reading its columns, in the same chunks"


@dataclass
class Clock:
    """The CPU seconds of contestants by kind of file, and of the start-up of some."""

    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    start_up: dict[tuple[str, str], float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def best(self, kind: str, who: str, function: Callable[[], T]) -> T:
        """Call a function some times, keep the least CPU time, and return the last result."""
        self.seconds[kind, who], result = self.timed(function)
        return result

    def timed(self, function: Callable[[], T]) -> tuple[float, T]:
        """Return the least CPU time of some calls, and the last result."""
        result, best = function(), float("inf")  # the first call loads what was compiled
        for _ in range(ROUNDS):
            started = time.process_time()
            result = function()
            best = min(best, time.process_time() - started)
        return best, result


CLOCK = Clock()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("darkbelle benchmarks")
    group.addoption(
        "--root-python",
        type=Path,
        default=sys.executable if importlib.util.find_spec("ROOT") else None,
        help="an interpreter with ROOT, to compare with RDataFrame; by default this one if it has ROOT",
    )
    group.addoption("--zfit-python", type=Path, help="an interpreter with zfit, to compare fits of an edge")
    group.addoption("--rows", type=int, default=2_000_000, help="rows of the ntuple")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.getoption("--rows")
    for kind in dict.fromkeys(kind for kind, _ in CLOCK.seconds):
        terminalreporter.section(f"{kind}, {rows} rows, CPU seconds on one core")
        floor = CLOCK.seconds.get((kind, FLOOR))
        for (other, who), seconds in CLOCK.seconds.items():
            if other == kind:
                ratio = f"{seconds / floor:5.2f} x reading" if floor else ""
                start_up = CLOCK.start_up.get((kind, who))
                apart = f"   + {start_up:.1f} s start-up" if start_up else ""
                rate = f"{rows / seconds / 1e6:5.2f} M rows/s"
                terminalreporter.write_line(f"{who:<42}{seconds:7.2f} s {rate} {ratio}{apart}")
    if CLOCK.notes:
        terminalreporter.section("besides")
        for note in CLOCK.notes:
            terminalreporter.write_line(note)


@pytest.fixture(scope="session")
def clock() -> Clock:
    return CLOCK


@pytest.fixture(scope="session", autouse=True)
def fast_zlib() -> Iterator[None]:
    """Decompress as darkbelle's workers do, in all contestants."""
    before = uproot.ZLIB.library
    uproot.ZLIB.library = "isal"
    yield
    uproot.ZLIB.library = before


@pytest.fixture(scope="session")
def files(pytestconfig: pytest.Config) -> dict[str, Path]:
    """The ntuple as basf2 compresses it, and slimmed to the processor's columns; made once and kept."""
    assert pytestconfig.cache is not None
    rows = pytestconfig.getoption("--rows")
    folder = pytestconfig.cache.mkdir(f"darkbelle-{rows}")
    whole = folder / "zlib" / "pairs.root"
    if not whole.exists():
        whole.parent.mkdir(exist_ok=True)
        write_ntuple(whole, sample_columns(rows))
    slimmed = {codec: folder / codec / whole.name for codec in ("zstd", "lz4")}
    for codec in ("zstd", "lz4"):
        if not slimmed[codec].exists():
            slim([whole], branches(whole, is_data=False), folder / codec, codec=codec)
    return {"zlib": whole, **slimmed}
