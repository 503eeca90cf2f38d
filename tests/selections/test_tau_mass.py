from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.channels import load_channel
from darkbelle.selections import tau_mass as select
from darkbelle.selections.cuts import evaluate
from darkbelle.selections.shifts import scaled_boost


def event(**changes: float) -> dict[str, Any]:
    """An event that passes all cuts, as columns of one entry."""
    columns: dict[str, float] = {}
    for pion, (px, py, pz) in zip(
        select.PIONS, ((0.5, 0.1, 1.2), (0.7, -0.1, 1.4), (0.6, 0.2, 1.1)), strict=True
    ):
        columns |= {f"{pion}.px": px, f"{pion}.py": py, f"{pion}.pz": pz}
        columns |= {f"{pion}.charge": 1.0 if pion == select.PIONS[0] else -1.0}
        columns |= {f"{pion}.dr": 0.01, f"{pion}.dz": 0.1, f"{pion}.electronID": 0.01}
    columns |= {"n_tracks": 4, "thrust": 0.92, "n_photons_3prong": 0, "n_photons_1prong": 2}
    columns |= {"photon_energy_1prong": 1.0, "missing_mass_squared": 12.0, "missing_theta_cm": 1.4}
    columns |= {"visible_energy_cm": 6.0, **dict.fromkeys(select.TRIGGERS, 0.0), "trigger_fff": 1.0}
    arrays = {name: np.array([value], dtype=np.float64) for name, value in (columns | changes).items()}
    arrays["is_best_candidate"] = np.array([True])
    return arrays | select.kinematics(arrays, NOMINAL.four_vector)


def failed(columns: dict[str, Any]) -> list[str]:
    cuts = select.signal_region(select.Thresholds())
    return [cut.name for cut in cuts if not evaluate([cut], columns).selected[0]]


def test_the_event_passes() -> None:
    assert failed(event()) == []


@pytest.mark.parametrize(
    ("changes", "cut"),
    [
        ({"n_tracks": 5}, "four_tracks"),
        ({"pion_2.dr": 0.6}, "from_interaction_point"),
        ({"pion_3.dz": -2.5}, "from_interaction_point"),
        ({"pion_1.electronID": 0.95}, "no_electrons"),
        ({"trigger_fff": 0}, "trigger"),
        ({"n_photons_3prong": 1}, "no_neutrals_3prong"),
        ({"n_photons_1prong": 3}, "neutrals_1prong"),
        ({"photon_energy_1prong": 3.5}, "neutrals_1prong"),
        ({"thrust": 0.98}, "thrust"),
        ({"thrust": 0.85}, "thrust"),
        ({"visible_energy_cm": 9.5}, "visible_energy"),
        ({"missing_mass_squared": -1.0}, "missing_mass"),
        ({"missing_theta_cm": 0.1}, "missing_direction"),
        ({"thrust": math.nan}, "thrust"),
    ],
)
def test_each_cut_rejects_what_it_is_for(changes: dict[str, float], cut: str) -> None:
    assert failed(event(**changes)) == [cut]


def test_one_trigger_is_enough() -> None:
    assert failed(event(trigger_fff=0, trigger_stt=1)) == []


def test_an_event_without_a_pseudomass_fails_where_it_is_counted() -> None:
    # more energy than a τ can have: its squared pseudomass is negative
    columns = event(**{"pion_1.pz": 40.0, "pion_2.pz": -40.0})
    assert math.isnan(columns["pseudomass"][0])
    assert "has_pseudomass" in failed(columns)
    assert evaluate(select.signal_region(select.Thresholds()), columns).nan == {"pseudomass": 1}


def test_another_energy_of_the_beams_keeps_their_boost() -> None:
    beam = NOMINAL.four_vector
    shifted = select.scaled_energy(beam, 1e-3)
    assert np.sqrt(shifted.mass_squared() / beam.mass_squared())[0] == pytest.approx(1.001)
    assert (shifted.pz / shifted.energy)[0] == pytest.approx((beam.pz / beam.energy)[0])


def test_shifts_move_what_they_say() -> None:
    beam = NOMINAL.four_vector
    boosted = scaled_boost(beam, 1e-3)
    assert boosted.mass_squared()[0] == pytest.approx(beam.mass_squared()[0])
    assert boosted.px[0] == pytest.approx(1.001 * beam.px[0])
    columns = event()
    scaled = columns | select.SHIFTS["momentum_scale"](columns, 1e-3)
    up = select.kinematics(scaled, beam)["mass_3pi"] - columns["mass_3pi"]
    # invariant masses of three pions rise by a little less than in proportion
    assert 0.9e-3 * columns["mass_3pi"][0] * 0.5 < up[0] < 1e-3 * columns["mass_3pi"][0]


TRUTH = {
    "radiated_energy_cm": np.array([0.0, 0.5, 0.05]),
    "true_pi0s_minus": np.array([3.0, 3.0, 3.0]),
    "true_pi0s_plus": np.array([0.0, 1.0, 2.0]),
    "true_lepton_minus": np.array([0.0, 0.0, 0.0]),
    "true_lepton_plus": np.array([11.0, 0.0, math.nan]),
}


@pytest.mark.parametrize(
    ("name", "factors"),
    [
        ("radiation", [1.0, 1.1, 1.0]),
        ("tag_neutrals", [1.0, 1.1, 1.21]),
        ("tag_modes", [1.1, 1.0, 1.0]),
    ],
)
def test_weights_follow_the_truth_of_radiation_and_of_the_tau_of_one_prong(
    name: str, factors: list[float]
) -> None:
    # charges + − −: the three prongs are of a τ−, and the tag is a τ+
    charges = {f"{pion}.charge": np.full(3, 1.0 if i == 0 else -1.0) for i, pion in enumerate(select.PIONS)}
    np.testing.assert_allclose(select.WEIGHT_SHIFTS[name](TRUTH | charges, 0.1), factors)


def test_the_tag_of_the_other_charge_is_the_other_tau() -> None:
    charges = {f"{pion}.charge": np.full(3, -1.0 if i == 0 else 1.0) for i, pion in enumerate(select.PIONS)}
    np.testing.assert_allclose(select.WEIGHT_SHIFTS["tag_neutrals"](TRUTH | charges, 1.0), [8.0, 8.0, 8.0])


def test_every_shift_of_the_channel_has_its_function() -> None:
    functions = select.SHIFTS.keys() | select.BEAM_SHIFTS.keys() | select.WEIGHT_SHIFTS.keys()
    assert functions == load_channel("tau_mass").shifts.keys()
