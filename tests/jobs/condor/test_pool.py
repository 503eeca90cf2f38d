"""How the commands of HTCondor are called, on scripts of these names that behave as the real ones do."""

from __future__ import annotations

from pathlib import Path

import pytest

from darkbelle.errors import RunError
from darkbelle.jobs.condor.pool import Pool, connect
from darkbelle.jobs.condor.tools import Tools


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of commands; each call of one is a line of ``calls``."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def command(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f'#!/bin/sh\necho "$0 $*" >> {folder}/calls\n{script}\n')
    file.chmod(0o755)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().replace(f"{folder}/", "").splitlines()


def test_the_number_of_the_cluster_is_read_and_the_folder_is_that_of_the_batch(commands: Path) -> None:
    command(commands, "condor_submit", '[ -f "$2" ] && echo "17.0 - 17.4"')
    folder = commands / "batch"
    folder.mkdir()
    (folder / "batch.sub").touch()
    assert Pool(Tools()).submit(folder / "batch.sub") == 17
    assert calls(commands) == ["condor_submit -terse batch.sub"]


def test_a_refused_submit_file_is_an_error_with_what_was_said(commands: Path) -> None:
    command(commands, "condor_submit", 'echo "ERROR: on Line 3" >&2; exit 1')
    with pytest.raises(RunError, match=r"condor_submit -terse batch\.sub failed: ERROR: on Line 3"):
        Pool(Tools(), pause=0).submit(commands / "batch.sub")
    assert len(calls(commands)) == 1


def test_a_scheduler_that_is_not_reached_is_tried_again(commands: Path) -> None:
    command(
        commands,
        "condor_release",
        f'[ $(wc -l < {commands}/calls) -ge 3 ] || {{ echo "Can\'t connect to queue manager"; exit 1; }}',
    )
    Pool(Tools(), pause=0).release(4, 2)
    assert calls(commands) == ["condor_release 4.2"] * 3


def test_a_job_that_has_left_the_queue_is_no_error(commands: Path) -> None:
    command(commands, "condor_rm", 'echo "Job 4.2 not found"; exit 1')
    command(commands, "condor_q", "")
    Pool(Tools(), pause=0).remove(4, 2, reason="enough")
    assert calls(commands)[0] == "condor_rm -reason enough 4.2"


def test_another_refusal_is_an_error(commands: Path) -> None:
    command(commands, "condor_rm", 'echo "Permission denied"; exit 1')
    command(commands, "condor_q", "echo /data/run/condor/batch-0001")
    with pytest.raises(RunError, match="condor_rm -reason enough 4 failed: Permission denied"):
        Pool(Tools(), pause=0).remove(4, reason="enough")


def test_a_job_that_was_let_go_by_somebody_else_is_no_error(commands: Path) -> None:
    command(commands, "condor_release", 'echo "Job 4.2 not held to be released"; exit 1')
    Pool(Tools(), pause=0).release(4, 2)
    assert calls(commands) == ["condor_release 4.2"]


def test_a_command_that_hangs_is_given_up(commands: Path) -> None:
    command(commands, "condor_qedit", "exec sleep 20")
    command(commands, "condor_q", "echo /data/run/condor/batch-0001")
    with pytest.raises(RunError, match=r"has not answered within 0\.2 s"):
        Pool(Tools(patience=0.2)).give_memory(4, 2, 1000)


def test_a_cluster_of_the_same_number_and_another_folder_is_not_ours(commands: Path) -> None:
    command(commands, "condor_q", "echo /data/other/condor/batch-0001")
    assert not Pool(Tools()).has(4, Path("/data/run/condor/batch-0001"))
    assert Pool(Tools()).has(4, Path("/data/other/condor/batch-0001"))


def test_without_a_scheduler_for_the_bindings_the_tools_are_used(
    commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONDOR_CONFIG", raising=False)
    command(commands, "condor_submit", "")
    assert connect() == Tools()


def test_without_bindings_and_tools_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONDOR_CONFIG", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RunError, match=r"condor_submit is not on the PATH, and the bindings .*; log in to"):
        connect()
