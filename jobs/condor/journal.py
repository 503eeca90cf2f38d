"""The journal of a batch job: which chunks it began, and their receipts, a line of JSON each.

A worker that is killed has no time to say on what it was working, so it says so before. A line is
appended at once and the file closed, so that it can be read from another machine; a line that was cut
by a crash, or torn on a shared folder, counts as not written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from darkbelle.jobs.tasks import Failure, Receipt

__all__ = ["Journal", "append_receipt", "append_started", "read_journal"]


@dataclass(frozen=True)
class Journal:
    """What a job has said so far: how often it began each chunk, and the last receipt of each."""

    started: dict[str, int]
    receipts: dict[str, Receipt]

    def suspicion(self, key: str) -> int:
        """Return how often a chunk was begun without coming to its end, as one that kills its worker is."""
        return 0 if key in self.receipts else self.started.get(key, 0)


def append_started(path: Path, key: str) -> None:
    """Say that a chunk is begun."""
    _append(path, {"started": key})


def append_receipt(path: Path, receipt: Receipt) -> None:
    """Say what became of a chunk."""
    _append(path, {"receipt": asdict(receipt)})


def read_journal(path: Path) -> Journal:
    """Return what a job has said so far; nothing, if it has not begun."""
    started: dict[str, int] = {}
    receipts: dict[str, Receipt] = {}
    for line in _lines(path):
        if "started" in line:
            started[line["started"]] = started.get(line["started"], 0) + 1
        elif "receipt" in line:
            receipt = _receipt(line["receipt"])
            receipts[receipt.key] = receipt
    return Journal(started, receipts)


def _append(path: Path, line: dict[str, Any]) -> None:
    # the line break comes first as well: what an earlier worker left unfinished must not spoil this line
    content = b"\n" + json.dumps(line).encode("ascii") + b"\n"
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    for line in content.splitlines():
        try:
            item = json.loads(line)
        except ValueError:
            continue
        if isinstance(item, dict):
            yield item


def _receipt(item: dict[str, Any]) -> Receipt:
    failure = item["failure"]
    if failure is not None:
        failure = Failure(**{**failure, "notes": tuple(failure["notes"])})
    return Receipt(item["key"], item["rows"], item["seconds"], failure)
