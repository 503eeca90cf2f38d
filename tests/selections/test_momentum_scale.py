"""Masses, leverages and bins of narrow peaks, with decays made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.channels import load_channel
from darkbelle.constants import JPSI_MASS, KAON_MASS, MUON_MASS
from darkbelle.selections.cuts import evaluate
from darkbelle.selections.momentum_scale import (
    DECAYS,
    Thresholds,
    cuts_of,
    kinematics,
    leverages,
    track_bins,
)

Columns = dict[str, NDArray[np.float64]]

AXIS = load_channel("momentum_scale").axes["cos_theta"]


def tracks(seed: int, *names: str, size: int = 50) -> Columns:
    rng = np.random.default_rng(seed)
    columns: Columns = {}
    for i, name in enumerate(names):
        columns |= {f"{name}.{axis}": rng.normal(0.3, 1.0, size) for axis in ("px", "py", "pz")}
        columns[f"{name}.charge"] = np.full(size, 1.0 if i % 2 else -1.0)
    return columns


def test_muons_back_to_back_have_the_mass_of_their_energies() -> None:
    momentum = np.sqrt((JPSI_MASS / 2) ** 2 - MUON_MASS**2)
    columns = {
        f"muon_{name}.{axis}": np.array([value])
        for name, sign in (("plus", 1), ("minus", -1))
        for axis, value in (("px", 0.0), ("py", sign * 0.6 * momentum), ("pz", sign * 0.8 * momentum))
    }
    found = kinematics(columns, DECAYS["jpsi"])
    assert found["mass_jpsi"] == pytest.approx(JPSI_MASS)
    assert found["cos_theta"] == pytest.approx(0.8)
    # half the change of the mass belongs to either, less by the muons' mass
    each = leverages(columns, DECAYS["jpsi"])
    assert each["muon_plus"] == pytest.approx((1 - (2 * MUON_MASS / JPSI_MASS) ** 2) / 2)


@pytest.mark.parametrize("region", DECAYS)
def test_leverages_are_the_derivatives_of_the_mass(region: str) -> None:
    decay, step = DECAYS[region], 1e-5
    columns = tracks(3, *decay.tracks)
    found = leverages(columns, decay)
    for daughter in decay.daughters:
        mass = []
        for sign in (+1, -1):
            scaled = {
                f"{daughter}.{axis}": columns[f"{daughter}.{axis}"] * (1 + sign * step)
                for axis in ("px", "py", "pz")
            }
            mass.append(kinematics(columns | scaled, decay)[decay.mass])
        numeric = (np.log(mass[0]) - np.log(mass[1])) / (2 * step)
        np.testing.assert_allclose(found[daughter], numeric, rtol=1e-5, atol=1e-8)


def test_a_slow_pion_beside_a_d0_makes_the_difference_in_mass() -> None:
    columns = tracks(4, *DECAYS["d_star"].tracks, size=1)
    columns |= {f"pion_slow.{axis}": np.zeros(1) for axis in ("px", "py", "pz")}
    columns |= {f"{name}.{axis}": np.zeros(1) for name in ("kaon", "pion") for axis in ("px", "py", "pz")}
    found = kinematics({**columns, "kaon.pz": np.full(1, 1e-9)}, DECAYS["d_star"])
    # all at rest: masses add up
    assert found["mass_d_zero"] == pytest.approx(KAON_MASS + 0.13957039)
    assert found["mass_difference"] == pytest.approx(0.13957039)


def test_bins_are_numbered_by_charge_and_then_by_direction() -> None:
    width = (AXIS.stop - AXIS.start) / AXIS.bins
    cosine = np.array([AXIS.start + 0.5 * width, AXIS.start + 2.5 * width, 0.99])
    columns = {
        f"{name}.{axis}": value
        for name in ("kaon", "pion")
        for axis, value in (("px", np.sqrt(1 - cosine**2)), ("py", np.zeros(3)), ("pz", cosine))
    }
    columns |= {"kaon.charge": np.full(3, -1.0), "pion.charge": np.full(3, 1.0)}
    found = track_bins(columns, DECAYS["d_star"], AXIS)
    np.testing.assert_array_equal(found["track"], [[0, 2, np.nan], [AXIS.bins, AXIS.bins + 2, np.nan]])
    np.testing.assert_array_equal(found["pair"], [0, 2 * AXIS.bins + 2, np.nan])


def test_axes_of_the_channel_have_room_for_all_bins_and_charges() -> None:
    axes = load_channel("momentum_scale").axes
    assert axes["track"].bins == 2 * AXIS.bins
    assert axes["pair"].bins == 2 * AXIS.bins**2


@pytest.mark.parametrize("region", DECAYS)
def test_every_cut_of_a_region_rejects_something(region: str) -> None:
    decay, rng = DECAYS[region], np.random.default_rng(6)
    columns = {name: rng.uniform(0, 20, 4000) for name in decay.columns}
    columns |= {name: rng.uniform(0, 1, 4000) for name in columns if name.endswith("ID")}
    columns |= {name: rng.uniform(-0.6, 0.6, 4000) for name in columns if name.endswith(".dr")}
    columns |= {name: rng.uniform(0.99, 1, 4000) for name in columns if "Angle" in name}
    columns["mass_difference"] = rng.uniform(0.14, 0.16, 4000)
    cuts = cuts_of(region, Thresholds())
    for cut in cuts:
        passed = evaluate((cut,), columns).selected
        assert 0 < passed.sum() < 4000, cut.name
