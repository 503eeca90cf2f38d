"""1e5 pseudo-experiments of the model of 60 bins on two threads, beside pyhf's way with a few.

::

    pytest benchmarks/test_toys.py -s

Of each experiment q̃ is computed at the median expected limit: a free fit and one with the signal held.
pyhf does the same with its own functions. Then a whole limit by toys is made, through the result store.
Wall-clock seconds count here, for the threads.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyhf
import pytest
from benchmarks.test_limits import mass_point

from darkbelle.fitting.fast.asymptotic import analyse, asymptotic_limits
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.experiments import draw_experiments
from darkbelle.fitting.studies.ensembles import Ensemble
from darkbelle.fitting.studies.toy_limits import ToyLimits, toy_limits
from darkbelle.jobs.executors.local import LocalExecutor
from darkbelle.jobs.toys import store_maker

TOYS = 100_000
THREADS = 2
OF_PYHF = 3
OF_A_LIMIT = 5000


@pytest.mark.parametrize("staterror", [False, True], ids=["13 parameters", "73 parameters"])
def test_toys_a_second(staterror: bool) -> None:
    workspace = mass_point(0.5, staterror=staterror)
    model = compile_workspace(workspace)
    mu = asymptotic_limits(model, 0.95).expected[2]
    truth = tuple(analyse(model).on_data.fit(mu).parameters.tolist())
    ensemble = Ensemble(TOYS, 1, workspace, truth, (mu,))
    ensemble.columns(range(10), THREADS)  # compiles the kernels, or loads them
    wall, processor = time.perf_counter(), time.process_time()
    columns = ensemble.columns(range(TOYS), THREADS)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    assert all(np.isfinite(column).all() for column in columns.values())
    # at the truth t follows χ² with one degree of freedom, its mean is 1; a bound makes it smaller
    assert 0.85 < columns["rise_0"].mean() < 1.1
    print(
        f"\nfast: {TOYS} experiments in {wall:.1f} s on {THREADS} threads ({processor:.1f} s of processors), "
        f"{TOYS / wall:.0f} a second"
    )
    if staterror:
        return  # minutes an experiment for pyhf
    started = time.perf_counter()
    theirs = _pyhf_statistics(workspace, ensemble, mu)
    each = (time.perf_counter() - started) / OF_PYHF
    ours = np.where(columns["best"] < mu, columns["rise_0"], 0.0)[:OF_PYHF]
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    print(f"pyhf: {each:.1f} s an experiment, {each * TOYS / wall:.0f} times the fast engine's wall-clock")


def test_toys_of_a_limit_through_the_store(tmp_path: Path) -> None:
    """As `darkbelle limits --toys` does it: processes, files, and a search for six limits."""
    executor = LocalExecutor(THREADS)
    workspace = mass_point(0.5, staterror=False)
    asymptotic = asymptotic_limits(compile_workspace(workspace), 0.95)
    wall = time.perf_counter()
    (limits,) = toy_limits([workspace], 0.95, toys=OF_A_LIMIT, make=store_maker(tmp_path, executor))
    wall = time.perf_counter() - wall
    assert isinstance(limits, ToyLimits)
    assert limits.expected[2] == pytest.approx(asymptotic.expected[2], rel=0.1)
    drawn = 2 * limits.tests * OF_A_LIMIT
    print(
        f"\nlimit: {OF_A_LIMIT} experiments for each of {limits.tests} values with and without signal in "
        f"{wall:.1f} s on {THREADS} processes, {drawn / wall:.0f} q a second, start of the processes included"
    )


def _pyhf_statistics(workspace: dict[str, object], ensemble: Ensemble, mu: float) -> list[float]:
    """Return q̃ of the first experiments by pyhf."""
    pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(maxiter=1_000_000))
    model = pyhf.Workspace(workspace).model()
    drawn = draw_experiments(
        ensemble.model, np.array(ensemble.truth), range(OF_PYHF), seed=ensemble.seed, hypothesis=1
    )
    start, bounds = model.config.suggested_init(), model.config.suggested_bounds()
    fixed = model.config.suggested_fixed()
    constrained = [ensemble.model.names.index(name) for name in model.config.par_names if name != "mu"]
    # pyhf's auxiliary data stand in the order of its constrained parameters
    order = [ensemble.model.index(name) for name in _auxiliary_names(model)]
    assert sorted(order) == sorted(constrained)
    return [
        float(
            pyhf.infer.test_statistics.qmu_tilde(
                mu, [*observed, *auxiliary[order]], model, start, bounds, fixed
            )
        )
        for observed, auxiliary in zip(drawn.observed, drawn.auxiliary, strict=True)
    ]


def _auxiliary_names(model: pyhf.Model) -> list[str]:
    return list(model.config.auxdata_order)
