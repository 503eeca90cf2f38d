from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.kernels import boost_from_rest_frame, pseudomass
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import detect
from darkbelle.simulation.generators import generator
from darkbelle.simulation.steering.tau_3x1 import tau_3x1_candidates
from darkbelle.simulation.tau_modes import MODES
from darkbelle.vectors import FourVector

if TYPE_CHECKING:
    from tests.simulation.conftest import ByHand, Row

NOWHERE = (0.0, 0.0, 0.0)
MASSES = {211: 0.13957039, 22: 0.0}


def in_lab(code: int, momentum: tuple[float, float, float], mother: int | None) -> Row:
    """Return a row for a particle whose momentum is given in the CM."""
    px, py, pz = np.array(momentum).reshape(3, 1)
    moved = boost_from_rest_frame(FourVector.with_mass(px, py, pz, MASSES[abs(code)]), NOMINAL.four_vector)
    return code, (float(moved.px[0]), float(moved.py[0]), float(moved.pz[0])), mother


def event(*extra: Row, single: int = 211) -> list[Row]:
    """Return τ− → π−π−π+ν along x and τ+ → π+ν against it, momenta in the CM."""
    return [
        (15, NOWHERE, None),
        (-15, NOWHERE, None),
        in_lab(-211, (1.0, 0.2, 0.1), 0),
        in_lab(-211, (1.6, -0.3, 0.1), 0),
        in_lab(211, (0.8, 0.1, -0.4), 0),
        (16, (0.5, 0.0, 0.1), 0),
        in_lab(single, (-2.0, 0.2, 0.3), 1),
        (-16, (-1.0, 0.0, 0.1), 1),
        *extra,
    ]


def test_three_on_one_side_and_one_on_the_other_are_a_row(by_hand: ByHand) -> None:
    rows = tau_3x1_candidates(by_hand([], event()), first_event=7)
    assert rows["__event__"].tolist() == [8]
    assert [rows[f"pi_{i}_charge"][0] for i in (1, 2, 3)] == [1, -1, -1]
    assert np.hypot(rows["pi_2_px"], rows["pi_2_py"]) > np.hypot(rows["pi_3_px"], rows["pi_3_py"])
    assert rows["track_1prong_charge"] == 1
    assert rows["tau_3prong_charge"] == -1
    assert rows["tau_3prong_mcPDG"] == 15
    assert rows["tau_3prong_isSignal"] == 0
    assert rows["tau_3prong_isSignalAcceptMissingNeutrino"] == 1
    assert rows["tauMinusMcProng"] == 3
    assert rows["tauPlusMcProng"] == 1
    assert rows["tauPlusMcLepton"] == 0
    modes = [list(MODES)[rows[f"genTau{charge}Mode"][0]] for charge in ("Minus", "Plus")]
    assert modes == ["3pi", "pi"]
    assert np.isnan(rows["M_1prong_pi0"])


@pytest.mark.parametrize(
    "other",
    [
        event(in_lab(211, (-1.0, 0.1, 0.0), 1)),  # five tracks
        event(single=-211),  # a charge of 2
        event()[:-2],  # three tracks
    ],
)
def test_other_events_are_not_written(by_hand: ByHand, other: list[Row]) -> None:
    assert len(tau_3x1_candidates(by_hand(other))["__event__"]) == 0


def test_two_against_two_is_not_written(by_hand: ByHand) -> None:
    rows = event()
    turned = in_lab(211, (-0.8, 0.1, -0.4), 0)
    assert len(tau_3x1_candidates(by_hand([*rows[:4], turned, *rows[5:]]))["__event__"]) == 0


