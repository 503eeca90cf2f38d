"""What is made of the event log and the journals of a batch, written here by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from darkbelle.datasets import Dataset
from darkbelle.jobs.chunks import process_chunk
from darkbelle.jobs.condor.batch import Batch, journal_of, write_batch
from darkbelle.jobs.condor.journal import append_receipt, append_started
from darkbelle.jobs.condor.pool import Pool
from darkbelle.jobs.condor.site import Site
from darkbelle.jobs.condor.tools import Tools
from darkbelle.jobs.condor.watch import Watch
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import ChunkTask, Receipt, Task
from darkbelle.results import ChunkOutput

DATASET = Dataset(process="data", files=("a.root",), luminosity_fb=1.0)
STARTED = "001 (007.000.000) 2026-11-22 14:52:34 Job executing on host: <127.0.0.1:9618>\n...\n"
KILLED = "005 (007.000.000) 2026-11-22 14:52:36 Job terminated.\n\t(0) Abnormal termination (signal 9)\n...\n"
FINE = (
    "005 (007.000.000) 2026-11-22 14:52:36 Job terminated.\n\t(1) Normal termination (return value 0)\n...\n"
)


def tasks(count: int) -> list[Task]:
    return [
        ChunkTask(
            key=f"{i:064x}",
            run=".",
            channel="zprime_invisible",
            options={},
            seed=0,
            code="",
            name="data",
            dataset=DATASET,
            path="a.root",
            fingerprint="",
            start=10 * i,
            stop=10 * i + 10,
        )
        for i in range(count)
    ]


def watch_of(
    run: Path, chunks: int, log: str, transfer: Literal["none", "files"] = "none"
) -> tuple[Watch, Batch]:
    """Watch one job of some chunks, number 7.0."""
    site = Site(description="x", memory=1000, largest_memory=1500, transfer=transfer, inputs="mounted")
    batch = write_batch(run, process_chunk, [tasks(chunks)], site)
    batch.log.write_text(log)
    watch = Watch(batch, 7, Pool(Tools(), pause=0), site, 1000, {0: set(batch.keys(0))}, grace=0.0)
    return watch, batch


def say(batch: Batch, *, began: str, done: str = "") -> None:
    """Let the job say which chunks it began, and which it did, a digit each."""
    journal = journal_of(batch.group(0))
    for digit in began:
        append_started(journal, f"{int(digit):064x}")
        if digit in done:
            append_receipt(journal, Receipt(f"{int(digit):064x}", 10))


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands of HTCondor that note how they are called, in the file ``calls``."""
    for name in ("condor_rm", "condor_release", "condor_qedit"):
        file = tmp_path / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/calls\n')
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "calls"


def test_receipts_come_as_soon_as_they_are_written_and_once(tmp_path: Path) -> None:
    watch, batch = watch_of(tmp_path, 3, STARTED)
    say(batch, began="01", done="0")
    assert [receipt.rows for receipt in watch.poll()] == [10]
    assert list(watch.poll()) == []
    assert watch.waiting == {0: {f"{1:064x}", f"{2:064x}"}}


def test_what_a_dead_job_leaves_goes_on_in_halves_the_suspect_apart(tmp_path: Path) -> None:
    watch, batch = watch_of(tmp_path, 5, STARTED + KILLED)
    say(batch, began="01", done="0")
    assert len(list(watch.poll())) == 1
    assert [[int(task.key, 16) for task in group] for group in watch.again] == [[2, 3], [4, 1]]
    assert not watch.waiting


def test_a_chunk_that_dies_alone_is_deadly_and_has_the_last_words(tmp_path: Path) -> None:
    watch, batch = watch_of(tmp_path, 1, STARTED + KILLED)
    (batch.folder / "0.err").write_text("Fatal Python error: Aborted\nout of memory\n\n")
    say(batch, began="0")
    (lost,) = watch.poll()
    assert lost.failure is not None
    assert lost.failure.deadly
    assert "it was killed by signal 9; its last words: out of memory" in lost.failure.message


