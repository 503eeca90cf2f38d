"""Drivers as processes: ``python fault_driver.py`` imports all there is, and then forks one a request.

A request is a line of JSON on stdin, the answer a line with the exit codes on stdout. Starting an
interpreter and importing takes seconds, a fork takes milliseconds, and to be killed is the same for both.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkbelle.errors import DarkbelleError
from darkbelle.jobs.chunks import process_rows
from darkbelle.jobs.commands.run import show_report
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.plan import load_plan
from darkbelle.jobs.run import run
from darkbelle.jobs.tasks import Receipt, Task

process_with_faults: Work = importlib.import_module("faulty_work").process_with_faults  # it lies beside this


@dataclass(frozen=True)
class Faulty(Executor):
    """Another executor that does work with faults, some tasks twice, and hands in receipts twice."""

    executor: Executor
    task_copies: int
    receipt_copies: int

    def receipts(self, work: Work, tasks: Iterable[Task]) -> Generator[Receipt, None, None]:  # noqa: ARG002
        copies = (task for task in tasks for _ in range(self.task_copies))
        for receipt in self.executor.receipts(process_with_faults, copies):
            for _ in range(self.receipt_copies):
                yield receipt


def drive(folder: Path, schedule: dict[str, Any], answer: Path) -> None:
    """Be ``darkbelle run FOLDER --json``: its answer, messages and exit code."""
    os.dup2(os.open(answer, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644), 1)
    os.dup2(os.open(answer.with_suffix(".err"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644), 2)
    if schedule["clock"] == "backward":
        os.environ["BACKWARD_CLOCK"] = str(
            int(time.time())
        )  # backward_clock.c looks at it, if it is preloaded
    limit = schedule["chunk_timeout"]
    local = LocalExecutor(schedule["workers"], chunk_timeout=limit, start_method="fork")
    try:
        report = run(folder, Faulty(local, schedule["task_copies"], schedule["receipt_copies"]))
        show_report(folder, report, json_output=True, allow_loss=False)
    except DarkbelleError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        raise SystemExit(1) from error


def forked(folder: Path, schedule: dict[str, Any], answer: Path) -> int:
    """Return the process of a driver."""
    child = os.fork()
    if child:
        return child
    code = 70  # an error that is not one of ours
    try:
        drive(folder, schedule, answer)
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.stdout.flush()
        os._exit(code)


def main() -> None:
    """Answer requests until there are no more."""
    warm = Path(sys.argv[1])
    plan = load_plan(warm)
    for name in plan.datasets:
        process_rows(plan.task(next(plan.chunks(name)), warm))
    for line in sys.stdin:
        request = json.loads(line)
        folder = Path(request["folder"])
        schedule = json.loads((folder.parent / "schedule.json").read_text())
        drivers = [
            forked(folder, schedule, folder.parent / f"answer-{number}.json")
            for number in range(request["drivers"])
        ]
        if request["kill_after"] is not None:
            time.sleep(request["kill_after"])
            for driver in drivers:
                os.kill(driver, signal.SIGKILL)
        codes = [os.waitstatus_to_exitcode(os.waitpid(driver, 0)[1]) for driver in drivers]
        sys.stdout.write(json.dumps(codes) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
