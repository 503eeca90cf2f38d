"""Column shifts."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from darkbelle.channels import Systematic, load_channel
from darkbelle.selections import zprime_invisible
from darkbelle.selections.shifts import Variation, stretch_residuals, unmatched, variations

RESOLUTION = Systematic(kind="shift", size=0.1, source="")
YIELD = Systematic(kind="normalisation", size=0.2, source="")
ONLY_SIGNAL = Systematic(kind="shift", size=0.3, processes=("zprime",), source="")

MUON = {
    "mu.px": np.array([1.1, 2.0]),
    "mu.py": np.array([-0.9, 2.0]),
    "mu.pz": np.array([3.0, 2.0]),
    "mu.mcPX": np.array([1.0, np.nan]),
    "mu.mcPY": np.array([-1.0, np.nan]),
    "mu.mcPZ": np.array([3.0, np.nan]),
}


def test_each_shift_has_two_sides_and_normalisations_have_none() -> None:
    assert variations({"lumi": YIELD, "resolution": RESOLUTION}, "mumu") == (
        Variation("resolution_up", "resolution", 0.1),
        Variation("resolution_down", "resolution", -0.1),
    )


def test_a_shift_of_other_processes_is_left_out() -> None:
    assert variations({"s": ONLY_SIGNAL}, "mumu") == ()
    assert [v.name for v in variations({"s": ONLY_SIGNAL}, "zprime")] == ["s_up", "s_down"]


def test_residuals_are_stretched_about_the_truth() -> None:
    changed = stretch_residuals(MUON, ("mu",), 0.5)
    assert_allclose(changed["mu.px"][0], 1.15, rtol=1e-12)
    assert_allclose(changed["mu.py"][0], -0.85, rtol=1e-12)
    assert changed["mu.pz"][0] == 3.0


def test_a_track_without_truth_keeps_its_momentum_and_is_counted() -> None:
    changed = stretch_residuals(MUON, ("mu",), 0.5)
    assert_array_equal([changed[f"mu.{axis}"][1] for axis in ("px", "py", "pz")], [2.0, 2.0, 2.0])
    assert unmatched(MUON, ("mu",)) == {"mu": 1}


def test_size_minus_one_gives_the_truth() -> None:
    assert_allclose(stretch_residuals(MUON, ("mu",), -1.0)["mu.px"][0], 1.0, rtol=1e-15)


def test_each_shift_of_the_channel_has_its_function() -> None:
    assert set(zprime_invisible.SHIFTS) == set(load_channel("zprime_invisible").shifts)
