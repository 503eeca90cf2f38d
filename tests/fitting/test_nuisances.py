"""Pulls, impacts and correlations beside cabinetry's, and of a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cabinetry
import numpy as np
import pyhf
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from darkbelle.errors import FitError
from darkbelle.fitting import compute_pulls, pulls
from darkbelle.fitting.plots.nuisances import plot_correlations, plot_pulls
from darkbelle.fitting.run_pulls import read_pulls
from darkbelle.fitting.templates import Place
from darkbelle.jobs.cli import main


def counting(background: float = 100.0, observed: float = 120.0) -> dict[str, Any]:
    """Two bins of signal on a background with a norm, a tilt, a free norm of its own and gammas."""
    bins = np.array([background, 0.6 * background, 0.4 * background])
    modifiers: list[dict[str, Any]] = [
        {"name": "norm", "type": "normsys", "data": {"hi": 1.08, "lo": 0.93}},
        {
            "name": "tilt",
            "type": "histosys",
            "data": {
                "hi_data": (bins * [1.05, 1.0, 0.93]).tolist(),
                "lo_data": (bins * [0.96, 1, 1.05]).tolist(),
            },
        },
        {"name": "gammas", "type": "staterror", "data": (0.06 * bins).tolist()},
    ]
    return {
        "version": "1.0.0",
        "channels": [
            {
                "name": "sr",
                "samples": [
                    {
                        "name": "s",
                        "data": [5.0, 20.0, 5.0],
                        "modifiers": [{"name": "mu", "type": "normfactor", "data": None}],
                    },
                    {"name": "b", "data": bins.tolist(), "modifiers": modifiers},
                ],
            }
        ],
        "observations": [{"name": "sr", "data": [observed, 0.8 * observed, 0.3 * observed]}],
        "measurements": [
            {"name": "m", "config": {"poi": "mu", "parameters": [{"name": "mu", "bounds": [[-20, 20]]}]}}
        ],
    }


def test_the_fit_and_the_impacts_are_those_of_cabinetry() -> None:
    workspace = counting()
    pyhf.set_backend("numpy", "minuit")
    model, data = cabinetry.model_utils.model_and_data(workspace)
    theirs = cabinetry.fit.fit(model, data, tolerance=1e-4)
    ranking = cabinetry.fit.ranking(model, data, fit_results=theirs)
    pyhf.set_backend("numpy")
    found = pulls(workspace)
    assert found.best_fit == pytest.approx(theirs.bestfit[theirs.labels.index("mu")], abs=2e-3)
    assert found.error == pytest.approx(theirs.uncertainty[theirs.labels.index("mu")], rel=1e-2)
    assert sorted(item.name for item in found.nuisances) == sorted(ranking.labels)
    for item in found.nuisances:
        place = ranking.labels.index(item.name)
        assert item.value == pytest.approx(ranking.bestfit[place], abs=2e-3)
        assert item.error == pytest.approx(ranking.uncertainty[place], rel=1e-2)  # Minuit's steps are wide
        ours = (item.impact_up_before, item.impact_down_before, item.impact_up, item.impact_down)
        others = (ranking.prefit_up, ranking.prefit_down, ranking.postfit_up, ranking.postfit_down)
        np.testing.assert_allclose(np.array(ours, float), [side[place] for side in others], atol=1e-2)
    order = [theirs.labels.index(name) for name in found.correlated]
    np.testing.assert_allclose(found.correlation, theirs.corr_mat[np.ix_(order, order)], atol=1e-2)


def test_errors_and_correlations_are_those_of_small_steps_in_the_likelihood_of_pyhf() -> None:
    found = pulls(counting())
    parameters = {item.name: item.value for item in found.nuisances} | {"mu": found.best_fit}
    model = pyhf.Workspace(counting()).model()
    data = pyhf.Workspace(counting()).data(model)
    best = np.array([parameters[name] for name in found.correlated])
    places = [model.config.par_names.index(name) for name in found.correlated]
    step = 1e-3 * np.eye(best.size)

    def value(point: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        ordered = np.empty(best.size)
        ordered[places] = point
        return -float(model.logpdf(ordered, data)[0])

    hessian = [
        [value(best + a + b) - value(best + a - b) - value(best - a + b) + value(best - a - b) for b in step]
        for a in step
    ]
    covariance = np.linalg.inv(np.array(hessian) / 4e-6)
    errors = np.sqrt(np.diag(covariance))
    ours = [found.error, *(item.error for item in found.nuisances)]
    np.testing.assert_allclose(ours, errors, rtol=1e-4)
    np.testing.assert_allclose(found.correlation, covariance / np.outer(errors, errors), atol=1e-4)


def test_the_largest_impact_comes_first_and_gammas_are_among_them() -> None:
    found = pulls(counting())
    sizes = [item.impact for item in found.nuisances]
    assert sizes == sorted(sizes, reverse=True)
    assert {f"gammas[{index}]" for index in range(3)} < {item.name for item in found.nuisances}


def test_a_signal_that_is_put_in_comes_out_without_a_pull() -> None:
    found = pulls(counting(), signal=3.0)
    assert found.best_fit == pytest.approx(3.0, abs=1e-5)
    assert found.signal == 3.0
    assert max(abs(item.pull or 0.0) for item in found.nuisances) < 1e-5
    with pytest.raises(FitError, match="outside the bounds of 'mu', -20 to 20"):
        pulls(counting(), signal=30.0)


def test_impacts_go_both_ways_where_the_signal_would_be_at_its_bound() -> None:
    workspace = counting(observed=90.0)
    workspace["measurements"][0]["config"]["parameters"][0]["bounds"] = [[0, 20]]
    found = pulls(workspace)
    assert not found.bounded
    assert all(item.impact_up * item.impact_down < 0 for item in found.nuisances[:3])


def test_where_a_negative_signal_leaves_no_events_the_bounds_are_kept_and_it_is_said() -> None:
    workspace = counting(background=2.0)
    workspace["observations"][0]["data"] = [3.0, 0.0, 0.0]
    workspace["measurements"][0]["config"]["parameters"][0]["bounds"] = [[0, 20]]
    found = pulls(workspace)
    assert found.bounded
    assert found.best_fit == 0.0


def test_plots_show_the_parameters() -> None:
    found = pulls(counting())
    left, right = plot_pulls(found).axes
    assert [label.get_text() for label in left.get_yticklabels()] == [i.name for i in found.nuisances]
    assert len(right.containers) == 1
    figure = plot_correlations(found)
    assert isinstance(figure, Figure)
    assert "100" in {text.get_text() for text in figure.axes[0].texts}


def test_of_a_run_they_are_written_and_drawn(toy_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(toy_run, run)
    result = CliRunner().invoke(main, ["pulls", str(run), "--signal", "2", "--json"])
    assert result.exit_code == 0, result.output
    content = json.loads((run / "pulls.json").read_text())
    assert {key: content[key] for key in json.loads(result.stdout)} == json.loads(result.stdout)
    found = read_pulls(run)
    assert tuple(found.points) == (Place(4.0),)  # the mass in the middle
    assert found.points[Place(4.0)].best_fit == pytest.approx(2.0, rel=1e-4)
    assert {path.name for path in (run / "pulls").iterdir()} == {
        "mass_04.0000_pulls.png",
        "mass_04.0000_correlations.png",
    }
    assert "simulated masses are 1, 4, 7" in compute_pulls(run, masses=[2.0]).failed[Place(2.0)]
    assert CliRunner().invoke(main, ["pulls", str(run), "--mass", "2"]).exit_code == 1


def test_of_a_workspace_they_are_printed(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(counting()))
    command = ["pulls", "--workspace", str(path), "--out", str(tmp_path / "plots")]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "gammas[1]" in result.stdout
    assert (tmp_path / "plots" / "pulls.png").exists()
    assert CliRunner().invoke(main, [*command, "--mass", "2"]).exit_code == 2
