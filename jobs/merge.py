"""Merge the results of all chunks, each exactly once, in the order of the plan.

The order is fixed and nothing that describes how the run was done goes into the products, so they
are the same bytes for any executor, number of workers, order of execution and size of chunks.
Memory holds one running sum, and the chunk being added.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from darkbelle.errors import DuplicateEventsError, IncompleteRunError
from darkbelle.jobs.columns import column_files
from darkbelle.jobs.plan import Chunk, Plan, PlannedDataset, Quarantined
from darkbelle.jobs.progress import Advance, Progress, silent
from darkbelle.jobs.shared_events import Part, Shared, common_scope, repeated_events, shared_with_earlier
from darkbelle.jobs.store import ResultStore
from darkbelle.ntuple.keys import Integers
from darkbelle.ntuple.spans import meeting
from darkbelle.provenance import provenance
from darkbelle.results import ChunkOutput, encode_output
from darkbelle.runfolder import (
    COLUMNS,
    CUTFLOW,
    HISTOGRAMS,
    PROVENANCE,
    RESULT,
    SCHEMA,
    canonical_json,
    write_bytes,
    write_json,
)
from darkbelle.running_sum import RunningSum

__all__ = ["Account", "merge", "remove_products"]

SHOWN: Final = 10  # chunks that share events with others


@dataclass(frozen=True)
class Account:
    """Rows of one dataset: planned = processed + quarantined, or the run is not complete."""

    planned: int
    processed: int
    quarantined: int

    @property
    def missing(self) -> int:
        """Rows that are neither processed nor given up."""
        return self.planned - self.processed - self.quarantined


def remove_products(run: Path) -> None:
    """Remove what `merge` writes, so that nobody takes an earlier run's results for this one's."""
    for name in (RESULT, HISTOGRAMS, CUTFLOW):
        (run / name).unlink(missing_ok=True)
    for path in (run / COLUMNS).glob("*.parquet"):
        path.unlink()


def merge(
    run: Path, plan: Plan, given_up: Sequence[Quarantined] = (), progress: Progress = silent
) -> dict[str, Account]:
    """Merge the chunks of a run into its products, and return the account of rows by dataset.

    Parameters
    ----------
    run, plan
        The run folder and its plan.
    given_up
        Chunks to leave out, beside what the plan has quarantined.

    Raises
    ------
    StoreError
        A chunk is missing from the store, or damaged.
    IncompleteRunError
        The rows do not add up.
    DuplicateEventsError
        Two chunks have an event in common.
    """
    lost = (*plan.quarantined, *given_up)
    skipped = {(item.dataset, item.path, item.start) for item in given_up}
    outputs: dict[str, dict[str, Any]] = {}
    accounts: dict[str, Account] = {}
    spans: dict[str, list[Integers]] = {}
    remove_products(run)

    def merged(name: str) -> Iterator[Chunk]:
        return (c for c in plan.chunks(name) if (name, c.file.path, c.start) not in skipped)

    with progress("merging", plan.count_chunks()) as advance:
        for name in sorted(plan.datasets):
            total, spans[name] = _total(run, name, merged(name), advance)
            accounts[name] = _account(name, plan.datasets[name], total.rows, lost)
            outputs[name] = encode_output(total)
    if not plan.events_checked:
        _check_events(plan, spans, merged, progress)
    checksums = {
        HISTOGRAMS: _write(run / HISTOGRAMS, {"histograms": _parts(outputs, "histograms")}),
        CUTFLOW: _write(run / CUTFLOW, {"cutflows": _parts(outputs, "cutflows")}),
    }
    write_json(
        run / PROVENANCE, {"schema": SCHEMA, **provenance(plan=plan.digest, chunk_rows=plan.chunk_rows)}
    )
    result = {
        "channel": plan.channel,
        "processor": plan.options,
        "inputs": plan.inputs,
        "datasets": {
            name: _summary(plan.datasets[name], accounts[name], output) for name, output in outputs.items()
        },
        "quarantined": [item.model_dump(mode="json") for item in sorted(lost, key=_place)],
        "checksums": checksums,
    }
    _write(run / RESULT, result)  # last: with it the products are complete
    return accounts


def _total(
    run: Path, name: str, chunks: Iterable[Chunk], advance: Advance
) -> tuple[ChunkOutput, list[Integers]]:
    """Return the sum over some chunks, and the spans of the events of each."""
    store = ResultStore(run)
    total = RunningSum()
    spans = []
    with column_files(run / COLUMNS, name) as columns:
        for chunk in chunks:
            stored = store.get(chunk.key)
            total.add(stored.encoded)
            spans.append(stored.spans)
            for region, part in sorted(stored.columns.items()):
                columns.append(region, part)
            advance(1)
    return total.total, spans


def _check_events(
    plan: Plan,
    spans: Mapping[str, list[Integers]],
    chunks: Callable[[str], Iterator[Chunk]],
    progress: Progress,
) -> None:
    """Raise if chunks have an event in common; the keys are read of those only whose spans meet."""
    scopes: dict[str, list[str]] = defaultdict(list)
    for name in spans:
        scopes[common_scope(name, plan.datasets[name].metadata)].append(name)
    for names in scopes.values():
        groups = meeting([part for name in names for part in spans[name]])
        if groups:
            parts = [plan.part(chunk) for name in names for chunk in chunks(name)]
            for repeats in repeated_events(parts, groups, progress):
                if len(repeats.owner):
                    raise _shared(parts, shared_with_earlier([repeats]))


def _shared(parts: Sequence[Part], found: Sequence[Shared]) -> DuplicateEventsError:
    lines = [
        f"  {parts[item.owner].dataset}: {parts[item.owner]} has {item.events} events in common with "
        f"{parts[item.other]}, such as {item.example}"
        for item in found[:SHOWN]
    ]
    if len(found) > SHOWN:
        lines.append(f"  … and {len(found) - SHOWN} chunks more")
    return DuplicateEventsError(
        "events stand twice, so nothing was merged:\n"
        + "\n".join(lines)
        + "\nif a job ran twice, list one of its files; plan again with --check-events to see all such "
        "files, or with --quarantine to leave them out: what is done of the others is kept"
    )


def _account(name: str, dataset: PlannedDataset, processed: int, lost: Sequence[Quarantined]) -> Account:
    before = sum(item.rows for item in lost if item.dataset == name and item.start is None)
    during = sum(item.rows for item in lost if item.dataset == name and item.start is not None)
    account = Account(dataset.rows + before, processed, before + during)
    if account.missing:
        raise IncompleteRunError(
            f"dataset {name!r}: {account.planned} rows planned, but {account.processed} processed and "
            f"{account.quarantined} quarantined; this should not happen: run `darkbelle verify`"
        )
    return account


def _summary(dataset: PlannedDataset, account: Account, output: dict[str, Any]) -> dict[str, Any]:
    names = tuple(Path(file).name for file in dataset.metadata.files)
    return {
        "metadata": dataset.metadata.model_copy(update={"files": names}).model_dump(mode="json"),
        "rows": {
            "planned": account.planned,
            "processed": account.processed,
            "quarantined": account.quarantined,
        },
        "events": output["events"],
        "counts": output["counts"],
    }


def _parts(outputs: dict[str, dict[str, Any]], part: str) -> dict[str, Any]:
    return {name: output[part] for name, output in outputs.items()}


def _place(item: Quarantined) -> tuple[str, str, int]:
    return item.dataset, item.path, item.start or 0


def _write(path: Path, content: dict[str, Any]) -> str:
    body = canonical_json({"schema": SCHEMA, **content}) + b"\n"
    write_bytes(path, body)
    return hashlib.sha256(body).hexdigest()