def test_photons_are_counted_by_hemisphere(by_hand: ByHand) -> None:
    half = 0.5
    turn = 2 * np.arcsin(0.1349768 / (2 * half))
    pair = [
        in_lab(22, (-half, 0.0, 0.0), 8),
        in_lab(22, (-half * np.cos(turn), -half * np.sin(turn), 0.0), 8),
    ]
    rows = tau_3x1_candidates(by_hand(event((111, NOWHERE, 1), *pair, in_lab(22, (0.3, 0.0, 0.0), None))))
    assert [rows[f"nPhotons_{side}"].tolist() for side in ("1prong", "3prong")] == [[2], [1]]
    assert [rows[f"nPi0s_{side}"].tolist() for side in ("1prong", "3prong")] == [[1], [0]]
    energies = [np.sqrt(np.dot(momentum, momentum)) for _, momentum, _ in pair]
    assert rows["photonEnergy_1prong"] == pytest.approx(sum(energies))
    assert rows["maxPhotonEnergy_1prong"] == pytest.approx(max(energies))
    # π+π0 of the momenta above, in the CM
    energy = np.sqrt(4.13 + MASSES[211] ** 2) + 1.0
    momentum = np.array([-2.0 - half - half * np.cos(turn), 0.2 - half * np.sin(turn), 0.3])
    assert rows["M_1prong_pi0"] == pytest.approx(np.sqrt(energy**2 - momentum @ momentum), rel=1e-6)
    assert rows["tauPlusMcPi0s"] == 1


def test_photons_of_the_collision_are_summed_in_the_cm(by_hand: ByHand) -> None:
    pair = [in_lab(22, (0.3, 0.0, 0.4), None), in_lab(22, (0.0, -1.0, 0.0), None)]
    of_pion = [(111, NOWHERE, 1), in_lab(22, (-0.4, 0.1, 0.0), 10), in_lab(22, (-0.4, -0.1, 0.0), 10)]
    rows = tau_3x1_candidates(by_hand(event(), event(*pair, *of_pion)))
    assert rows["genRadiatedEnergyCMS"] == pytest.approx([0.0, 1.5])


def test_what_is_missing_and_visible_add_up_to_the_beams(by_hand: ByHand) -> None:
    rows = tau_3x1_candidates(by_hand(event()))
    momenta = np.array([[1.0, 0.2, 0.1], [1.6, -0.3, 0.1], [0.8, 0.1, -0.4], [-2.0, 0.2, 0.3]])
    energy = np.sqrt((momenta**2).sum(axis=1) + MASSES[211] ** 2).sum()
    missing = np.linalg.norm(momenta.sum(axis=0))
    assert rows["visibleEnergyOfEventCMS"] == pytest.approx(energy)
    assert rows["missingEnergyOfEventCMS"] == pytest.approx(NOMINAL.sqrt_s - energy)
    assert rows["missingMomentumOfEventCMS"] == pytest.approx(missing)
    assert rows["missingMass2OfEvent"] == pytest.approx((NOMINAL.sqrt_s - energy) ** 2 - missing**2)


@pytest.fixture(scope="module")
def simulated() -> dict[str, NDArray[Any]]:
    streams = [np.random.default_rng(seed) for seed in range(3)]
    events = generator("tautau", modes=("3pi", "1prong")).generate(3000, streams[0]).events
    return tau_3x1_candidates(detect(place_in_lab(events, NOMINAL, streams[1]), streams[2]))


def test_most_true_events_are_found_and_right(simulated: dict[str, NDArray[Any]]) -> None:
    right = simulated["tau_3prong_isSignalAcceptMissingNeutrino"] == 1
    assert len(right) > 900  # some 0.9 per track in the acceptance, four times
    assert right.mean() > 0.7
    assert np.median(simulated["thrust"]) > 0.9


def test_the_pseudomass_ends_at_the_tau_mass(simulated: dict[str, NDArray[Any]]) -> None:
    right = simulated["tau_3prong_isSignalAcceptMissingNeutrino"] == 1
    columns = (simulated[f"tau_3prong_{name}"][right] for name in ("px", "py", "pz", "E"))
    mass = pseudomass(FourVector(*columns), NOMINAL.four_vector).mass
    assert np.mean(mass < 1.777) > 0.85  # above: radiation and resolution
    below, above = ((mass > low) & (mass < low + 0.03) for low in (1.74, 1.79))
    assert below.sum() > 2 * above.sum()
