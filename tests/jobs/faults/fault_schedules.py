"""Random schedules of faults: the same seed is the same schedule."""

from __future__ import annotations

import errno
import random
from typing import Any

FILES = ("a.root", "b.root", "c.root")

TRANSIENT = (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNRESET)
PERMANENT = (errno.EACCES, errno.ENOENT, errno.EISDIR)

# what happens to the run folder between two drivers
BETWEEN = (
    "flip a bit",
    "half a result",
    "empty result",
    "remove a result",
    "swap two results",
    "leftover of a write",
    "half a failure",
    "other times",
    "straggler",
)


def schedule(seed: int, rows: dict[str, int]) -> dict[str, Any]:
    """Return a schedule; ``rows`` are those of each file."""
    rng = random.Random(seed)  # noqa: S311  # nothing secret
    workers = rng.choice([1, 2])
    faults = [_fault(rng, rows, workers) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4]))]
    stalls = any(fault["kind"] == "stall" for fault in faults)
    return {
        "seed": seed,
        "workers": workers,
        "chunk_rows": rng.choice([25, 40, 60, 1000]),
        "chunk_timeout": 2.0 if stalls else (None if workers == 1 else 60.0),
        "task_copies": rng.choice([1, 1, 1, 2]),
        "receipt_copies": rng.choice([1, 1, 1, 2]),
        "faults": faults,
        "truncated_before_planning": rng.choice([None] * 7 + [rng.choice(FILES)]),
        "steps": [_step(rng) for _ in range(rng.choice([0, 1, 1, 2]))],
        "clock": rng.choice(["true", "true", "backward"]),  # where there is a compiler, see test_clock.py
    }


def _fault(rng: random.Random, rows: dict[str, int], workers: int) -> dict[str, Any]:
    """Return something that happens when a row is processed, so many times, or always if None."""
    kinds = {
        "transient": 4,
        "permanent": 3,
        "exception": 3,
        "memory": 2,
        "kill driver": 3,
        "truncate ntuple": 1,
        "damage result": 2,
        "exit": 3 if workers == 2 else 0,  # it would be the driver's
        "kill worker": 2 if workers == 2 else 0,
        "stall": 0.3 if workers == 2 else 0,
    }
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    file = rng.choice(FILES)
    fault = {"kind": kind, "file": file, "row": rng.randrange(rows[file]), "late": False}
    fault["times"] = rng.choice([1, 2, 3])
    if kind in ("transient", "permanent"):
        fault |= {"kind": "OSError", "errno": rng.choice(TRANSIENT if kind == "transient" else PERMANENT)}
    if kind in ("transient", "permanent", "exception", "memory", "exit", "kill worker"):
        fault["times"] = rng.choice([1, 1, 2, 3, 5, None])
    if kind in ("stall", "truncate ntuple"):
        fault["times"] = 1
    if kind in ("exit", "kill worker", "kill driver", "permanent"):
        fault["late"] = rng.random() < 0.3  # after the result is stored, before the receipt
    return fault | {"late": fault["late"] or kind == "damage result"}


def _step(rng: random.Random) -> dict[str, Any]:
    """Return how a driver is started, and what happens to the folder when it has ended."""
    then = rng.sample(BETWEEN, rng.choice([0, 1, 2]))
    return {
        "drivers": rng.choice([1, 1, 1, 2]),
        "kill_after": rng.choice([None, None, rng.uniform(0.0, 0.4)]),
        "then": [*then, "truncate ntuple"] if rng.random() < 0.05 else then,
        "which": rng.randrange(10**6),
    }
