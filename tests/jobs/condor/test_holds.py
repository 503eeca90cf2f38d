from __future__ import annotations

import pytest

from darkbelle.jobs.condor.holds import Answer, Cause, answer, cause_of


@pytest.mark.parametrize(
    ("code", "reason", "cause"),
    [
        (1, "via condor_hold (by user alice)", Cause.USER),
        (34, "Error from slot1@n: Job has gone over cgroup memory limit of 2048 megabytes", Cause.MEMORY),
        (26, "Job used more resident set than it asked for", Cause.MEMORY),
        (3, "memory exceeded", Cause.MEMORY),
        (26, "The job exceeded its wall time limit", Cause.TIME),
        (46, "The job exceeded allowed job duration of 0:20:00", Cause.TIME),
        (47, "The job exceeded allowed execute duration of 3:00:00", Cause.TIME),
        (12, "Transfer output files failure", Cause.TRANSFER),
        (13, "Transfer input files failure", Cause.TRANSFER),
        (6, "Failed to execute '/no/python': No such file or directory", Cause.CODE),
        (14, "Cannot access initial working directory /gone", Cause.CODE),
        (3, "The job attribute PeriodicHold expression 'x > 1' evaluated to TRUE", Cause.UNKNOWN),
        (999, "memory of a number that we do not know", Cause.UNKNOWN),
    ],
)
def test_a_hold_has_a_cause(code: int, reason: str, cause: Cause) -> None:
    assert cause_of(code, reason) is cause


def act(cause: Cause, *, memory: int = 1000, chunks: int = 4, holds: int = 0) -> Answer:
    return answer(cause, memory=memory, largest=3000, chunks=chunks, holds=holds)


def test_memory_is_doubled_up_to_the_largest_then_groups_get_smaller_then_it_is_given_up() -> None:
    assert act(Cause.MEMORY, memory=1000) == Answer("more memory", 2000)
    assert act(Cause.MEMORY, memory=2000) == Answer("more memory", 3000)
    assert act(Cause.MEMORY, memory=3000, chunks=2) == Answer("smaller groups")
    assert act(Cause.MEMORY, memory=3000, chunks=1) == Answer("give up")


def test_what_takes_too_long_goes_on_in_smaller_groups_down_to_one_chunk() -> None:
    assert act(Cause.TIME, chunks=2) == Answer("smaller groups")
    assert act(Cause.TIME, chunks=1) == Answer("give up")


def test_transfers_are_tried_three_times_again() -> None:
    actions = [act(Cause.TRANSFER, holds=holds).action for holds in range(5)]
    assert actions == ["release", "release", "release", "give up", "give up"]


def test_code_is_not_tried_again_and_a_person_is_waited_for() -> None:
    assert act(Cause.CODE).action == "give up"
    assert act(Cause.USER, holds=9).action == "wait"
