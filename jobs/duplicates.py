"""Find rows that would be counted twice: files listed twice, and events that two files have.

Data of all datasets are one set of collisions, so no event may stand in two of them. Simulation is
checked within each dataset: two samples may well share event numbers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.datasets import Dataset
from darkbelle.jobs.inspection import InspectedFile
from darkbelle.jobs.plan import Quarantined
from darkbelle.ntuple.keys import event_keys

__all__ = ["repeated_rows"]

EVENTS_AT_A_TIME: Final = 30_000_000  # some 1 GB while they are sorted


def repeated_rows(
    files: Sequence[InspectedFile], datasets: Mapping[str, Dataset]
) -> tuple[list[InspectedFile], list[Quarantined]]:
    """Divide files into those to read, and those whose rows stand in an earlier one.

    Of two files that share an event, the first in the order given is read.
    """
    scopes: dict[str, list[InspectedFile]] = defaultdict(list)
    for file in files:
        scopes["data" if datasets[file.dataset].is_data else f"simulation {file.dataset}"].append(file)
    bad: dict[int, Quarantined] = {}
    for members in scopes.values():
        bad |= _same_content(members)
        different = [file for file in members if id(file) not in bad]
        for cluster in _overlapping(different):
            bad |= _shared_events(cluster, datasets)
    return [file for file in files if id(file) not in bad], list(bad.values())


def _same_content(files: Iterable[InspectedFile]) -> dict[int, Quarantined]:
    """Return the files that are copies of an earlier one, or listed twice."""
    first: dict[tuple[str, str], InspectedFile] = {}
    bad = {}
    for file in files:
        original = first.setdefault((file.planned.fingerprint, file.planned.uuid), file)
        if original is not file:
            path, other = file.planned.path, original.planned.path
            what = "is listed twice, first" if path == other else f"is a copy of {other}, which is"
            bad[id(file)] = Quarantined(
                dataset=file.dataset,
                path=path,
                kind="duplicate",
                reason=f"{path} {what} in dataset {original.dataset!r}; list it once",
                rows=0,  # all of them are read from the first
            )
    return bad


def _overlapping(files: Sequence[InspectedFile]) -> list[list[InspectedFile]]:
    """Return groups of two and more files whose spans of events meet; all others share no event."""
    spans = sorted((span, i) for i, file in enumerate(files) for span in file.spans)
    parent = list(range(len(files)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for _, group in groupby(spans, key=lambda item: item[0][:3]):
        last, owner = -1, -1
        for span, i in group:
            if span.first <= last:
                parent[root(i)] = root(owner)
            if span.last > last:
                last, owner = span.last, i
    clusters: dict[int, list[InspectedFile]] = defaultdict(list)
    for i, file in enumerate(files):
        clusters[root(i)].append(file)
    return [cluster for cluster in clusters.values() if len(cluster) > 1]


class _Repeats(NamedTuple):
    """Events that stand more than once in a cluster of files, one entry a file that has them."""

    keys: NDArray[np.int64]  # shape (n, 4): experiment, run, event, production
    rows: NDArray[np.int64]
    owner: NDArray[np.int64]


def _shared_events(files: Sequence[InspectedFile], datasets: Mapping[str, Dataset]) -> dict[int, Quarantined]:
    """Return the files that share events with an earlier one that is read."""
    passes = math.ceil(sum(file.events for file in files) / EVENTS_AT_A_TIME)
    parts = [_repeats(files, datasets, i, passes) for i in range(passes)]
    keys, rows, owner = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    distinct, event = np.unique(keys, axis=0, return_inverse=True)
    read_from = np.full(len(distinct), -1)
    bad = {}
    for i, file in enumerate(files):
        mine = event[owner == i]
        repeated = read_from[mine] >= 0
        if not repeated.any():
            read_from[mine] = i
            continue
        first = int(mine[np.argmax(repeated)])
        experiment, run, number, production = distinct[first]
        bad[id(file)] = Quarantined(
            dataset=file.dataset,
            path=file.planned.path,
            kind="duplicate",
            reason=f"{file.planned.path} has {np.count_nonzero(repeated)} of its {file.events} events in "
            f"common with {files[read_from[first]].planned.path}, such as experiment {experiment}, run "
            f"{run}, event {number}, production {production}; if a job ran twice, list one of its files",
            rows=file.planned.entries - int(rows[owner == i][repeated].sum()),
        )
    return bad


def _repeats(
    files: Sequence[InspectedFile], datasets: Mapping[str, Dataset], part: int, parts: int
) -> _Repeats:
    """Return the repeated events among those whose hash leaves the rest ``part`` when divided by ``parts``.

    So memory holds a bounded number of events, for the price of reading the keys again for each part.
    """
    columns: list[tuple[NDArray[np.int64], ...]] = []
    hashes: list[NDArray[np.uint64]] = []
    for i, file in enumerate(files):
        keys = event_keys(file.planned.path, datasets[file.dataset].tree)
        of_events = keys.hashes()
        chosen = of_events % np.uint64(parts) == part
        hashes.append(of_events[chosen])
        columns.append((keys.events()[chosen], keys.run_lengths()[chosen], np.full(chosen.sum(), i)))
    together = np.concatenate(hashes)
    _, position, counts = np.unique(together, return_inverse=True, return_counts=True)
    repeated = counts[position] > 1
    return _Repeats(*(np.concatenate(column)[repeated] for column in zip(*columns, strict=True)))
