"""What is sent to machines that share no folder with us, and what is made of what comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from darkbelle.datasets import Dataset
from darkbelle.errors import ConfigurationError, StoreError
from darkbelle.jobs.chunks import process_chunk
from darkbelle.jobs.condor.batch import batches, journal_of, write_batch
from darkbelle.jobs.condor.journal import append_receipt
from darkbelle.jobs.condor.site import Site
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import ChunkTask, Failure, Receipt, Task, ToyTask
from darkbelle.jobs.toys import make_batch
from darkbelle.results import ChunkOutput

DATASET = Dataset(process="data", files=("a.root",), luminosity_fb=1.0)
OUTPUT = ChunkOutput(rows=10, events=10)


def task(run: Path, number: int, path: Path) -> Task:
    return ChunkTask(
        key=f"{number:064x}",
        run=str(run),
        channel="zprime_invisible",
        options={},
        seed=0,
        code="",
        name="data",
        dataset=DATASET,
        path=str(path),
        fingerprint="",
        start=10 * number,
        stop=10 * number + 10,
    )


def site(**fields: Any) -> Site:
    return Site.model_validate({"description": "x", "transfer": "files", **fields})


def file(folder: Path, name: str, size: int = 1) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_files_of_one_name_are_told_apart_and_each_is_sent_once(tmp_path: Path) -> None:
    first, second = file(tmp_path, "one/a, b.root"), file(tmp_path, "two/a, b.root", 3_000_000)
    run = tmp_path / "run"
    run.mkdir()
    tasks = [task(run, 0, first), task(run, 1, first), task(run, 2, second)]
    batch = write_batch(run, process_chunk, [tasks[:2], tasks[2:]], site())
    lines = [line.split() for line in (batch.folder / "groups.txt").read_text().splitlines()]
    assert lines == [
        [
            f"group-0000{i}.json",
            f"group-0000{i}.journal",
            f"group-0000{i}.results",
            f"group-0000{i}.json,group-0000{i}.journal,inputs/0000{i}-a__b.root",
        ]
        for i in range(2)
    ]
    assert (batch.folder / "inputs" / "00001-a__b.root").resolve() == second
    assert json.loads(batch.group(1).read_text())["files"] == {str(second): "00001-a__b.root"}
    assert batch.sent == 3
    assert batches(run) == [batch]


def test_mounted_files_are_read_where_they_are(tmp_path: Path) -> None:
    batch = write_batch(
        tmp_path, process_chunk, [[task(tmp_path, 0, Path("/pnfs/a.root"))]], site(inputs="mounted")
    )
    assert json.loads(batch.group(0).read_text())["files"] == {}
    assert not (batch.folder / "inputs").exists()


def test_recipes_of_experiments_are_sent_wherever_ntuples_are(tmp_path: Path) -> None:
    recipe = file(tmp_path, f"toys/recipes/{'d' * 8}.json.gz")
    run = recipe.parents[1]
    tasks: list[list[Task]] = [
        [
            ToyTask(
                key=f"{number:064x}",
                run=str(run),
                code="",
                path=str(recipe),
                recipe="d" * 64,
                label="x",
                start=number,
                stop=number + 1,
            )
        ]
        for number in range(2)
    ]
    for options in ({"inputs": "mounted"}, {"urls": {f"{tmp_path}/": "https://door/"}}):
        batch = write_batch(run, make_batch, tasks, site(**options))
        assert json.loads(batch.group(1).read_text())["files"] == {str(recipe): "00000-dddddddd.json.gz"}
        lines = (batch.folder / "groups.txt").read_text().splitlines()
        assert all(line.endswith(",inputs/00000-dddddddd.json.gz") for line in lines)
        assert (batch.folder / "inputs" / "00000-dddddddd.json.gz").resolve() == recipe


def test_urls_of_one_name_are_refused_with_the_cure(tmp_path: Path) -> None:
    files = [file(tmp_path, name) for name in ("one/a.root", "two/a.root")]
    tasks = [task(tmp_path, i, path) for i, path in enumerate(files)]
    with pytest.raises(ConfigurationError, match=r"would both be called a\.root in the folder of a job"):
        write_batch(tmp_path, process_chunk, [tasks], site(urls={f"{tmp_path}/": "https://door/"}))


def start(folder: Path, group: Path) -> subprocess.CompletedProcess[str]:
    """Start a job as on another machine: on plain Python, in the folder of the job."""
    return subprocess.run(
        [sys.executable, str(folder / "start.py"), group.name],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_job_starts_from_what_was_sent_and_leaves_what_is_fetched(tmp_path: Path) -> None:
    path = file(tmp_path, "a.root")
    batch = write_batch(tmp_path, process_chunk, [[task(tmp_path, 0, path)]], site())
    (batch.folder / path.name).write_bytes(path.read_bytes())
    done = start(batch.folder, batch.group(0))
    assert (done.returncode, done.stderr) == (0, "")
    receipt = batch.journal(0).receipts[f"{0:064x}"]
    assert receipt.failure is not None  # of the chunk: it is of no code that there is
    assert "other sources of darkbelle than the driver" in receipt.failure.message
    assert batch.group(0).with_suffix(".results").is_dir()


def test_another_python_is_refused_before_anything_is_imported(tmp_path: Path) -> None:
    batch = write_batch(tmp_path, process_chunk, [[task(tmp_path, 0, file(tmp_path, "a.root"))]], site())
    content = json.loads(batch.group(0).read_text())
    content["installation"]["python"] = "3.1.4"
    batch.group(0).write_text(json.dumps(content))
    done = start(batch.folder, batch.group(0))
    assert done.returncode == 1
    assert "the run was planned with 3.1.4; name a Python of that version in the site file" in done.stderr


def test_another_package_is_refused_before_any_chunk(tmp_path: Path) -> None:
    batch = write_batch(tmp_path, process_chunk, [[task(tmp_path, 0, file(tmp_path, "a.root"))]], site())
    content = json.loads(batch.group(0).read_text())
    content["installation"]["numpy"] = "0.1"
    batch.group(0).write_text(json.dumps(content))
    done = start(batch.folder, batch.group(0))
    assert done.returncode == 1
    assert "where the driver has 0.1; give both the same installation" in done.stderr
    assert batch.journal(0).receipts == {}


def test_a_result_that_came_back_is_taken_in_once(tmp_path: Path) -> None:
    tasks = [task(tmp_path, i, file(tmp_path, "a.root")) for i in range(2)]
    batch = write_batch(tmp_path, process_chunk, [tasks], site())
    journal = journal_of(batch.group(0))
    batch.results(0).put(tasks[0].key, OUTPUT)
    append_receipt(journal, Receipt(tasks[0].key, 10))
    append_receipt(journal, Receipt(tasks[1].key, 0, failure=Failure("permanent", "OSError", "gone")))
    assert list(batch.brought_back()) == [(0, tasks[0].key)]
    ResultStore(tmp_path).put_failure(tasks[0].key, Failure("lost", "NotDone", "earlier"))
    batch.take_in(0, tasks[0].key)
    assert ResultStore(tmp_path).get(tasks[0].key).output.rows == 10
    assert ResultStore(tmp_path).failure(tasks[0].key) is None
    assert list(batch.brought_back()) == []
    with pytest.raises(StoreError, match="cannot be read"):
        batch.take_in(0, tasks[0].key)
    assert ResultStore(tmp_path).get(tasks[0].key).output.rows == 10


def test_a_damaged_result_is_not_taken_in(tmp_path: Path) -> None:
    batch = write_batch(tmp_path, process_chunk, [[task(tmp_path, 0, file(tmp_path, "a.root"))]], site())
    key = f"{0:064x}"
    batch.results(0).put(key, OUTPUT)
    path = batch.results(0).path(key)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(StoreError):
        batch.take_in(0, key)
    assert not ResultStore(tmp_path).path(key).exists()
