from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.plan import Plan, load_plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import run
from darkbelle.jobs.status import FailedChunk, failures_in_lines, status
from darkbelle.jobs.store import ResultStore
from darkbelle.jobs.tasks import Failure
from darkbelle.jobs.verify import verify

if TYPE_CHECKING:
    from tests.jobs.conftest import Samples

CHANNEL = "zprime_invisible"


@pytest.fixture
def finished(samples: Samples, tmp_path: Path) -> tuple[Path, Plan]:
    """A run of two files in four chunks."""
    samples.add("mumu", "a.root", samples.ntuple(40, 0, 1))
    samples.add("mumu", "b.root", samples.ntuple(40, 40, 2))
    plan = make_plan(CHANNEL, samples.write(), tmp_path / "run", PlanOptions(chunk_rows=50))
    run(tmp_path / "run", LocalExecutor())
    return tmp_path / "run", plan


def test_a_finished_run_is_complete(finished: tuple[Path, Plan]) -> None:
    found = status(*finished)
    assert found.complete
    (dataset,) = found.datasets.values()
    assert (dataset.done, dataset.missing, dataset.rows_done) == (4, 0, finished[1].datasets["mumu"].rows)


def test_missing_and_failed_chunks_are_told_apart(finished: tuple[Path, Plan]) -> None:
    folder, plan = finished
    store = ResultStore(folder)
    first, second, *_ = plan.chunks()
    store.discard(first.key)
    store.discard(second.key)
    store.put_failure(second.key, Failure("permanent", "ValueError", "bad bin"))
    found = status(folder, plan).datasets["mumu"]
    assert (found.done, found.missing, len(found.failed)) == (2, 1, 1)
    assert found.failed[0].reason == "ValueError: bad bin"
    assert found.failed[0].start == second.start
    assert found.rows_missing == first.rows + second.rows
    assert not status(folder, plan).complete


def test_quarantined_files_make_a_run_incomplete(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(40, 0, 1))
    samples.add("mumu", "b.root").write_bytes(b"")
    plan = make_plan(CHANNEL, samples.write(), tmp_path / "run", PlanOptions(quarantine=True))
    run(tmp_path / "run", LocalExecutor())
    found = status(tmp_path / "run", plan)
    assert found.merged
    assert not found.complete
    assert found.datasets["mumu"].rows_quarantined == plan.datasets["mumu"].rows


def test_nothing_is_wrong_with_a_run_that_nobody_touched(finished: tuple[Path, Plan]) -> None:
    checked = verify(*finished)
    assert (checked.files, checked.results, checked.problems) == (2, 4, ())


def test_a_changed_input_is_said(finished: tuple[Path, Plan]) -> None:
    folder, plan = finished
    path = Path(plan.datasets["mumu"].files[1].path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (problem,) = verify(folder, plan).problems
    assert f"{path} has changed since the run was planned" in problem


def test_a_damaged_result_is_said(finished: tuple[Path, Plan]) -> None:
    folder, plan = finished
    path = ResultStore(folder).path(next(plan.chunks()).key)
    path.write_bytes(b"nonsense")
    (problem,) = verify(folder, plan).problems
    assert str(path) in problem


def test_a_changed_product_is_said(finished: tuple[Path, Plan]) -> None:
    folder, plan = finished
    (folder / "cutflow.json").write_text("{}")
    (problem,) = verify(folder, plan).problems
    assert "cutflow.json" in problem


def test_a_result_of_another_plan_is_said(finished: tuple[Path, Plan]) -> None:
    folder, plan = finished
    plan.model_copy(update={"seed": 9}).write(folder)
    (problem,) = verify(folder, load_plan(folder)).problems
    assert "belongs to another plan" in problem


def test_failures_are_joined_only_where_rows_and_reason_go_on() -> None:
    chunk = FailedChunk("a.root", 0, 10, "permanent", "it is gone")
    after_a_gap = replace(chunk, start=20, stop=30)
    of_another_file = replace(chunk, path="b.root", start=30, stop=40)
    otherwise = replace(chunk, path="b.root", start=40, stop=50, reason="it is full")
    lines = failures_in_lines([chunk, after_a_gap, of_another_file, otherwise])
    assert [line.partition(", entries ")[2].partition(":")[0] for line in lines] == [
        "0 to 10",
        "20 to 30",
        "30 to 40",
        "40 to 50",
    ]
