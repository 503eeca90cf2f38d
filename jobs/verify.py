"""Read everything again: whether inputs are still what was planned, and results what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from darkbelle.errors import DarkbelleError
from darkbelle.jobs.identity import check_identity
from darkbelle.jobs.plan import Plan
from darkbelle.jobs.store import ResultStore
from darkbelle.runfolder import RESULT, load_result, read_json

__all__ = ["Verification", "verify"]


@dataclass(frozen=True)
class Verification:
    """What was checked, and what is wrong, one sentence each."""

    files: int
    results: int
    problems: tuple[str, ...]


def verify(run: Path, plan: Plan) -> Verification:
    """Check the inputs, the stored results and the products of a run."""
    survey = ResultStore(run).survey(chunk.key for chunk in plan.chunks())
    changed = list(_changed_inputs(plan))
    problems = [*changed, *survey.damaged.values(), *_product_problems(run, plan)]
    files = sum(len(item.files) for item in plan.datasets.values())
    return Verification(files, len(survey.present) + len(survey.damaged), tuple(problems))


def _changed_inputs(plan: Plan) -> Iterator[str]:
    for dataset in plan.datasets.values():
        for file in dataset.files:
            try:
                check_identity(file.path, file.fingerprint)
            except DarkbelleError as error:
                yield str(error)


def _product_problems(run: Path, plan: Plan) -> Iterator[str]:
    if not (run / RESULT).exists():
        return
    try:
        load_result(run)
        inputs = read_json(run / RESULT)["inputs"]
    except (DarkbelleError, OSError) as error:
        yield str(error)
        return
    if inputs != plan.inputs:
        yield f"{run / RESULT} belongs to another plan than the one in {run}; run `darkbelle run {run}`"
