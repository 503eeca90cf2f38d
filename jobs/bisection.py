"""Cut chunks in two, to find out which of their events kill a worker."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from darkbelle.jobs.plan import Chunk, Plan, PlannedFile
from darkbelle.ntuple.keys import keys_of_table
from darkbelle.ntuple.tables import open_table

__all__ = ["halved", "with_cuts_of"]


def halved(plan: Plan, chunks: Iterable[Chunk]) -> Plan:
    """Return the plan with some chunks cut in two, at the event boundary nearest to the middle.

    All other chunks keep their keys, so their results are used on. A chunk of one event stays whole.

    Raises
    ------
    NtupleError, OSError
        A file cannot be read any more.
    """
    by_file: dict[tuple[str, str], list[Chunk]] = {}
    for chunk in chunks:
        by_file.setdefault((chunk.dataset, chunk.file.path), []).append(chunk)
    datasets = {
        name: item.model_copy(
            update={
                "files": tuple(
                    _with_cuts(file, item.metadata.tree, by_file.get((name, file.path), []))
                    for file in item.files
                )
            }
        )
        for name, item in plan.datasets.items()
    }
    return plan.model_copy(update={"datasets": datasets})


def with_cuts_of(earlier: Plan, plan: Plan) -> Plan:
    """Return a plan with the further cuts that an earlier one of the same files and chunk size has got.

    What killed its worker once need not do so again after the same run was planned anew.
    """
    if earlier.chunk_rows != plan.chunk_rows or earlier.inputs != plan.inputs:
        return plan
    edges = {(name, file.path): file.edges for name, item in earlier.datasets.items() for file in item.files}

    def cut(name: str, file: PlannedFile) -> PlannedFile:
        known = edges.get((name, file.path), ())
        return file.model_copy(update={"edges": known}) if set(file.edges) < set(known) else file

    datasets = {
        name: item.model_copy(update={"files": tuple(cut(name, file) for file in item.files)})
        for name, item in plan.datasets.items()
    }
    return plan.model_copy(update={"datasets": datasets})


def _with_cuts(file: PlannedFile, tree: str, chunks: list[Chunk]) -> PlannedFile:
    if not chunks:
        return file
    boundaries = [int(edge) for edge in keys_of_table(open_table(file.path, tree)).boundaries()]
    cuts = {_middle(boundaries, chunk.start, chunk.stop) for chunk in chunks}
    return file.model_copy(update={"edges": tuple(sorted({*file.edges, *cuts}))})


def _middle(boundaries: list[int], start: int, stop: int) -> int:
    """Return the boundary nearest to the middle, which is an end only if there is none inside.

    >>> _middle([0, 2, 3, 7, 8], 0, 8), _middle([0, 2, 3, 7, 8], 3, 7)
    (3, 3)
    """
    inside = boundaries[bisect_right(boundaries, start) : bisect_left(boundaries, stop)]
    return min(inside, key=lambda edge: abs(2 * edge - start - stop), default=start)
