"""Held jobs: what stopped them, and what is done about it.

HTCondor gives a number and a sentence. Sites hold for memory and time by expressions of their own,
which come under one number for policies of all kinds; then the sentence decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

__all__ = ["Answer", "Cause", "answer", "cause_of"]


class Cause(StrEnum):
    """What a job was held for."""

    MEMORY = "memory"
    TIME = "time"
    TRANSFER = "transfer"
    CODE = "code"
    USER = "user"
    UNKNOWN = "unknown"


# https://htcondor.readthedocs.io/en/latest/classad-attributes/job-classad-attributes.html#HoldReasonCode
CAUSES: Final = {
    1: Cause.USER,
    6: Cause.CODE,  # the program cannot be started
    12: Cause.TRANSFER,  # of output
    13: Cause.TRANSFER,  # of input
    14: Cause.CODE,  # the folder of the job is not there
    34: Cause.MEMORY,
    46: Cause.TIME,  # in all
    47: Cause.TIME,  # of one execution
}
POLICIES: Final = frozenset({3, 26})  # the job's own expression, and the site's
WORDS: Final = (
    (Cause.MEMORY, re.compile(r"memory|\brss\b|resident", re.IGNORECASE)),
    (Cause.TIME, re.compile(r"time|duration|too long", re.IGNORECASE)),
    (Cause.TRANSFER, re.compile(r"transfer|disk|quota", re.IGNORECASE)),
)
RELEASES: Final = 3  # of one job, for what may go away by itself


@dataclass(frozen=True)
class Answer:
    """What to do with a held job; ``memory`` in MB goes with ``more memory``."""

    action: Literal["release", "more memory", "smaller groups", "give up", "wait"]
    memory: int = 0


def cause_of(code: int, reason: str) -> Cause:
    """Return what a job was held for.

    >>> cause_of(26, "Job exceeded its wall time limit").value
    'time'
    """
    if code in POLICIES:
        return next((cause for cause, words in WORDS if words.search(reason)), Cause.UNKNOWN)
    return CAUSES.get(code, Cause.UNKNOWN)


def answer(cause: Cause, *, memory: int, largest: int, chunks: int, holds: int) -> Answer:
    """Return what to do with a held job.

    Parameters
    ----------
    cause
        What it was held for.
    memory, largest
        What it may use now, and what any job may, MB.
    chunks
        How many of its chunks are left.
    holds
        How often it was held before.
    """
    match cause:
        case Cause.USER:
            return Answer("wait")  # who held it will release it, or remove it
        case Cause.MEMORY if memory < largest:
            return Answer("more memory", min(2 * memory, largest))
        case Cause.MEMORY | Cause.TIME if chunks > 1:
            return Answer("smaller groups")
        case Cause.TRANSFER | Cause.UNKNOWN if holds < RELEASES:
            return Answer("release")
        case _:
            return Answer("give up")
