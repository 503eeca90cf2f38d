from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from distributed import Client

from darkbelle.errors import ConfigurationError, IncompleteRunError, RunError
from darkbelle.jobs.api import run
from darkbelle.jobs.executors.condor import CondorExecutor
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.lazy import lazy_rows
from darkbelle.jobs.planning import PlanOptions, make_plan

if TYPE_CHECKING:
    from tests.jobs.conftest import Samples


def test_files_of_data_run_in_one_call(samples: Samples, tmp_path: Path) -> None:
    path = samples.add("data", "a.root", samples.ntuple(50, 0, 1))
    done = run("zprime_invisible", [path], tmp_path / "run", luminosity_fb=0.5)
    assert done.result.datasets["data"].dataset.luminosity_fb == 0.5
    assert done.cutflow("data").events[0] == done.report.accounts["data"].processed
    assert done.histogram("data", "recoil").ndim == 2
    assert "<td>" in done._repr_html_()


def test_a_dataset_file_runs_with_options(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(50, 0, 1))
    options = {"thresholds": {"max_dr": 1e-9}}
    done = run("zprime_invisible", samples.write(), tmp_path / "run", options=options)
    assert done.cutflow("mumu").events[-1] == 0
    assert run("zprime_invisible", samples.write(), tmp_path / "run", options=options).report.reused == 1


def test_files_alone_need_a_luminosity(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="need luminosity_fb"):
        run("zprime_invisible", "a.root", tmp_path / "run")


def test_a_client_and_another_executor_are_refused(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(50, 0, 1))
    with (
        Client(processes=False, n_workers=1, dashboard_address="127.0.0.1:0") as client,
        pytest.raises(ConfigurationError, match="drop executor='condor'"),
    ):
        run("zprime_invisible", samples.write(), tmp_path / "run", client=client, executor="condor")


def test_dask_awkward_is_asked_for_where_it_is_absent(samples: Samples, tmp_path: Path) -> None:
    if find_spec("dask_awkward"):
        pytest.skip("dask-awkward is here")
    samples.add("mumu", "a.root", samples.ntuple(50, 0, 1))
    plan = make_plan("zprime_invisible", samples.write(), tmp_path / "run")
    with pytest.raises(RunError, match=r"needs an environment of its own: pip install 'darkbelle\[lazy\]'"):
        lazy_rows(plan, "mumu")


def test_a_loss_is_an_error(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(50, 0, 1))
    samples.add("mumu", "b.root").write_bytes(b"")
    with pytest.raises(IncompleteRunError, match="quarantined"):
        run("zprime_invisible", samples.write(), tmp_path / "run", plan=PlanOptions(quarantine=True))


def test_an_executor_of_ones_own_does_the_work(samples: Samples, tmp_path: Path) -> None:
    samples.add("mumu", "a.root", samples.ntuple(50, 0, 1))
    executor = CondorExecutor(site="no such site")
    with pytest.raises(ConfigurationError, match="no such site"):
        run("zprime_invisible", samples.write(), tmp_path / "run", executor=executor)
    done = run("zprime_invisible", samples.write(), tmp_path / "run", executor=LocalExecutor())
    assert done.report.computed == 1
