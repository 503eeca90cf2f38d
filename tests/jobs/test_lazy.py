"""dask-awkward gives what an ordinary run gives; `make lazy-test` runs this where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import pytest
import yaml

from darkbelle.channels import channel_names, load_channel
from darkbelle.errors import ConfigurationError
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.lazy import lazy_outputs, lazy_rows, total, traced_columns
from darkbelle.jobs.plan import Plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import run
from darkbelle.ntuple.layout import COUNTER_FIELDS
from darkbelle.processors import load_processor
from darkbelle.results import encode_output
from darkbelle.runfolder import load_result

if TYPE_CHECKING:
    from tests.jobs.conftest import Samples

dak = pytest.importorskip(
    "dask_awkward", reason="dask-awkward needs an old Dask, and so an environment of its own: make lazy-test"
)


def region_of(channel: str) -> str | None:
    """The first region of a channel whose ntuples are of one region each."""
    return next(iter(load_processor(channel).region_reads), None)


def columns_of_any(channel: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Columns for any channel: what the sample of muon pairs does not have is made up."""
    rng = np.random.default_rng(1)
    rows = len(columns["__event__"])
    declared = load_channel(channel)
    processor = load_processor(channel)
    made = dict(columns)
    of_region = processor.region_reads.get(region_of(channel) or "", ())
    for name in (*processor.reads, *of_region, *processor.truth_reads):
        particle, dot, field = name.partition(".")
        if dot:
            branch = f"{declared.particles[particle]}_{'E' if field == 'energy' else field}"
        else:
            branch = declared.columns.get(name, COUNTER_FIELDS.get(name, name))
        made.setdefault(branch, rng.uniform(0, 2, rows))
    return made


@pytest.fixture(params=channel_names())
def plan(request: pytest.FixtureRequest, samples: Samples, tmp_path: Path) -> Plan:
    """A plan of a channel, with data and simulation in several chunks; its run folder is ``run``."""
    channel = request.param
    samples.add("data", "a.root", columns_of_any(channel, samples.ntuple(300, 0, seed=1)))
    samples.add("mumu", "b.root", columns_of_any(channel, samples.ntuple(300, 0, seed=2)))
    samples.add("mumu", "c.root", columns_of_any(channel, samples.ntuple(200, 300, seed=3)))
    process = next(iter(load_channel(channel).processes))
    datasets = samples.write()
    declared = yaml.safe_load(datasets.read_text().replace("process: mumu", f"process: {process}"))
    if (region := region_of(channel)) is not None:
        for dataset in declared["datasets"].values():
            dataset["region"] = region
    datasets.write_text(yaml.safe_dump(declared))
    return make_plan(channel, datasets, tmp_path / "run", PlanOptions(chunk_rows=100, check_events=True))


def test_histograms_cutflows_and_counts_are_those_of_an_ordinary_run(plan: Plan, tmp_path: Path) -> None:
    run(tmp_path / "run", LocalExecutor())
    result = load_result(tmp_path / "run")
    for name in plan.datasets:
        outputs = lazy_outputs(plan, name)
        assert outputs.npartitions == sum(1 for _ in plan.chunks(name)) > 2
        lazy, ordinary = total(outputs.compute()), result.datasets[name].output
        assert lazy.rows == plan.datasets[name].rows
        assert as_text(lazy) == as_text(ordinary)


def as_text(output: Any) -> str:
    return json.dumps(encode_output(output), sort_keys=True)


def test_dask_awkward_reads_what_the_processor_declares_and_the_keys_of_events(plan: Plan) -> None:
    processor = load_processor(plan.channel)
    for name, dataset in plan.datasets.items():
        (needed,) = dak.necessary_columns(lazy_outputs(plan, name)).values()
        assert needed == set(traced_columns(plan, name))
        declared = {*processor.reads, *(() if dataset.metadata.is_data else processor.truth_reads)}
        assert declared <= needed
        assert needed - declared <= {*processor.optional_reads, *COUNTER_FIELDS}


def test_a_column_for_oneself_is_the_only_one_that_is_read(plan: Plan) -> None:
    name = next(name for name in load_processor(plan.channel).reads if "." in name)
    particle, _, field = name.partition(".")
    column = lazy_rows(plan, "mumu")[particle][field]
    assert list(dak.necessary_columns(column).values()) == [frozenset({name})]
    assert len(ak.to_numpy(column.compute())) == plan.datasets["mumu"].rows


def test_a_particle_of_which_little_is_read_is_still_a_vector(plan: Plan) -> None:
    rows = lazy_rows(plan, "mumu")
    particles = [name for name in load_channel(plan.channel).particles if name in rows.fields]
    particle = next((name for name in particles if "pz" in rows[name].fields), None)
    if particle is None or "energy" not in rows[particle].fields:
        pytest.skip("no particle of this ntuple has its energy")
    momentum = rows[particle]
    assert list(dak.necessary_columns(momentum.pt).values()) == [
        frozenset({f"{particle}.px", f"{particle}.py"})
    ]
    pt = np.hypot(ak.to_numpy(momentum.px.compute()), ak.to_numpy(momentum.py.compute()))
    np.testing.assert_allclose(ak.to_numpy(momentum.pt.compute()), pt, rtol=1e-14)


def test_an_unknown_dataset_is_named(plan: Plan) -> None:
    with pytest.raises(ConfigurationError, match="no dataset 'taupair', it has: data, mumu"):
        lazy_rows(plan, "taupair")
