from __future__ import annotations

import errno
import json

import pytest

from darkbelle.datasets import Dataset
from darkbelle.errors import RunError, UnreadableFileError
from darkbelle.jobs.tasks import ChunkTask, Failure, ToyTask, is_transient, read_task


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (OSError(errno.EIO, "Input/output error"), True),
        (OSError(errno.ESTALE, "Stale file handle"), True),
        (TimeoutError("slow"), True),
        (ConnectionResetError("gone"), True),
        (FileNotFoundError(errno.ENOENT, "No such file"), False),
        (PermissionError(errno.EACCES, "Permission denied"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (UnreadableFileError("truncated"), False),
        (RunError("no"), False),
        (ValueError("no"), False),
    ],
)
def test_errors_of_storage_that_may_go_away_are_transient(error: Exception, transient: bool) -> None:
    assert is_transient(error) is transient


def unreadable(cause: OSError) -> None:
    raise UnreadableFileError("cannot read branch 'px'") from cause


def test_an_error_caused_by_a_transient_one_is_transient() -> None:
    with pytest.raises(UnreadableFileError) as raised:
        unreadable(OSError(errno.EIO, "Input/output error"))
    assert is_transient(raised.value)


def test_a_failure_keeps_message_notes_and_traceback() -> None:
    with pytest.raises(UnreadableFileError) as raised:
        unreadable(OSError(errno.ENOENT, "No such file"))
    raised.value.add_note("in dataset 'mumu'")
    failure = Failure.of(raised.value)
    assert failure.kind == "permanent"
    assert failure.reason == "UnreadableFileError: cannot read branch 'px'"
    assert failure.notes == ("in dataset 'mumu'",)
    assert "test_tasks.py" in failure.traceback


def test_tasks_of_every_kind_come_back_from_json() -> None:
    toys = ToyTask(
        key="a", run="b", code="c", path="d.json.gz", recipe="d" * 64, label="toys", start=10, stop=25
    )
    chunk = ChunkTask(
        key="a",
        run="b",
        code="c",
        channel="zprime_invisible",
        options={},
        seed=1,
        name="data",
        dataset=Dataset(process="data", files=("a.root",), luminosity_fb=1.0),
        path="a.root",
        fingerprint="",
        start=0,
        stop=7,
    )
    for task, rows in ((toys, 15), (chunk, 7)):
        again = read_task(json.loads(task.model_dump_json()))
        assert again == task
        assert again.rows == rows
        there = again.moved("elsewhere", "e.root")
        assert (there.run, there.path, there.key) == ("elsewhere", "e.root", "a")
    assert chunk.moved("elsewhere", "e.root").dataset.files == ("e.root",)
    assert str(toys) == "toys, 10 to 25 of recipe dddddddddddd"
