from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import ELECTRON_MASS, PION_MASS, TAU_MASS
from darkbelle.kernels import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.selections import tau_to_lalpha as select
from darkbelle.selections.cuts import evaluate
from darkbelle.vectors import FourVector

THREE = ((0.5, 0.1, 1.2), (0.7, -0.1, 1.4), (0.6, 0.2, 1.1))


def event(changes: Mapping[str, float] | None = None, lepton: select.Lepton = "e") -> dict[str, Any]:
    """An event that passes all cuts of a region, as columns of one entry."""
    columns: dict[str, float] = {}
    for track, momentum in zip(select.TRACKS, (*THREE, (-1.5, -0.1, 0.8)), strict=True):
        columns |= {f"{track}.p{axis}": p for axis, p in zip("xyz", momentum, strict=True)}
        columns |= {f"{track}.dr": 0.01, f"{track}.dz": 0.1, f"{track}.electronID": 0.01}
    columns |= {"lepton.muonID": 0.01, select.LEPTONS[lepton].ratio: 0.99}
    columns |= {"n_tracks": 4, "thrust": 0.95, "n_photons_3prong": 0, "n_photons_1prong": 0}
    columns |= {"visible_energy_cm": 6.0, **dict.fromkeys(select.TRIGGERS["mu"], 0.0), "trigger_hie": 1.0}
    columns |= {"lepton.mcPDG": 11.0, "true_pi0s_minus": 0.0, "true_pi0s_plus": 0.0}
    arrays = {
        name: np.array([value], dtype=np.float64) for name, value in (columns | dict(changes or {})).items()
    }
    arrays["is_best_candidate"] = np.array([True])
    return arrays | select.kinematics(lepton, arrays, NOMINAL.four_vector)


def failed(columns: dict[str, Any], lepton: select.Lepton = "e") -> list[str]:
    cuts = select.signal_region(lepton, select.Thresholds())
    return [cut.name for cut in cuts if not evaluate([cut], columns).selected[0]]


@pytest.mark.parametrize("lepton", select.LEPTONS)
def test_the_event_passes(lepton: select.Lepton) -> None:
    assert failed(event(None, lepton), lepton) == []


@pytest.mark.parametrize(
    ("changes", "cut"),
    [
        ({"n_tracks": 5}, "four_tracks"),
        ({"lepton.dr": 0.6}, "from_interaction_point"),
        ({"pion_3.dz": -2.5}, "from_interaction_point"),
        ({"lepton.electronID": 0.85}, "lepton_id"),
        ({"lepton.electronID": math.nan}, "lepton_id"),
        ({"pion_1.electronID": 0.95}, "no_electrons"),
        ({"trigger_hie": 0}, "trigger"),
        ({"trigger_hie": 0, "trigger_fff": 1}, "trigger"),  # tracks are no trigger for electrons
        ({"n_photons_3prong": 1}, "no_neutrals_3prong"),
        ({"n_photons_1prong": 1}, "no_neutrals_1prong"),
        ({"thrust": 0.89}, "thrust"),
        ({"thrust": 0.995}, "thrust"),
        ({"thrust": math.nan}, "thrust"),
        ({"pion_1.py": 2.5}, "mass_3pi"),
    ],
)
def test_each_cut_rejects_what_it_is_for(changes: dict[str, float], cut: str) -> None:
    assert failed(event(changes)) == [cut]


def test_a_muon_is_triggered_by_tracks_and_is_no_electron() -> None:
    assert failed(event({"trigger_hie": 0, "trigger_fff": 1}, "mu"), "mu") == []
    assert failed(event(None, "mu"), "e") == ["lepton_id"]


def test_a_lepton_of_a_two_body_decay_is_a_line_if_the_tag_shows_the_direction() -> None:
    # a τ of half the energy of the beams along -z in the CM, opposite to three pions along z; the electron of
    # τ → eα, α of 1 GeV, goes anywhere in the rest frame of the τ
    rng = np.random.default_rng(3)
    energy = NOMINAL.sqrt_s / 2
    momentum = np.sqrt(energy**2 - TAU_MASS**2)
    one, nothing = np.ones(50), np.zeros(50)
    tau = FourVector(nothing, nothing, -momentum * one, energy * one)
    of_lepton = (TAU_MASS**2 + ELECTRON_MASS**2 - 1.0) / (2 * TAU_MASS)
    cosine, phi = rng.uniform(-1, 1, 50), rng.uniform(0, 2 * np.pi, 50)
    size, sine = np.sqrt(of_lepton**2 - ELECTRON_MASS**2), np.sqrt(1 - cosine**2)
    at_rest = FourVector(size * sine * np.cos(phi), size * sine * np.sin(phi), size * cosine, of_lepton * one)
    lepton = boost_from_rest_frame(boost_from_rest_frame(at_rest, tau), NOMINAL.four_vector)
    in_cm = [FourVector.with_mass(s * one, nothing, 1.3 * one, PION_MASS) for s in (-0.2, 0.0, 0.2)]
    tracks = [*(boost_from_rest_frame(pion, NOMINAL.four_vector) for pion in in_cm), lepton]
    columns = {
        f"{name}.{axis}": getattr(track, axis)
        for name, track in zip(select.TRACKS, tracks, strict=True)
        for axis in ("px", "py", "pz")
    }
    found = select.kinematics("e", columns, NOMINAL.four_vector)
    np.testing.assert_allclose(found["x_lepton"], 1 - (1.0 - ELECTRON_MASS**2) / TAU_MASS**2, rtol=1e-6)
    pions = tracks[0].plus(tracks[1]).plus(tracks[2])
    np.testing.assert_allclose(found["mass_3pi"], np.sqrt(pions.mass_squared()))
    assert boost_to_rest_frame(pions, NOMINAL.four_vector).pz[0] == pytest.approx(3.9)


def factor(name: str, size: float, changes: Mapping[str, float] | None = None) -> float:
    return float(select.weight_shifts("e")[name](event(changes), size)[0])


def test_tilts_change_the_ends_and_not_the_middle() -> None:
    assert factor("trigger", 0.1, {"visible_energy_cm": 6.0}) == pytest.approx(1.0)
    assert factor("trigger", 0.1, {"visible_energy_cm": 12.0}) == pytest.approx(1.1)
    assert factor("trigger", -0.1, {"visible_energy_cm": 1.0}) == pytest.approx(1.1)
    at_middle = {"lepton.px": -2.75, "lepton.py": 0.0, "lepton.pz": 0.0}
    assert factor("lepton_id", 0.1, at_middle) == pytest.approx(1.0)
    assert factor("lepton_id", 0.1, at_middle | {"lepton.px": -0.1}) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("pdg", "expected"), [(11, 1.0), (-11, 1.0), (-211, 1.2), (13, 1.2), (math.nan, 1.2)]
)
def test_what_is_no_true_lepton_counts_as_another_track(pdg: float, expected: float) -> None:
    assert factor("lepton_fakes", 0.2, {"lepton.mcPDG": pdg}) == pytest.approx(expected)


def test_true_pi0s_and_slow_tracks_count_each() -> None:
    assert factor("neutral_pions", 0.03, {"true_pi0s_minus": 2.0, "true_pi0s_plus": 1.0}) == pytest.approx(
        1.09
    )
    assert factor("neutral_pions", 0.03, {"true_pi0s_minus": math.nan, "true_pi0s_plus": math.nan}) == 1.0
    assert factor("tracking", 0.01) == 1.0
    assert factor("tracking", 0.01, {"pion_1.px": 0.1, "pion_3.px": 0.1}) == pytest.approx(1.02)
