"""Process a share of a plan, for batch systems that darkbelle only writes files for.

``python -m darkbelle.jobs.share RUN 3 12`` does the third of twelve shares: every twelfth chunk, without
those whose results are there. Shares need not know of each other, and `darkbelle merge` comes after them.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

from darkbelle.errors import RunError
from darkbelle.jobs.chunks import process_chunk
from darkbelle.jobs.plan import load_plan
from darkbelle.jobs.store import ResultStore

__all__ = ["main", "process_share"]


def process_share(run: Path, number: int, shares: int) -> list[str]:
    """Process what is missing of one of so many shares, counted from 1; return what failed, and why.

    Raises
    ------
    RunError
        There is no such share, or no plan.
    """
    if not 1 <= number <= shares:
        raise RunError(f"there is no share {number} of {shares}; they are counted from 1 to {shares}")
    store, plan, failed = ResultStore(run), load_plan(run), []
    for chunk in islice(plan.chunks(), number - 1, None, shares):
        if store.path(chunk.key).exists():
            continue
        failure = process_chunk(plan.task(chunk, run)).failure
        if failure is not None:
            store.put_failure(chunk.key, failure)
            failed.append(f"{chunk}: {failure.reason}")
    return failed


def main() -> None:
    """Process the share that the command line names; exit with 1 if anything failed."""
    run, number, shares = sys.argv[1:]
    failed = process_share(Path(run), int(number), int(shares))
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
