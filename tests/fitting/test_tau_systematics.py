"""Shifts of the τ mass and their errors, on events drawn from an edge function and moved by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from darkbelle.channels import load_channel
from darkbelle.errors import FitError
from darkbelle.fitting.edge import EdgeFit, fit_edge
from darkbelle.fitting.edge.toys import draw_masses
from darkbelle.fitting.measurements import Shift
from darkbelle.fitting.tau_systematics import PUBLISHED, ShiftedEvents, limited_by_simulation
from darkbelle.vectors import Column

CHANNEL = load_channel("tau_mass")
EDGES = CHANNEL.axes["pseudomass"].edges
TRUTH = {"edge": 1.7768, "width": 0.0016, "step": 0.55, "slope": 0.5, "curvature": 2.0}
EVENTS = 30_000
MARGIN = 3e-3  # GeV beside the range, from where events move into it


def drawn(seed: int) -> Column:
    truth = EdgeFit("arctan", TRUTH, {}, np.eye(5), EVENTS)
    return draw_masses(truth, (EDGES[0] - MARGIN, EDGES[-1] + MARGIN), np.random.default_rng(seed))


def written(run: Path, mass: Column, **shifts: Column) -> ShiftedEvents:
    """A run's single events of a dataset `tau`, and what shifts do to them."""
    (run / "columns").mkdir(exist_ok=True)
    columns = {"pseudomass": mass, "weight": np.ones_like(mass), **shifts}
    pq.write_table(pa.table(columns), run / "columns" / "tau.sr.parquet")
    return ShiftedEvents.of(run, "tau")


def fitted(mass: Column, weight: Column | None = None) -> EdgeFit:
    counts = np.histogram(mass, EDGES, weights=weight)[0].astype(np.float64)
    return fit_edge(EDGES, counts, start=TRUTH)


def test_the_error_of_a_shift_is_the_spread_of_repeated_experiments(tmp_path: Path) -> None:
    differences, errors, of_one = [], [], []
    for seed in range(25):
        mass = drawn(seed)
        smeared = np.random.default_rng([1, seed]).normal(0.0, 4e-4, len(mass))
        nominal, shifted = fitted(mass), fitted(mass + smeared)
        differences.append(shifted.edge - nominal.edge)
        errors.append(
            written(tmp_path, mass, moved_smear_up=smeared).error("smear_up", nominal, shifted, EDGES)
        )
        of_one.append(nominal.edge_error)
    # a standard deviation of 25 is known to 14 %
    assert np.std(differences, ddof=1) == pytest.approx(np.mean(errors), rel=0.45)
    assert np.mean(errors) < 0.7 * np.mean(of_one)


def test_the_error_of_weights_is_the_spread_of_repeated_experiments(tmp_path: Path) -> None:
    differences, errors = [], []
    for seed in range(25):
        mass = drawn(seed)
        factor = np.where(np.random.default_rng([2, seed]).random(len(mass)) < 0.3, 1.2, 1.0)
        nominal, shifted = fitted(mass), fitted(mass, factor)
        differences.append(shifted.edge - nominal.edge)
        events = written(tmp_path, mass, factor_tags_up=factor.astype(np.float32))
        errors.append(events.error("tags_up", nominal, shifted, EDGES))
    assert np.std(differences, ddof=1) == pytest.approx(np.mean(errors), rel=0.45)


def test_events_that_all_move_alike_tell_how_far_and_with_little_error(tmp_path: Path) -> None:
    mass = drawn(3)
    by = np.full_like(mass, 1e-4)
    events = written(tmp_path, mass, moved_scale_up=by)
    nominal, shifted = fitted(mass), fitted(mass + by)
    assert events.motion("scale_up", nominal.edge) == pytest.approx(1e-4)
    error = events.error("scale_up", nominal, shifted, EDGES)
    assert error < 0.3 * nominal.edge_error
    assert shifted.edge - nominal.edge == pytest.approx(1e-4, abs=4 * error)


def test_a_shift_that_the_run_does_not_know_is_an_error(tmp_path: Path) -> None:
    events = written(tmp_path, drawn(4))
    with pytest.raises(FitError, match="does not say what 'scale_up' does"):
        events.shifted("scale_up")


def test_events_that_were_not_kept_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(FitError, match=r"tau\.sr\.parquet.* is missing"):
        ShiftedEvents.of(tmp_path, "tau")


@pytest.mark.parametrize(
    ("shift", "limited"),
    [
        (Shift(0.03, -0.02, "", 0.01), False),
        (Shift(0.01, -0.02, "", 0.011), True),
        (Shift(0.4, -0.4, "the error of the line"), True),
    ],
)
def test_shifts_within_two_errors_are_the_statistics_of_the_simulation(shift: Shift, limited: bool) -> None:
    assert limited_by_simulation({"source": shift}) == ({"source"} if limited else set())


def test_every_systematic_of_the_channel_stands_in_the_order_of_the_publication() -> None:
    assert set(CHANNEL.systematics) | {"estimator_bias", "fit_function"} == set(PUBLISHED)
