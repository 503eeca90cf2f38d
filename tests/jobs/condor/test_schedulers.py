"""The bindings and the command-line tools give the same answers, on a real pool."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from darkbelle.errors import RunError
from darkbelle.jobs.condor.bindings import Bindings
from darkbelle.jobs.condor.eventlog import JobState, state_of
from darkbelle.jobs.condor.pool import Pool, connect
from darkbelle.jobs.condor.scheduler import NotReachedError, Scheduler
from darkbelle.jobs.condor.tools import Tools

pytestmark = [pytest.mark.condor, pytest.mark.usefixtures("pool"), pytest.mark.timeout(120)]

SLEEP = """universe = vanilla
executable = /bin/sleep
transfer_executable = False
should_transfer_files = NO
arguments = "$(seconds)"
initialdir = {folder}
log = events.log
request_cpus = 1
request_memory = 50 MB
request_disk = 1 MB
hold = {hold}
max_idle = {max_idle}
queue {variable} from groups.txt
"""


@pytest.fixture(params=["bindings", "tools"])
def scheduler(request: pytest.FixtureRequest) -> Scheduler:
    return Bindings.connected() if request.param == "bindings" else Tools()


@pytest.fixture
def batch(tmp_path: Path, scheduler: Scheduler) -> Iterator[Path]:
    """A folder with spaces and dollars in its name; what it submitted is removed in the end."""
    folder = tmp_path / "it's $5"
    folder.mkdir()
    yield folder
    cluster = state_of(folder / "events.log").cluster
    if cluster is not None:
        Pool(scheduler).remove(cluster)


def sleepers(
    folder: Path, *seconds: int, hold: bool = False, max_idle: int = 100, variable: str = "seconds"
) -> Path:
    """Write a submit file of jobs that sleep."""
    (folder / "groups.txt").write_text("".join(f"{item}\n" for item in seconds))
    file = folder / "batch.sub"
    text = SLEEP.format(
        folder=str(folder).replace("$", "$(DOLLAR)"), hold=hold, max_idle=max_idle, variable=variable
    )
    file.write_text(text)
    return file


def job_of(folder: Path, number: int, whether: Callable[[JobState], bool]) -> JobState:
    """Wait for a job to be in some state, and return it."""
    deadline = time.monotonic() + 30
    while not whether(job := state_of(folder / "events.log").job(number)):
        assert time.monotonic() < deadline, f"it has not come about: {job}"
        time.sleep(0.1)
    return job


def test_what_is_submitted_is_in_the_queue_until_it_is_removed(batch: Path, scheduler: Scheduler) -> None:
    pool = Pool(scheduler)
    cluster = pool.submit(sleepers(batch, 100, 100, 100))
    assert pool.has(cluster, batch)
    assert not pool.has(cluster, batch.parent)
    assert not pool.has(cluster + 1000, batch)
    pool.remove(cluster, 1, reason="one is enough")
    removed = job_of(batch, 1, lambda job: job.final)
    assert (removed.phase, removed.reason[:14]) == ("removed", "one is enough ")
    assert not state_of(batch / "events.log").job(2).final
    pool.remove(cluster, reason="all of it")
    for number in (0, 2):
        assert job_of(batch, number, lambda job: job.final).reason.startswith("all of it ")
    assert not pool.has(cluster, batch)


def test_jobs_get_the_variables_of_their_line(batch: Path, scheduler: Scheduler) -> None:
    file = sleepers(batch, variable="seconds, inputs")
    file.write_text(file.read_text().replace("log =", "batch_name = $(inputs)\nlog ="))
    (batch / "groups.txt").write_text("100 a,b\n200 c\n")
    cluster = Pool(scheduler).submit(file)
    answer = subprocess.run(
        ["condor_q", "-af", "JobBatchName", "Args", "Arguments", "-constraint", f"ClusterId == {cluster}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.replace(" undefined", "") == "a,b 100\nc 200\n"


def test_a_cluster_whose_jobs_come_little_by_little_is_in_the_queue(
    batch: Path, scheduler: Scheduler
) -> None:
    pool = Pool(scheduler)
    cluster = pool.submit(sleepers(batch, 100, 100, 100, 100, hold=True, max_idle=1))
    assert pool.has(cluster, batch)
    pool.remove(cluster)
    assert not pool.has(cluster, batch)


def test_a_held_job_gets_memory_and_goes_on(batch: Path, scheduler: Scheduler) -> None:
    pool = Pool(scheduler)
    cluster = pool.submit(sleepers(batch, 100))
    subprocess.run(["condor_hold", f"{cluster}.0"], capture_output=True, check=True)
    job_of(batch, 0, lambda job: job.phase == "held")
    pool.give_memory(cluster, 0, 77)
    asked = subprocess.run(
        ["condor_q", "-af", "RequestMemory", "-constraint", f"ClusterId == {cluster}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout == "77\n"
    pool.release(cluster, 0)
    assert job_of(batch, 0, lambda job: job.phase != "held").holds == 1


def test_what_has_left_the_queue_is_no_error(batch: Path, scheduler: Scheduler) -> None:
    pool = Pool(scheduler)
    cluster = pool.submit(sleepers(batch, 100, hold=True))
    pool.remove(cluster)
    job_of(batch, 0, lambda job: job.final)
    pool.remove(cluster, 0)
    pool.remove(cluster)
    pool.release(cluster, 0)
    pool.give_memory(cluster, 0, 100)


def test_a_job_that_goes_on_already_may_be_let_go(batch: Path, scheduler: Scheduler) -> None:
    pool = Pool(scheduler)
    cluster = pool.submit(sleepers(batch, 100))
    pool.release(cluster, 0)
    assert not state_of(batch / "events.log").job(0).holds


def test_a_submit_file_that_is_none_is_refused(batch: Path, scheduler: Scheduler) -> None:
    file = sleepers(batch, 1)
    file.write_text("executable = /bin/sleep\nrequest_memory = a lot\nqueue x from groups.txt\n")
    with pytest.raises(RunError) as caught:
        Pool(scheduler, pause=0).submit(file)
    assert not isinstance(caught.value, NotReachedError)
    assert not (batch / "events.log").exists()


def test_where_both_are_the_bindings_are_used() -> None:
    assert isinstance(connect(), Bindings)