def test_a_job_that_began_nothing_is_not_split_and_its_chunks_are_not_to_blame(tmp_path: Path) -> None:
    watch, _ = watch_of(tmp_path, 3, STARTED + KILLED)
    lost = list(watch.poll())
    assert len(lost) == 3
    assert not any(receipt.failure and receipt.failure.deadly for receipt in lost)
    assert watch.again == []


def test_the_end_of_a_job_may_be_seen_before_its_last_receipt(tmp_path: Path) -> None:
    watch, batch = watch_of(tmp_path, 1, STARTED + FINE)
    watch.grace = 60.0
    say(batch, began="0")
    assert list(watch.poll()) == []
    say(batch, began="0", done="0")
    assert [receipt.failure for receipt in watch.poll()] == [None]


def test_events_of_another_cluster_in_the_log_are_not_ours(tmp_path: Path) -> None:
    watch, _ = watch_of(tmp_path, 1, STARTED + KILLED.replace("007", "008"))
    assert list(watch.poll()) == []
    assert watch.state.job(0).phase == "running"


def held(code: int, reason: str) -> str:
    return f"012 (007.000.000) 2026-11-22 14:52:36 Job was held.\n\t{reason}\n\tCode {code} Subcode 0\n...\n"


def test_a_hold_is_answered_once(tmp_path: Path, commands: Path) -> None:
    watch, _ = watch_of(tmp_path, 2, STARTED + held(34, "over the memory limit"))
    for _ in range(3):
        list(watch.poll())
    assert commands.read_text() == "condor_qedit 7.0 RequestMemory=1500\ncondor_release 7.0\n"


def test_a_single_chunk_that_no_memory_suffices_for_is_deadly(tmp_path: Path, commands: Path) -> None:
    watch, batch = watch_of(tmp_path, 1, STARTED + held(34, "over the limit"))
    list(watch.poll())
    released = "013 (007.000.000) 2026-11-22 14:52:37 Job was released.\n...\n"
    removed = "009 (007.000.000) 2026-11-22 14:52:39 Job was aborted.\n\tvia condor_rm\n...\n"
    with batch.log.open("a") as log:
        log.write(released + STARTED + held(34, "over the limit"))
    list(watch.poll())
    with batch.log.open("a") as log:
        log.write(removed)
    (lost,) = watch.poll()
    assert (
        commands.read_text().splitlines()[-1].startswith("condor_rm -reason darkbelle: it was held (memory)")
    )
    assert lost.failure is not None
    assert lost.failure.deadly
    assert "started 2 times: it was held (memory) and given up: over the limit" in lost.failure.message


def test_a_scheduler_that_refuses_is_asked_again(tmp_path: Path, commands: Path) -> None:
    watch, _ = watch_of(tmp_path, 2, STARTED + held(12, "no space for output"))
    release = commands.parent / "condor_release"
    working = release.read_text()
    release.write_text("#!/bin/sh\necho 'the schedd is busy' >&2; exit 1\n")
    list(watch.poll())
    release.write_text(working)
    list(watch.poll())
    assert commands.read_text() == "condor_release 7.0\n"


def test_a_result_that_did_not_come_back_whole_is_not_done(tmp_path: Path) -> None:
    watch, batch = watch_of(tmp_path, 2, STARTED, "files")
    say(batch, began="01", done="01")
    for key in batch.keys(0):
        batch.results(0).put(key, ChunkOutput(rows=10, events=10))
    path = batch.results(0).path(batch.keys(0)[1])
    path.write_bytes(b"damaged")
    (fine,) = watch.poll()
    assert (fine.key, fine.failure) == (batch.keys(0)[0], None)
    assert ResultStore(tmp_path).get(fine.key).output.rows == 10
    with batch.log.open("a") as log:
        log.write(FINE)
    (lost,) = watch.poll()
    assert lost.failure is not None
    assert not lost.failure.deadly
    assert "cannot be read" in lost.failure.message
    assert watch.waiting == {}
