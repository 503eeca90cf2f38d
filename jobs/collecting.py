"""Give tasks to an executor, and see from receipts and store what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing

from darkbelle.errors import DiskFullError, RunError
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

    ``rows`` says by key what each task must account for. A second receipt of a task does no harm, since
    its result is in the store once; if one of them is good, so is the task.

    Raises
    ------
    RunError
        The executor has no workers, or gives no receipt for a task, or one for another.
    DiskFullError
        The folder of the store has no room for a result: it will not have any for the others.
    """
    if not rows:
        return {}
    waiting = set(rows)
    failures: dict[str, Failure] = {}
    with (
        progress("processing", len(rows)) as advance,
        closing(executor.receipts(work, tasks)) as receipts,
    ):
        for receipt in receipts:
            if receipt.key not in rows:
                raise RunError(
                    f"the executor gave a receipt for task {receipt.key[:12]}, which it was not given; "
                    "what is done is kept: run again"
                )
            again = receipt.key not in waiting
            waiting.discard(receipt.key)
            failure = receipt.failure or _disagreement(store, rows[receipt.key], receipt)
            if receipt.failure is not None and store.holds(receipt.key):
                failure = None  # its worker died, or was cut off, when it had done its work
            if failure is None:
                failures.pop(receipt.key, None)
            elif not again:
                _stop_if_full(store, failure)
                failures[receipt.key] = failure
                store.put_failure(receipt.key, failure)
            advance(0 if again else 1)
    if waiting:
        raise RunError(
            f"the executor gave no receipt for {len(waiting)} of {len(rows)} tasks; what is done is kept: "
            "run again"
        )
    return failures


def _stop_if_full(store: ResultStore, failure: Failure) -> None:
    """Raise if a worker had no room in our store; a full disk of its own is only its own matter."""
    if failure.type == DiskFullError.__name__ and str(store.run.resolve()) in failure.message:
        raise DiskFullError(failure.message)


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
