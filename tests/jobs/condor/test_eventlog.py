"""The log of a real cluster of six jobs, one put into the queue late, two that were meddled with.

Process 0 killed itself twice by signal 9, 1 was held and released by hand, 2 was vacated, and in the end
all that were left were removed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from darkbelle.jobs.condor.eventlog import ClusterState, follow, read_events, state_of

LOG = Path(__file__).parent / "events.log"


def upto(text: str, tmp_path: Path) -> ClusterState:
    """The state after the first event that has a text."""
    whole = LOG.read_text()
    end = whole.index("...\n", whole.index(text)) + len("...\n")
    part = tmp_path / "part.log"
    part.write_text(whole[:end])
    return state_of(part)


def test_a_job_that_kills_itself_has_ended_badly_after_its_retry() -> None:
    job = state_of(LOG).job(0)
    assert (job.phase, job.reason, job.starts) == ("ended", "it was killed by signal 9", 2)


def test_an_end_that_is_retried_is_no_end(tmp_path: Path) -> None:
    job = upto("004 (002.000.000)", tmp_path).job(0)
    assert (job.phase, job.starts) == ("idle", 1)
    assert not job.final


def test_a_held_job_has_the_reason_and_the_code(tmp_path: Path) -> None:
    job = upto("012 (002.001.000)", tmp_path).job(1)
    assert (job.phase, job.reason, job.hold_code, job.holds) == (
        "held",
        "by hand (by user condortest)",
        1,
        1,
    )


def test_a_released_job_is_idle(tmp_path: Path) -> None:
    assert upto("013 (002.001.000)", tmp_path).job(1).phase == "idle"


def test_a_vacated_job_starts_again() -> None:
    assert state_of(LOG).job(2).starts == 2


def test_removed_jobs_name_who_removed_them() -> None:
    state = state_of(LOG)
    assert [state.job(i).phase for i in range(1, 6)] == ["removed"] * 5
    assert state.job(4).reason == "via condor_rm (by user condortest)"
    assert state.closed


def test_a_job_that_is_not_in_the_queue_yet_is_idle_and_never_comes_once_the_cluster_is_gone(
    tmp_path: Path,
) -> None:
    assert upto("000 (002.003.000)", tmp_path).job(5).phase == "idle"
    assert state_of(LOG).job(99).phase == "removed"


def test_a_job_that_exits_with_0_has_nothing_to_complain_of(tmp_path: Path) -> None:
    log = tmp_path / "events.log"
    log.write_text(
        "005 (007.000.000) 2026-11-22 14:52:34 Job terminated.\n"
        "\t(1) Normal termination (return value 0)\n...\n"
        "005 (007.001.000) 2026-11-22 14:52:34 Job terminated.\n"
        "\t(1) Normal termination (return value 3)\n...\n"
    )
    state = state_of(log)
    assert state.cluster == 7
    assert state.job(0).reason == ""
    assert state.job(1).reason == "it exited with code 3"


@pytest.mark.parametrize("size", [1, 100, 1000])
def test_a_log_that_is_being_written_is_read_in_pieces_to_the_same_end(size: int, tmp_path: Path) -> None:
    content = LOG.read_bytes()
    log = tmp_path / "events.log"
    state, offset = ClusterState(None, {}), 0
    for end in range(0, len(content) + size, size * 7):
        log.write_bytes(content[:end])
        events, offset = read_events(log, offset)
        state = follow(state, events)
    log.write_bytes(content)
    state = follow(state, read_events(log, offset)[0])
    assert state == state_of(LOG)


def test_no_log_is_no_cluster(tmp_path: Path) -> None:
    assert state_of(tmp_path / "none.log").cluster is None


def test_an_eviction_that_is_logged_after_its_hold_does_not_end_the_hold(tmp_path: Path) -> None:
    log = tmp_path / "events.log"
    log.write_text(
        "012 (007.000.000) 2026-11-22 14:52:34 Job was held.\n\tno memory left\n\tCode 34 Subcode 0\n...\n"
        "004 (007.000.000) 2026-11-22 14:52:34 Job was evicted.\n\t(0) CPU times\n...\n"
    )
    assert state_of(log).job(0).phase == "held"
