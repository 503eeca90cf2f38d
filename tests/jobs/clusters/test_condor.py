"""Dask workers as jobs of HTCondor: what is submitted, and on a real pool what becomes of it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
import pytest

from darkbelle.errors import ConfigurationError, RunError
from darkbelle.jobs.clusters.condor import LOGS, WorkerJobs, last_words
from darkbelle.jobs.condor.site import load_site, site_names
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import run
from darkbelle.jobs.tasks import Receipt, Task

CHANNEL = "zprime_invisible"

Products = Callable[[Path], dict[str, bytes]]
Tasks = Callable[[int], Iterator[Task]]

on_pool = [pytest.mark.condor, pytest.mark.usefixtures("pool"), pytest.mark.timeout(240)]


def jobs(run: Path, site: str = "plain") -> WorkerJobs:
    return WorkerJobs(count=2, site=load_site(site), memory=1000, run=run, listen=None)


@pytest.mark.parametrize("site", site_names())
def test_the_lines_of_a_site_are_submitted(site: str, tmp_path: Path) -> None:
    lines = jobs(tmp_path, site).directives()
    assert load_site(site).submit.items() <= lines.items()
    assert lines["initialdir"] == str(tmp_path / LOGS)


def test_jobs_import_what_the_driver_imports_and_are_never_paused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/my folder")
    environment = jobs(tmp_path).directives()["environment"]
    assert "PYTHONPATH='/my folder'" in environment
    assert "DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE=False" in environment


def test_a_run_folder_whose_name_the_shell_would_change_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"a \$run/dask' has spaces or special characters"):
        jobs(tmp_path / "a $run").directives()


def test_without_the_tools_of_htcondor_it_is_said_so(
    works: Any, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(RunError, match="condor_submit is not on the PATH, and dask-jobqueue needs it"):
        list(DaskExecutor(cluster="condor").receipts(works.count_rows, tasks(1)))


def test_the_last_words_are_those_of_the_newest_job_that_said_something(tmp_path: Path) -> None:
    for number, text in enumerate(["old\n", "first\nlast\n", ""]):
        file = tmp_path / f"worker-{number}.0.err"
        file.write_text(text)
        os.utime(file, (number, number))
    assert last_words(tmp_path) == f"{tmp_path / 'worker-1.0.err'} ends with: last"
    assert last_words(tmp_path / "nothing") == ""


def tool(name: str, *arguments: str) -> str:
    return subprocess.run([name, *arguments], capture_output=True, text=True, check=True).stdout


def workers_of(run: Path) -> list[str]:
    """The numbers of the jobs in the queue that are workers of a run."""
    lines = tool("condor_q", "-af:j", "Iwd").splitlines()
    return [number for number, folder in map(str.split, lines) if folder == str(run / LOGS)]


def remove_workers(run: Path) -> None:
    for number in workers_of(run):
        tool("condor_rm", number)


@dataclass(frozen=True)
class Interrupting(Executor):
    """Another executor that does other work, with something that is done after its first receipt."""

    executor: Executor
    work: Work
    act: Callable[[], object]

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:  # noqa: ARG002
        receipts = self.executor.receipts(self.work, tasks)
        yield next(receipts)
        self.act()
        yield from receipts


@pytest.fixture
def planned(two_datasets: Path, tmp_path: Path) -> Path:
    make_plan(CHANNEL, two_datasets, tmp_path / "run", PlanOptions(chunk_rows=150))
    return tmp_path / "run"


@pytest.fixture(scope="module")
def expected(
    two_datasets: Path, tmp_path_factory: pytest.TempPathFactory, products: Products
) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("local")
    make_plan(CHANNEL, two_datasets, folder, PlanOptions(chunk_rows=150))
    run(folder, LocalExecutor())
    return products(folder)


class TestOnThePool:
    pytestmark = on_pool

    def test_a_run_has_the_same_bytes_and_leaves_no_job_and_no_key(
        self, planned: Path, expected: dict[str, bytes], products: Products
    ) -> None:
        seen: dict[str, Any] = {}

        def look() -> None:
            seen["jobs"] = len(workers_of(planned))
            seen["modes"] = {stat.S_IMODE(key.stat().st_mode) for key in (planned / LOGS).glob("*.pem")}

        executor = DaskExecutor(workers=2, cluster="condor", memory=900)
        assert run(planned, Watched(executor, look)).failed == ()
        assert products(planned) == expected
        assert seen == {"jobs": 2, "modes": {0o600}}
        assert list((planned / LOGS).glob("*.pem")) == []
        assert "tls://" in "".join(log.read_text() for log in (planned / LOGS).glob("worker-*.err"))
        until(lambda: workers_of(planned) == [])

    def test_a_removed_job_is_replaced(
        self, planned: Path, works: Any, expected: dict[str, bytes], products: Products
    ) -> None:
        executor = DaskExecutor(workers=1, cluster="condor", memory=900, listen="127.0.0.1")
        slow = Interrupting(executor, works.process_slowly, lambda: remove_workers(planned))
        with dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"}):
            assert run(planned, slow).failed == ()
        assert products(planned) == expected
        logs = sorted((planned / LOGS).glob("worker-*.log"))
        assert len(logs) == 2  # each job has its own
        assert "Job was aborted" in logs[0].read_text()

    def test_with_all_jobs_gone_the_command_fails_and_another_executor_goes_on(
        self, planned: Path, expected: dict[str, bytes], products: Products
    ) -> None:
        options = ["--executor", "dask", "--cluster", "condor", "--workers", "1", "--memory", "900"]
        command = [
            sys.executable,
            "-m",
            "darkbelle.jobs.cli",
            "run",
            str(planned),
            *options,
            "--patience",
            "15",
        ]
        # so that jobs are not replaced, as on a site where none starts any more
        variables = {**os.environ, "DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "1h"}
        with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as driver:
            until(lambda: list((planned / "chunks").rglob("*.json*")))
            remove_workers(planned)
            threading.Timer(100, driver.kill).start()
            _, said = driver.communicate()
        assert driver.returncode == 1
        assert "all Dask workers have been gone" in said
        report = run(planned, LocalExecutor())
        assert report.reused >= 1
        assert report.computed >= 1
        assert products(planned) == expected

    def test_jobs_that_no_machine_can_have_are_not_waited_for_for_ever(
        self, works: Any, tasks: Tasks, tmp_path: Path
    ) -> None:
        executor = DaskExecutor(workers=1, cluster="condor", memory=10**6, patience=3)
        with pytest.raises(
            RunError, match=r"no Dask worker as a job of HTCondor within 3 s.*-better-analyze"
        ):
            list(executor.receipts(works.count_rows, tasks(1)))
        until(lambda: workers_of(tmp_path) == [])

    def test_a_worker_that_cannot_start_says_why(self, works: Any, tasks: Tasks, tmp_path: Path) -> None:
        site = tmp_path / "site.yaml"
        site.write_text("description: a wrong Python\npython: /no/such/python\n")
        executor = DaskExecutor(workers=1, cluster="condor", site=str(site), memory=500, patience=15)
        with pytest.raises(RunError, match=r"worker-\d+\.0\.err ends with: .*/no/such/python"):
            list(executor.receipts(works.count_rows, tasks(1)))


@dataclass(frozen=True)
class Watched(Executor):
    """Another executor, with a look at things after its first receipt."""

    executor: Executor
    look: Callable[[], object]

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:
        receipts = self.executor.receipts(work, tasks)
        yield next(receipts)
        self.look()
        yield from receipts


def until(what: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.1)
