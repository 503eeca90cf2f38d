"""Process a group of chunks as a batch job: ``python -m darkbelle.jobs.worker FOLDER GROUP.json``.

A batch system starts this on some machine, perhaps several times over: after an eviction, a crash, a
machine that went away. What the journal has a receipt for is not done again, and what was begun and
never came to its end is left for the last, so that a chunk that kills its worker takes no other along.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from darkbelle.jobs.executors.base import Work
    from darkbelle.jobs.tasks import Task

__all__ = ["main", "work_on"]


def work_on(group: Path) -> None:
    """Work on all tasks of a group file that have no receipt yet.

    Raises
    ------
    RunError
        It is no group file, or of another installation.
    """
    from darkbelle.jobs.condor.batch import journal_of  # noqa: PLC0415  # see main
    from darkbelle.jobs.condor.journal import append_receipt, append_started, read_journal  # noqa: PLC0415
    from darkbelle.jobs.plan import installation  # noqa: PLC0415
    from darkbelle.jobs.tasks import read_task  # noqa: PLC0415
    from darkbelle.runfolder import read_json  # noqa: PLC0415

    content = read_json(group)
    _agree(content["installation"], installation())
    work = _work(content["work"])
    tasks = [read_task(item) for item in content["tasks"]]
    if "files" in content:
        tasks = [_here(task, group, content["files"]) for task in tasks]
    path = journal_of(group)
    journal = read_journal(path)
    todo = [task for task in tasks if task.key not in journal.receipts]
    for task in sorted(todo, key=lambda task: journal.suspicion(task.key)):
        append_started(path, task.key)
        append_receipt(path, work(task))


def _agree(driver: Mapping[str, str], here: Mapping[str, str]) -> None:
    """Raise if results would not be those that the driver takes them for."""
    from darkbelle.errors import RunError  # noqa: PLC0415  # see main

    differ = [
        f"{name} {here.get(name, 'none')} where the driver has {found}"
        for name, found in driver.items()
        if found != here.get(name)
    ]
    if differ:
        raise RunError(
            f"this job has {', '.join(differ)}; give both the same installation: the site file names its "
            "Python, or an archive that `darkbelle pack` has to make anew"
        )


def _here(task: Task, group: Path, files: Mapping[str, str]) -> Task:
    """Return a task whose file has been brought into the folder of the job, as its result will be."""
    results = group.with_suffix(".results").resolve()
    return task.moved(str(results), files.get(task.path, task.path))


def _work(name: str) -> Work:
    module, _, function = name.partition(":")
    work: Any = getattr(import_module(module), function)
    return work  # type: ignore[no-any-return]  # the driver has written a function's name


def main() -> None:
    """Work on the group that the command line names."""
    scratch = os.environ.get("_CONDOR_SCRATCH_DIR")
    if scratch:
        # numba asks for it when it is imported, hence the late imports; jobs must not share a cache:
        # it is not safe on shared folders
        os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(scratch) / "numba"))
    folder, group = sys.argv[1:]
    work_on(Path(folder) / group)


if __name__ == "__main__":
    main()
