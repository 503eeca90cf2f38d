"""dask-awkward gives what an ordinary run gives; `make lazy-test` runs this where it is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

from darkbelle.channels import channel_names, load_channel
from darkbelle.errors import ConfigurationError
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.lazy import lazy_outputs, lazy_rows, total, traced_columns
from darkbelle.jobs.plan import Plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.required import required_reads
from darkbelle.jobs.run import run
from darkbelle.ntuple.layout import COUNTER_FIELDS
from darkbelle.ntuple.schema import MOMENTUM
from darkbelle.processors import load_processor
from darkbelle.results import encode_output
from darkbelle.runfolder import load_result

dak = pytest.importorskip(
    "dask_awkward", reason="dask-awkward needs an old Dask, and so an environment of its own: make lazy-test"
)


@dataclass(frozen=True)
class Planned:
    """The plan of a channel's run, with data and simulation in several chunks, and its folder."""

    plan: Plan
    folder: Path

    def reads(self, dataset: str) -> set[str]:
        """Return the columns that the processor declares for a dataset."""
        return set(required_reads(load_processor(self.plan.channel), self.plan.datasets[dataset].metadata))


@pytest.fixture(scope="module", params=channel_names())
def planned(
    request: pytest.FixtureRequest,
    simulated: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Planned:
    folder = tmp_path_factory.mktemp("run")
    plan = make_plan(
        request.param, simulated(request.param), folder, PlanOptions(chunk_rows=50, check_events=True)
    )
    return Planned(plan, folder)


def test_histograms_cutflows_and_counts_are_those_of_an_ordinary_run(planned: Planned) -> None:
    run(planned.folder, LocalExecutor())
    result = load_result(planned.folder)
    for name, dataset in planned.plan.datasets.items():
        outputs = lazy_outputs(planned.plan, name)
        assert outputs.npartitions == sum(1 for _ in planned.plan.chunks(name)) > 2
        lazy, ordinary = total(outputs.compute()), result.datasets[name].output
        assert lazy.rows == dataset.rows
        assert as_text(lazy) == as_text(ordinary)
        assert any(flow.events[-1] for flow in lazy.cutflows.values()), "nothing is selected"


def as_text(output: Any) -> str:
    return json.dumps(encode_output(output), sort_keys=True)


def test_dask_awkward_reads_what_the_processor_declares_and_the_keys_of_events(planned: Planned) -> None:
    optional = load_processor(planned.plan.channel).optional_reads
    for name in planned.plan.datasets:
        (needed,) = dak.necessary_columns(lazy_outputs(planned.plan, name)).values()
        assert needed == set(traced_columns(planned.plan, name))
        assert planned.reads(name) <= needed
        assert needed - planned.reads(name) <= {*optional, *COUNTER_FIELDS}


def test_a_column_for_oneself_is_the_only_one_that_is_read(planned: Planned) -> None:
    for dataset, planned_dataset in planned.plan.datasets.items():
        name = min(name for name in planned.reads(dataset) if "." in name)
        particle, _, field = name.partition(".")
        column = lazy_rows(planned.plan, dataset)[particle][field]
        assert list(dak.necessary_columns(column).values()) == [frozenset({name})]
        assert len(ak.to_numpy(column.compute())) == planned_dataset.rows


def test_a_particle_of_which_little_is_read_is_still_a_vector(planned: Planned) -> None:
    for dataset in planned.plan.datasets:
        rows = lazy_rows(planned.plan, dataset)
        particles = load_channel(planned.plan.channel).particles
        vectors = [name for name in particles if name in rows.fields and set(rows[name].fields) >= MOMENTUM]
        momentum = rows[vectors[0]]
        assert list(dak.necessary_columns(momentum.pt).values()) == [
            frozenset({f"{vectors[0]}.px", f"{vectors[0]}.py"})
        ]
        pt = np.hypot(ak.to_numpy(momentum.px.compute()), ak.to_numpy(momentum.py.compute()))
        np.testing.assert_allclose(ak.to_numpy(momentum.pt.compute()), pt, rtol=1e-14)


def test_particles_of_other_regions_are_not_looked_for(planned: Planned) -> None:
    regions = load_processor(planned.plan.channel).region_reads
    for name, dataset in planned.plan.datasets.items():
        elsewhere = {
            read.partition(".")[0]
            for region, reads in regions.items()
            for read in reads
            if region != dataset.metadata.region
        } - {read.partition(".")[0] for read in planned.reads(name)}
        assert elsewhere.isdisjoint(lazy_rows(planned.plan, name).fields)


def test_an_unknown_dataset_is_named(planned: Planned) -> None:
    known = ", ".join(planned.plan.datasets)
    with pytest.raises(ConfigurationError, match=f"no dataset 'taupair', it has: {known}"):
        lazy_rows(planned.plan, "taupair")
