"""Find files whose rows would be counted twice: listed twice, or with events that another file has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from darkbelle.datasets import Dataset
from darkbelle.jobs.inspection import InspectedFile
from darkbelle.jobs.plan import Quarantined
from darkbelle.jobs.shared_events import Part, common_scope, repeated_events, shared_with_earlier
from darkbelle.ntuple.spans import meeting

__all__ = ["repeated_rows"]


def repeated_rows(
    files: Sequence[InspectedFile], datasets: Mapping[str, Dataset]
) -> tuple[list[InspectedFile], list[Quarantined]]:
    """Divide files into those to read, and those whose rows stand in an earlier one.

    Of two files that share an event, the first in the order given is read.
    """
    scopes: dict[str, list[InspectedFile]] = defaultdict(list)
    for file in files:
        scopes[common_scope(file.dataset, datasets[file.dataset])].append(file)
    bad: dict[int, Quarantined] = {}
    for members in scopes.values():
        bad |= _same_content(members)
        bad |= _shared_events([file for file in members if id(file) not in bad], datasets)
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


def _shared_events(files: Sequence[InspectedFile], datasets: Mapping[str, Dataset]) -> dict[int, Quarantined]:
    """Return the files that share events with an earlier one that is read."""
    parts = [
        Part(
            file.dataset,
            file.planned.path,
            datasets[file.dataset].tree,
            file.planned.fingerprint,
            0,
            file.planned.entries,
        )
        for file in files
    ]
    groups = meeting([file.spans for file in files])
    bad = {}
    for shared in shared_with_earlier(repeated_events(parts, groups)):
        file, other = files[shared.owner], files[shared.other]
        bad[id(file)] = Quarantined(
            dataset=file.dataset,
            path=file.planned.path,
            kind="duplicate",
            reason=f"{file.planned.path} has {shared.events} of its {file.events} events in common with "
            f"{other.planned.path}, such as {shared.example}; if a job ran twice, list one of its files",
            rows=file.planned.entries - shared.rows,
        )
    return bad
