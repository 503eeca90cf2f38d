"""Jobs on machines that share no folder with us, on a real HTCondor pool; skipped where there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from darkbelle.jobs.condor.batch import batches
from darkbelle.jobs.condor.queue import queued
from darkbelle.jobs.condor.submission import base_python
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.packing import needed, pack_packages
from darkbelle.jobs.plan import load_plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import run
from darkbelle.jobs.tasks import ChunkTask
from darkbelle.jobs.verify import verify

if TYPE_CHECKING:
    from tests.jobs.conftest import Samples
    from tests.jobs.executors.conftest import Driver

pytestmark = [pytest.mark.condor, pytest.mark.usefixtures("pool"), pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
CHANNEL = "zprime_invisible"

Products = Callable[[Path], dict[str, bytes]]


def site(folder: Path, **fields: Any) -> str:
    """A site file of machines without shared folders."""
    file = folder / "site.yaml"
    content = {"description": "no shared folder", "memory": 900, "disk": 200, "transfer": "files", **fields}
    file.write_text(json.dumps(content))
    return str(file)


@pytest.fixture
def without_folders(tmp_path: Path) -> Callable[..., Path]:
    """Make a Python that sees some folders empty, as it would on another machine."""

    def make(*hidden: Path) -> Path:
        program = tmp_path / "bin" / "python"
        program.parent.mkdir()
        # one within another is hidden with it: the environment may lie in the project
        outer = [one for one in hidden if not any(one != o and one.is_relative_to(o) for o in hidden)]
        quoted = " ".join(f'"{folder}"' for folder in outer)
        program.write_text(
            f"#!/bin/sh\nexec unshare --user --map-root-user --mount /bin/sh -c '"
            f"for folder in {quoted}; do mount -t tmpfs none $folder && ls -A $folder || exit 77; done; "
            f'exec {base_python()} "$0" "$@"\' "$@"\n'
        )
        program.chmod(0o755)
        return program

    return make


def test_a_job_needs_nothing_but_what_it_is_sent(
    samples: Samples,
    tmp_path: Path,
    products: Products,
    without_folders: Callable[..., Path],
) -> None:
    samples.add("mumu", "one/same name.root", samples.ntuple(300, 0, seed=1))
    samples.add("mumu", "two/same name.root", samples.ntuple(200, 300, seed=2))
    samples.add("data", "same name.root", samples.ntuple(300, 0, seed=3, run=7))
    datasets = samples.write()
    make_plan(CHANNEL, datasets, tmp_path / "here", PlanOptions(chunk_rows=150))
    run(tmp_path / "here", LocalExecutor())
    planned = tmp_path / "run"
    make_plan(CHANNEL, datasets, planned, PlanOptions(chunk_rows=150))
    archive = tmp_path / "packages.tar.gz"
    pack_packages(archive, needed())
    python = without_folders(planned, samples.folder, ROOT, Path(sys.prefix))
    own = site(tmp_path, environment=str(archive), python=str(python), disk=3000)
    report = run(planned, CondorExecutor(site=own, interval=0.2))
    assert report.failed == ()
    assert report.computed == load_plan(planned).count_chunks() >= 8
    assert products(planned) == products(tmp_path / "here")
    assert verify(planned, load_plan(planned)).problems == ()
    (batch,) = batches(planned)
    assert (batch.folder / "0.out").read_text() == ""  # of the folders, all were empty


def test_results_that_came_back_while_nobody_waited_are_taken_in(
    planned: Path,
    expected: dict[str, bytes],
    products: Products,
    drive: Callable[..., Driver],
    until: Callable[..., None],
    tmp_path: Path,
) -> None:
    own = site(tmp_path)
    driver = drive(planned, "--site", own, "--chunks-per-job", "11")
    driver.job_that_runs()
    driver.kill()
    until(lambda: queued(planned) == [])
    (batch,) = batches(planned)
    assert len(list(batch.brought_back())) == 21
    said = subprocess.run(
        [sys.executable, "-m", "darkbelle.jobs.cli", "status", str(planned)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "21 results came back from HTCondor jobs" in said.stderr
    path = batch.results(0).path(batch.keys(0)[3])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # damaged on its way
    path.write_bytes(content)
    assert drive(planned, "--site", own).report()["failed"] == []
    assert products(planned) == expected
    assert [again.keys(job) for again in batches(planned)[1:] for job in range(again.jobs)] == [
        [batch.keys(0)[3]]
    ]
    assert list(batch.brought_back()) == []


@pytest.mark.parametrize("act", ["hold", pytest.param("vacate", marks=pytest.mark.slow), "kill"])
def test_a_job_that_is_interrupted_begins_anew(
    act: str,
    planned: Path,
    expected: dict[str, bytes],
    products: Products,
    drive: Callable[..., Driver],
    tmp_path: Path,
    until: Callable[..., None],
) -> None:
    driver = drive(planned, "--site", site(tmp_path), "--chunks-per-job", "11")
    batch, job = driver.job_that_runs()
    name = f"{batch.state().cluster}.{job}"
    if act == "hold":
        subprocess.run(["condor_hold", name], capture_output=True, check=True)
        until(lambda: batch.state().job(job).phase == "held")
        subprocess.run(["condor_release", name], capture_output=True, check=True)
    elif act == "vacate":
        subprocess.run(["condor_vacate_job", "-fast", name], capture_output=True, check=True)
    else:
        driver.kill_job(batch, job)
    assert driver.report()["failed"] == []
    assert batch.state().job(job).starts == 2
    assert products(planned) == expected


@pytest.mark.slow
def test_chunks_of_a_removed_job_are_listed_and_submitted_again(
    planned: Path,
    expected: dict[str, bytes],
    products: Products,
    drive: Callable[..., Driver],
    tmp_path: Path,
) -> None:
    own = site(tmp_path)
    driver = drive(planned, "--site", own, "--chunks-per-job", "11")
    batch, job = driver.job_that_runs()
    subprocess.run(["condor_rm", f"{batch.state().cluster}.{job}"], capture_output=True, check=True)
    report = driver.report()
    assert driver.process.returncode == 1
    assert sorted((item["path"], item["start"]) for item in report["failed"]) == sorted(
        (task.path, task.start) for task in batch.tasks(job) if isinstance(task, ChunkTask)
    )
    again = drive(planned, "--site", own).report()
    assert again["computed"] == len(batch.keys(job))
    assert products(planned) == expected


def test_machines_fetch_ntuples_by_their_urls(
    two_datasets: Path, planned: Path, expected: dict[str, bytes], products: Products, tmp_path: Path
) -> None:
    served: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(two_datasets.parent))

        def log_message(self, _format: str, *arguments: object) -> None:
            served.append(str(arguments[0]))

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        urls = {f"{two_datasets.parent}/": f"http://127.0.0.1:{server.server_port}/"}
        report = run(planned, CondorExecutor(site=site(tmp_path, urls=urls), interval=0.2))
        server.shutdown()
    assert report.failed == ()
    assert products(planned) == expected
    assert {line.split()[1] for line in served} == {"/a.root", "/b.root", "/c.root"}
