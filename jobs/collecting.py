"""Give tasks to an executor, and see from receipts and store what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing

from darkbelle.errors import RunError
from darkbelle.jobs.executors.base import Executor, Work
from darkbelle.jobs.progress import Progress
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Failure, Receipt, Task

__all__ = ["collect"]


def collect(
    work: Work,
    tasks: Iterable[Task],
    rows: Mapping[str, int],
    store: ResultStore,
    executor: Executor,
    progress: Progress,
) -> dict[str, Failure]:
    """Have tasks done, and return by key why some were not; the store keeps the reasons, too.

    ``rows`` says by key what each task must account for.

    Raises
    ------
    RunError
        The executor has no workers, or gives no receipt for a task.
    """
    if not rows:
        return {}
    waiting = dict(rows)
    failures: dict[str, Failure] = {}
    with (
        progress("processing", len(rows)) as advance,
        closing(executor.receipts(work, tasks)) as receipts,
    ):
        for receipt in receipts:
            planned = waiting.pop(receipt.key)
            failure = receipt.failure or _disagreement(store, planned, receipt)
            if failure is not None:
                failures[receipt.key] = failure
                store.put_failure(receipt.key, failure)
            advance(1)
    if waiting:
        raise RunError(
            f"the executor gave no receipt for {len(waiting)} of {len(rows)} tasks; what is done is kept: "
            "run again"
        )
    return failures


def _disagreement(store: ResultStore, rows: int, receipt: Receipt) -> Failure | None:
    """Return what is wrong with a receipt that says that all went well."""
    if receipt.rows != rows:
        return Failure("permanent", "RunError", f"{receipt.rows} rows processed, {rows} planned")
    if not store.path(receipt.key).exists():
        return Failure(
            "permanent",
            "StoreError",
            f"the worker has written {store.path(receipt.key)}, but it is not seen from here; put the run "
            "folder on a file system that workers share",
        )
    return None
