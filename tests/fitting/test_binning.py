from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkbelle.channels import Axis
from darkbelle.fitting.binning import Binning, effective_entries, fit_binning, whole_binning, window

AXIS = Axis(bins=2300, start=-10, stop=105, unit="GeV²", label="M²")
ANGLES = 12


def coverage(binning: Binning) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Count how many cells each fine bin is in."""
    counts = np.zeros((AXIS.bins, ANGLES), dtype=np.int64)
    for cell in binning.cells:
        counts[cell.mass_start : cell.mass_stop, cell.angle_start : cell.angle_stop] += 1
    return counts


def test_a_rich_background_keeps_eight_steps_in_mass_by_four_in_angle() -> None:
    rich = np.full((AXIS.bins, ANGLES), 100.0)
    assert len(fit_binning(rich, rich, AXIS, 16.0, 0.5).cells) == 32


def test_window_is_five_resolutions_to_either_side_on_fine_edges() -> None:
    rich = np.full((AXIS.bins, ANGLES), 100.0)
    covered = np.flatnonzero(coverage(fit_binning(rich, rich, AXIS, 16.0, 0.5)).any(axis=1))
    # 16 ± 2.5 GeV² is 13.5 to 18.5, fine bins (13.5 + 10) / 0.05 = 470 to (18.5 + 10) / 0.05 = 570
    assert (covered[0], covered[-1]) == (470, 569)


def test_an_empty_background_leaves_one_bin() -> None:
    empty = np.zeros((AXIS.bins, ANGLES))
    assert len(fit_binning(empty, empty, AXIS, 16.0, 0.5).cells) == 1


def test_a_resolution_below_a_fine_bin_still_gives_a_window() -> None:
    rich = np.full((AXIS.bins, ANGLES), 100.0)
    assert coverage(fit_binning(rich, rich, AXIS, 16.025, 1e-4)).sum() == ANGLES


def test_window_stays_in_the_axis() -> None:
    assert window(AXIS, 104.9, 1.0) == (2278, 2300)
    assert window(AXIS, -30.0, 1.0) == (0, 1)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    rate=st.floats(1e-4, 3.0),
    mass=st.floats(0.0, 10.0),
    resolution=st.floats(0.02, 1.5),
)
def test_cells_cut_the_window_into_pieces_that_suffice(
    seed: int, rate: float, mass: float, resolution: float
) -> None:
    rng = np.random.default_rng(seed)
    events = rng.poisson(rate, (AXIS.bins, ANGLES)).astype(np.float64)
    binning = fit_binning(3.0 * events, 9.0 * events, AXIS, mass**2, resolution)
    counts = coverage(binning)
    assert counts.max() == 1  # no fine bin twice
    covered = np.flatnonzero(counts.any(axis=1))
    assert counts[covered[0] : covered[-1] + 1].min() == 1  # and none left out
    entries = binning.project(events)
    assert entries.sum() == events[covered].sum()
    assert len(binning.cells) == 1 or entries.min() >= 10


def test_effective_entries_of_equal_weights_is_their_number() -> None:
    assert effective_entries(np.array([7 * 2.5]), np.array([7 * 2.5**2])) == pytest.approx(7.0)


def test_bins_of_the_whole_axis_are_merged_where_simulation_is_thin() -> None:
    background = np.full((40, 1), 50.0)
    background[30:] = 1.0
    cells = whole_binning(background, background, bins=8, minimum=10.0).cells
    assert [(cell.mass_start, cell.mass_stop) for cell in cells] == [
        *((5 * i, 5 * i + 5) for i in range(6)),
        (30, 40),
    ]
    assert {(cell.angle_start, cell.angle_stop) for cell in cells} == {(0, 1)}
