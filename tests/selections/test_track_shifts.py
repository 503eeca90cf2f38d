from __future__ import annotations

import numpy as np
import pytest

from darkbelle.selections.track_shifts import bend_tracks, lose_energy, stretch_along_z
from darkbelle.vectors import Column

# one track of pT 3 GeV along x, one along y, one slow and steep; charges + − +
TRACKS = {
    "t.px": np.array([3.0, 0.0, 0.2]),
    "t.py": np.array([0.0, 3.0, 0.0]),
    "t.pz": np.array([4.0, 4.0, 0.0]),
    "t.charge": np.array([1.0, -1.0, 1.0]),
}


def momentum(columns: dict[str, Column]) -> Column:
    squared = np.sum([columns[f"t.{axis}"] ** 2 for axis in ("px", "py", "pz")], axis=0)
    size: Column = np.sqrt(squared)
    return size


def test_a_longer_chamber_changes_pz_alone() -> None:
    changed = stretch_along_z(TRACKS, ("t",), 1e-3)
    assert set(changed) == {"t.pz"}
    np.testing.assert_allclose(changed["t.pz"], [4.004, 4.004, 0.0])


def test_curvature_moves_by_the_cosine_of_the_azimuth() -> None:
    # q/pT: 1/3 + 0.001 for the one along x; nothing for the one along y
    changed = bend_tracks(TRACKS, ("t",), 1e-3)
    transverse = np.hypot(changed["t.px"], changed["t.py"])
    assert 1.0 / transverse[0] - 1.0 / 3.0 == pytest.approx(1e-3)
    assert transverse[1] == 3.0
    # polar angles stay
    np.testing.assert_allclose(changed["t.pz"] / transverse, [4 / 3, 4 / 3, 0.0])


def test_the_two_charges_bend_in_opposite_directions() -> None:
    other = TRACKS | {"t.charge": -TRACKS["t.charge"]}
    gained = bend_tracks(TRACKS, ("t",), 1e-3)["t.px"][0] - 3.0
    lost = bend_tracks(other, ("t",), 1e-3)["t.px"][0] - 3.0
    assert gained < 0.0 < lost
    assert gained == pytest.approx(-lost, rel=0.01)


def test_more_material_takes_energy_except_where_the_scale_was_calibrated() -> None:
    # 10 % of 1.7 MeV at a right angle; p = 0.91 GeV is where the momentum scale takes it back
    p, mass_squared = np.array([0.91, 0.2, 4.0]), 0.13957**2
    tracks = {"t.px": p, "t.py": 0 * p, "t.pz": 0 * p}
    changed = momentum(tracks | lose_energy(tracks, ("t",), 0.1))
    left = np.sqrt(
        (np.sqrt(p**2 + mass_squared) - 0.17e-3 * (p**2 + mass_squared) / p**2) ** 2 - mass_squared
    )
    np.testing.assert_allclose(changed, left / (left[0] / p[0]), rtol=1e-6)
    assert changed[0] == pytest.approx(0.91)
    assert changed[1] < 0.2
    assert changed[2] > 4.0


def test_flat_tracks_cross_more_material() -> None:
    # both of 0.2 GeV, at a right angle and at 30°: twice the way
    tracks = {
        "t.px": np.array([0.2, 0.1]),
        "t.py": np.zeros(2),
        "t.pz": np.array([0.0, 0.2 * np.cos(np.pi / 6)]),
    }
    lost = 0.2 - momentum(tracks | lose_energy(tracks, ("t",), 0.1))
    assert lost[1] / lost[0] == pytest.approx(2.0, rel=2e-3)


def test_a_track_cannot_lose_more_than_it_has() -> None:
    slow = {"t.px": np.array([1e-3]), "t.py": np.array([0.0]), "t.pz": np.array([0.0])}
    assert momentum(lose_energy(slow, ("t",), 0.9))[0] == 0.0
