"""Each channel gives the same bytes wherever its chunks are processed; needs a real HTCondor pool."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from darkbelle.channels import channel_names
from darkbelle.jobs.executors.base import Executor
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.executors.dask import DaskExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import run

if TYPE_CHECKING:
    from tests.jobs.executors.conftest import StopAfter

pytestmark = [pytest.mark.condor, pytest.mark.usefixtures("pool"), pytest.mark.timeout(240)]

Products = Callable[[Path], dict[str, bytes]]
Planned = Callable[[str], Path]

CONDOR = CondorExecutor(chunks_per_job=10, memory=900, interval=0.2)


@pytest.fixture(scope="module", params=channel_names())
def planned(
    request: pytest.FixtureRequest,
    simulated: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Planned:
    """Plan a run of a channel in a folder of the name given; it has a dozen chunks and more."""
    folder = tmp_path_factory.mktemp(request.param)

    def plan(name: str) -> Path:
        options = PlanOptions(chunk_rows=30)
        assert make_plan(request.param, simulated(request.param), folder / name, options).count_chunks() > 12
        return folder / name

    return plan


@pytest.fixture(scope="module")
def expected(planned: Planned, products: Products) -> dict[str, bytes]:
    """What comes out of one process."""
    folder = planned("expected")
    assert run(folder, LocalExecutor()).merged
    return products(folder)


@pytest.mark.parametrize(
    "executor",
    [LocalExecutor(workers=2), DaskExecutor(workers=2), CONDOR],
    ids=["processes", "dask", "condor"],
)
def test_every_executor_gives_the_same_bytes(
    executor: Executor, planned: Planned, expected: dict[str, bytes], products: Products
) -> None:
    folder = planned(type(executor).__name__)
    report = run(folder, executor)
    assert report.computed == report.chunks
    assert products(folder) == expected


def test_a_run_moves_from_here_to_dask_to_the_pool(
    planned: Planned, expected: dict[str, bytes], products: Products, stop_after: StopAfter
) -> None:
    folder = planned("moved")
    stop_after(3, LocalExecutor(), folder)
    stop_after(4, DaskExecutor(workers=2), folder)
    report = run(folder, CONDOR)
    assert report.reused >= 7
    assert report.computed > 0
    assert products(folder) == expected
