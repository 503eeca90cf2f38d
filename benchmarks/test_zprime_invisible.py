"""The processor of the Z′ beside reading its columns, ROOT's RDataFrame and pandas.

::

    python -m pytest benchmarks [--root-python PYTHON] [--rows N]

Equal results are asserted, times are printed: a loaded machine must not fail a test.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks import peers
from benchmarks.conftest import FLOOR, Clock
from benchmarks.sample import sample_columns

from darkbelle.ntuple.writing import write_ntuple

KINDS = {"zlib": "as basf2 writes it (ZLIB)", "zstd": "after slim (ZSTD)", "lz4": "after slim (LZ4)"}
kinds = pytest.mark.parametrize("codec", KINDS)


@pytest.fixture(scope="module")
def expected(files: dict[str, Path]) -> peers.Job:
    return peers.darkbelle(files["zlib"])


def agrees(found: peers.Job, expected: peers.Job) -> None:
    """Assert equal jobs but for a few events whose rounding error decides a cut or a bin."""
    assert abs(found.selected - expected.selected) <= 2
    assert np.abs(found.values - expected.values).sum() <= 10


@kinds
def test_reading_only(files: dict[str, Path], clock: Clock, codec: str) -> None:
    names = peers.branches(files[codec])
    rows = clock.best(KINDS[codec], FLOOR, lambda: peers.reading_only(files[codec], names))
    assert rows == peers.rows_in(files[codec])


@kinds
def test_reading_at_once(files: dict[str, Path], clock: Clock, codec: str) -> None:
    names, who = peers.branches(files[codec]), "reading its columns, TTree.arrays"
    rows = clock.best(KINDS[codec], who, lambda: peers.reading_at_once(files[codec], names))
    assert rows == peers.rows_in(files[codec])


@kinds
def test_processor(files: dict[str, Path], clock: Clock, expected: peers.Job, codec: str) -> None:
    found = clock.best(KINDS[codec], "darkbelle, data", lambda: peers.darkbelle(files[codec]))
    assert found.selected == expected.selected > 0
    assert np.array_equal(found.values, expected.values)


@kinds
def test_processor_with_shifts(files: dict[str, Path], clock: Clock, expected: peers.Job, codec: str) -> None:
    """Six more columns, and the kinematics and the selection twice more."""
    kind = f"{KINDS[codec]}, simulation with two variations"
    names = peers.branches(files[codec], is_data=False)
    clock.best(kind, FLOOR, lambda: peers.reading_only(files[codec], names))
    found = clock.best(kind, "darkbelle, simulation", lambda: peers.darkbelle(files[codec], is_data=False))
    assert np.array_equal(found.values, expected.values)


@kinds
def test_rdataframe(
    files: dict[str, Path], clock: Clock, expected: peers.Job, codec: str, pytestconfig: pytest.Config
) -> None:
    python = pytestconfig.getoption("--root-python")
    if python is None:
        pytest.skip("ROOT is compared with only where --root-python names an interpreter that has it")
    runs = [peers.rdataframe(files[codec], python) for _ in range(2)]
    best = min(runs, key=lambda run: run.event_loop)
    agrees(best.job, expected)
    who = "RDataFrame"
    clock.seconds[KINDS[codec], who], clock.start_up[KINDS[codec], who] = best.event_loop, best.start_up


def test_pandas(files: dict[str, Path], clock: Clock, expected: peers.Job) -> None:
    pytest.importorskip("pandas")
    agrees(clock.best(KINDS["zlib"], "pandas", lambda: peers.pandas(files["zlib"])), expected)


START_UP = """
import sys, time
from pathlib import Path
from benchmarks import peers
rows = peers.opened(Path(sys.argv[1]), 0, 1000, is_data=True)
peers.load_processor("zprime_invisible").process(rows)
print(time.process_time())
"""


def test_start_up(files: dict[str, Path], clock: Clock) -> None:
    """Imports, and the first thousand rows with all kernels loaded from numba's cache."""
    command = [sys.executable, "-c", START_UP, str(files["zlib"])]
    answers = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)]
    seconds = min(float(answer.stdout) for answer in answers)
    assert seconds > 0
    clock.start_up[KINDS["zlib"], "darkbelle, data"] = seconds


MEMORY = """
import json, sys
from pathlib import Path
from benchmarks import peers
used = []
for path in sys.argv[1:]:
    peers.darkbelle(Path(path), is_data=False)
    used.append(int(Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0]) / 1024)
print(json.dumps(used))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the memory")
def test_memory_does_not_grow_with_the_number_of_files(clock: Clock, tmp_path: Path) -> None:
    first = tmp_path / "0.root"
    write_ntuple(first, sample_columns(100_000))
    files = [first, *(tmp_path / f"{i}.root" for i in range(1, 30))]
    for path in files[1:]:
        shutil.copy(first, path)
    command = [sys.executable, "-c", MEMORY, *map(str, files)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    used = json.loads(answer.stdout.splitlines()[-1])
    clock.notes.append(
        f"memory of a worker after 1, 5, 30 files of 100 000 rows, without the files' own pages: "
        f"{used[0]:.0f}, {used[4]:.0f}, {used[29]:.0f} MB"
    )
    assert used[29] < 1.1 * used[4]
