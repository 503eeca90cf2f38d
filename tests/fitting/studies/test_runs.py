from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from darkbelle.errors import FitError
from darkbelle.fitting.fast.model import NORMAL
from darkbelle.fitting.studies.runs import (
    compute_intervals,
    compute_significance,
    read_significance,
    run_scan,
)
from darkbelle.fitting.templates import fit_inputs
from darkbelle.runfolder import INTERVALS, load_result


@pytest.fixture
def run(toy_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_run, tmp_path / "run"))


def test_hypotheses_of_a_run_see_the_same_fine_bins(toy_run: Path) -> None:
    inputs = fit_inputs(load_result(toy_run), "pseudo", 1)
    places, scan, failed = run_scan(inputs, toys=400)
    assert places == sorted(inputs.signals)
    assert failed == {}
    shared = scan._draw(range(400))
    expected = np.array(scan.expected)
    for index, model in enumerate(scan.models):
        # the data of the run itself, from the fine bins, are those of the workspace
        groups = scan.bins[index]
        np.testing.assert_array_equal(
            [inputs.observed.ravel()[list(group)].sum() for group in groups], model.observed
        )
        data = scan._data(index, shared)
        wanted = np.array([expected[list(group)].sum() for group in groups])
        assert np.abs((data.observed.mean(axis=0) - wanted) / np.sqrt(wanted / 400)).max() < 4.5
        normal = np.flatnonzero(model.tables.constraint == NORMAL)
        centred = (data.auxiliary[:, normal] - model.start[normal]) / model.tables.width[normal]
        assert np.abs(centred.mean(axis=0)).max() < 4.5 / math.sqrt(400)
        np.testing.assert_allclose(centred.std(axis=0), 1, atol=0.2)


def test_significances_of_a_run_are_written_and_read(run: Path) -> None:
    found = compute_significance(run, toys=60)
    assert read_significance(run) == found
    assert found.scan.toys == 60
    assert [point.place for point in found.scan.points] == [1.0, 4.0, 7.0]
    # pseudo-data are background
    assert all(point.significance < 4 for point in found.scan.points)
    assert found.scan.global_p_toys > 0.005


def test_intervals_of_a_run_are_written(run: Path) -> None:
    found = compute_intervals(run, masses=(4.0,), toys=60, points=5)
    content = json.loads((run / INTERVALS).read_text())
    (point,) = content["points"]
    assert point["mass"] == 4.0
    assert point["lower"] <= point["best_fit"] <= point["upper"]
    assert content["poi"] == found.poi == "cross_section_fb"
    assert content["provenance"]["inputs"] == {"run": run.name}


def test_a_mass_that_is_not_there_is_said(run: Path) -> None:
    with pytest.raises(FitError, match="no interval could be computed: 9 GeV: there is no signal of 9 GeV"):
        compute_intervals(run, masses=(9.0,))
    with pytest.raises(FitError, match="no hypothesis of the run can be scanned: 9 GeV"):
        compute_significance(run, masses=(9.0,))
