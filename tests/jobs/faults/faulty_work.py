"""Work that suffers what a schedule says, for real: errors are raised, processes die, files are cut short."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

from darkbelle.jobs.attempts import attempt
from darkbelle.jobs.chunks import process_and_store
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import ChunkTask, Receipt

SCHEDULE = "schedule.json"
LEDGER = "suffered"


def process_with_faults(task: ChunkTask) -> Receipt:
    """Process a chunk as `process_chunk` does, with the faults that the schedule has for it."""
    return attempt(task, lambda: _suffer_and_process(task), f"{task}", pause=0.005)


def _suffer_and_process(task: ChunkTask) -> int:
    schedule = json.loads((Path(task.run).parent / SCHEDULE).read_text())
    mine = [
        (number, fault)
        for number, fault in enumerate(schedule["faults"])
        if fault["file"] == Path(task.path).name and task.start <= fault["row"] < task.stop
    ]
    for number, fault in mine:
        if not fault["late"] and _due(task, number, fault):
            _suffer(fault, task, schedule)
    rows = process_and_store(task)
    for number, fault in mine:
        if fault["late"] and _due(task, number, fault):
            _suffer(fault, task, schedule)
    return rows


def _due(task: ChunkTask, number: int, fault: dict[str, Any]) -> bool:
    """Whether a fault is to happen once more; what has happened is on disk, since processes die."""
    if fault["times"] is None:
        return True
    for time_ in range(fault["times"]):
        try:
            os.close(os.open(Path(task.run).parent / LEDGER / f"{number}-{time_}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        return True
    return False


def _suffer(fault: dict[str, Any], task: ChunkTask, schedule: dict[str, Any]) -> None:
    match fault["kind"]:
        case "OSError":
            raise OSError(fault["errno"], os.strerror(fault["errno"]), task.path)
        case "exception":
            np.zeros(3)[fault["row"] + 3]
        case "memory":
            np.zeros(2**50)  # 8 PB
        case "exit":
            os._exit(3)
        case "kill worker":
            os.kill(os.getpid(), signal.SIGKILL)
        case "kill driver":
            os.kill(os.getpid() if schedule["workers"] == 1 else os.getppid(), signal.SIGKILL)
        case "stall":
            time.sleep(3600)
        case "truncate ntuple":
            os.truncate(task.path, Path(task.path).stat().st_size // 2)
        case "damage result":
            path = ResultStore(task.run).path(task.key)
            os.truncate(path, path.stat().st_size // 2)
        case other:
            raise NotImplementedError(other)
