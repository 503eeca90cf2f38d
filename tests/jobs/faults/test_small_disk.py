"""A full disk ends a run with a word about it, and nothing half-written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.planning import make_plan
from darkbelle.jobs.run import run

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")


@pytest.fixture(scope="module")
def small_disk(two_datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """What was said on a real file system of 100 kB, and the folder with the products of the end."""
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no mount name spaces, in which a small disk could be mounted")
    folder = tmp_path_factory.mktemp("small")
    script = str(Path(__file__).parent / "small_disk.py")
    ended = subprocess.run(
        [*NAMESPACE, sys.executable, script, str(folder), str(two_datasets)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return folder, json.loads(ended.stdout)


def test_folder_need_and_cure_are_named(small_disk: tuple[Path, dict[str, Any]]) -> None:
    folder, said = small_disk
    for attempt in ("first", "second"):
        assert str(folder / "disk" / "run") in said[attempt]
        assert "No space left on device" in said[attempt]
        assert " bytes and " in said[attempt]
        assert "make room, or copy the run folder to where there is more" in said[attempt]
    assert "has no room for data.sr.parquet" in said["columns"]


def test_nothing_is_half_written(small_disk: tuple[Path, dict[str, Any]]) -> None:
    assert small_disk[1]["leftovers"] == []


def test_with_more_room_it_goes_on(
    small_disk: tuple[Path, dict[str, Any]],
    two_datasets: Path,
    tmp_path: Path,
    products: Callable[[Path], dict[str, bytes]],
) -> None:
    folder, said = small_disk
    assert 0 < said["stored"] < said["chunks"]
    assert said["computed"] == said["chunks"] - said["stored"]
    make_plan("zprime_invisible", two_datasets, tmp_path)
    run(tmp_path, LocalExecutor())
    assert products(folder) == products(tmp_path)
