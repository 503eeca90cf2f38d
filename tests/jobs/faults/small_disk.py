"""Run on a disk that is too small, then on one with room.

``unshare --mount … python small_disk.py FOLDER DATASETS`` mounts a file system of its
own, which goes with the name space that it was started in.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from darkbelle.errors import DiskFullError
from darkbelle.jobs.columns import column_files
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import run


def mount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)


def leftovers(folder: Path) -> list[str]:
    """Return files that are neither whole nor gone."""
    return [str(path) for path in folder.rglob(".*") if path.name not in (".lock", ".lock-holder")]


def main() -> None:
    folder, datasets = Path(sys.argv[1]), sys.argv[2]
    disk = folder / "disk"
    disk.mkdir()
    said: dict[str, Any] = {}
    mount(disk, "size=100k")
    place = disk / "run"
    plan = make_plan("zprime_invisible", datasets, place, PlanOptions(chunk_rows=80))
    for attempt in ("first", "second"):
        try:
            run(place, LocalExecutor())
        except DiskFullError as error:
            said[attempt] = str(error)
    said["stored"] = len(list((place / "chunks").glob("*/*.json.gz")))
    said["chunks"] = plan.count_chunks()
    said["leftovers"] = leftovers(place)
    part = folder / "part.parquet"
    pq.write_table(pa.table({"x": np.random.default_rng(1).random(20_000)}), part)  # which does not compress
    try:
        with column_files(disk / "columns", "data") as files:
            files.append("sr", part)
    except DiskFullError as error:
        said["columns"] = str(error)
    said["leftovers"] += [str(path) for path in (disk / "columns").iterdir()]
    mount(disk, "remount,size=8m")
    said["computed"] = run(place, LocalExecutor()).computed
    for name in ("result.json", "histograms.json", "cutflow.json"):
        shutil.copy(place / name, folder / name)
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
