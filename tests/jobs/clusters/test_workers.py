"""Workers of another installation are refused, and each of ours keeps its own compiled kernels."""

from __future__ import annotations

import shutil
import site
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.jobs.test_toys import recipes

import darkbelle
from darkbelle.errors import IncompleteRunError, RunError
from darkbelle.jobs.clusters.workers import work_if_same
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.plan import installation
from darkbelle.jobs.tasks import Task
from darkbelle.jobs.toys import store_maker

if TYPE_CHECKING:
    from tests.jobs.clusters.conftest import OwnCluster

Tasks = Callable[[int], Iterator[Task]]


def other_sources(folder: Path, changed: str) -> Path:
    """Return where to import a darkbelle from of which a file is not ours."""
    other = folder / "other"
    shutil.copytree(Path(darkbelle.__file__).parent, other / "darkbelle")
    with (other / "darkbelle" / changed).open("a") as file:
        file.write("# changed\n")
    return other


def test_a_worker_with_other_sources_is_refused(
    own_cluster: OwnCluster, works: Any, tasks: Tasks, tmp_path: Path
) -> None:
    own_cluster.start_scheduler()
    own_cluster.start_worker(PYTHONPATH=str(other_sources(tmp_path, "constants.py")))
    with pytest.raises(
        RunError, match=r"Dask worker tcp://.* has sources [0-9a-f]{64} \(here [0-9a-f]{64}\)"
    ):
        list(DaskExecutor(scheduler=own_cluster.address).receipts(works.count_rows, tasks(1)))


def test_a_worker_with_other_sources_of_fits_makes_no_experiments(
    own_cluster: OwnCluster, tmp_path: Path
) -> None:
    own_cluster.start_scheduler()
    own_cluster.start_worker(PYTHONPATH=str(other_sources(tmp_path, "fitting/studies/ensembles.py")))
    make = store_maker(tmp_path / "toys", DaskExecutor(scheduler=own_cluster.address))
    with pytest.raises(
        IncompleteRunError,
        match=r"1 of 1 batches of experiments failed.*other sources of darkbelle than the driver.*restart",
    ):
        make(recipes()[:1])


def test_a_worker_with_another_package_is_refused(
    own_cluster: OwnCluster, works: Any, tasks: Tasks, tmp_path: Path
) -> None:
    # what decides is the metadata that an installer has left
    metadata = tmp_path / "other" / "hist-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: hist\nVersion: 1.0\n")
    own_cluster.start_scheduler()
    own_cluster.start_worker(PYTHONPATH=str(tmp_path / "other"))
    with pytest.raises(
        RunError, match=rf"has hist 1\.0 \(here {installation()['hist']}\); start workers and"
    ):
        list(DaskExecutor(scheduler=own_cluster.address).receipts(works.count_rows, tasks(1)))


def test_a_worker_without_darkbelle_is_refused(
    own_cluster: OwnCluster, works: Any, tasks: Tasks, tmp_path: Path
) -> None:
    own_cluster.start_scheduler()
    # without the module site there are no editable installations
    script = (
        f"import sys; sys.path += {[path for path in sys.path if path in site.getsitepackages()]}\n"
        "from distributed.cli.dask_worker import main\nmain()"
    )
    options = ["--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)]
    command = [sys.executable, "-ISc", script, own_cluster.address, *options]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as worker:
        try:
            with pytest.raises(RunError, match=r"No module named 'darkbelle'.*from one environment"):
                list(DaskExecutor(scheduler=own_cluster.address).receipts(works.count_rows, tasks(1)))
        finally:
            worker.terminate()


def test_a_different_worker_that_comes_late_does_no_work(works: Any, tasks: Tasks) -> None:
    (task,) = tasks(1)
    theirs = installation() | {"numpy": "1.0"}
    receipt = work_if_same(works.count_rows, theirs, task)
    assert receipt.failure is not None
    assert not receipt.failure.deadly
    assert f"numpy {installation()['numpy']} (here 1.0)" in receipt.failure.message
    assert work_if_same(works.count_rows, installation(), task).failure is None


def test_each_worker_keeps_its_compiled_kernels_to_itself(
    own_cluster: OwnCluster, works: Any, tasks: Tasks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    own_cluster.start_scheduler()
    for _ in range(2):
        own_cluster.start_worker()
    executor = DaskExecutor(scheduler=own_cluster.address)
    deadline = time.monotonic() + 60
    while len(found := list(tmp_path.glob("cache-*"))) < 2:
        assert time.monotonic() < deadline
        list(executor.receipts(works.compile_a_kernel, tasks(8)))
    first, second = (Path(file.read_text().splitlines()[0]) for file in found)
    assert first.is_relative_to(own_cluster.folder)
    assert second.is_relative_to(own_cluster.folder)
    assert first.parents[1] != second.parents[1]
