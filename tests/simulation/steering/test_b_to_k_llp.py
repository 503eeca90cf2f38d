from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import detect
from darkbelle.simulation.events import SCALAR
from darkbelle.simulation.generators import generator
from darkbelle.simulation.steering.b_to_k_llp import CHANNELS, DisplacedList, b_to_k_llp_candidates
from darkbelle.vectors import FourVector

if TYPE_CHECKING:
    from tests.simulation.conftest import ByHand, Row

NOWHERE = (0.0, 0.0, 0.0)
B_MASS = 5.27941


def decayed(frame: FourVector, masses: tuple[float, float], direction: tuple[float, float, float]) -> Any:
    """Return the two products of a decay, one along a direction in its rest frame."""
    mass = float(np.sqrt(frame.mass_squared()[0]))
    first, second = masses
    momentum = np.sqrt((mass**2 - (first + second) ** 2) * (mass**2 - (first - second) ** 2)) / (2 * mass)
    px, py, pz = (momentum * np.array(direction) / np.linalg.norm(direction)).reshape(3, 1)
    return (
        boost_from_rest_frame(FourVector.with_mass(px, py, pz, first), frame),
        boost_from_rest_frame(FourVector.with_mass(-px, -py, -pz, second), frame),
    )


def momentum(vector: FourVector) -> tuple[float, float, float]:
    return float(vector.px[0]), float(vector.py[0]), float(vector.pz[0])


def signal(lepton: int = 13, mass: float = 0.1056583755, distance: float = 2.0) -> tuple[list[Row], Any]:
    """Return B+ → K+ S, S → l+l− that flies for ``distance`` cm, and the vertices."""
    size = np.sqrt(NOMINAL.sqrt_s**2 / 4 - B_MASS**2)
    in_cm = FourVector(np.zeros(1), np.array([size]), np.zeros(1), np.array([NOMINAL.sqrt_s / 2]))
    meson = boost_from_rest_frame(in_cm, NOMINAL.four_vector)
    kaon, scalar = decayed(meson, (0.493677, 1.5), (0.6, 0.5, -0.4))
    plus, minus = decayed(scalar, (mass, mass), (0.3, -0.8, 0.5))
    point = distance * np.array(momentum(scalar)) / np.linalg.norm(momentum(scalar))
    rows: list[Row] = [
        (521, NOWHERE, None),
        (321, momentum(kaon), 0),
        (SCALAR, NOWHERE, 0),
        (-lepton, momentum(plus), 2),
        (lepton, momentum(minus), 2),
    ]
    origin = [0.0, 0.0, 0.0]
    return rows, [[origin, origin, origin, point.tolist(), point.tolist()]]


def test_a_perfect_decay_has_the_mass_of_a_b_and_no_missing_energy(by_hand: ByHand) -> None:
    rows, vertices = signal()
    found = b_to_k_llp_candidates(by_hand(rows, vertices=vertices))
    assert found["channel"].tolist() == [2]
    assert found["B_Mbc"] == pytest.approx(B_MASS, abs=1e-4)
    assert found["B_deltaE"] == pytest.approx(0.0, abs=1e-3)
    assert found["LLP_M"] == pytest.approx(1.5, abs=1e-4)
    assert found["LLP_distance"] == pytest.approx(2.0, abs=1e-3)
    assert found["LLP_cosAngleBetweenMomentumAndVertexVector"] == pytest.approx(1.0, abs=1e-6)
    assert found["B_isSignal"] == 1
    assert found["LLP_mcPDG"] == SCALAR
    assert found["LLP_genMotherPDG"] == 521
    assert np.isnan(found["Kst_M"]).all()
    assert np.isnan(found["pi_px"]).all()
    assert found["roe_nTracks"] == 0


def test_identification_says_the_channel(by_hand: ByHand) -> None:
    rows, vertices = signal(lepton=11, mass=0.000511)
    assert b_to_k_llp_candidates(by_hand(rows, vertices=vertices))["channel"].tolist() == [1]
    anything = b_to_k_llp_candidates(
        by_hand(rows, vertices=vertices),
        cuts=DisplacedList(identification=0.0, most_delta_e=5.0, least_mbc=0.0),
    )
    assert set(anything["channel"]) >= {1, 2, 3, 4}
    right = anything["B_isSignal"] == 1
    assert set(anything["channel"][right]) == {1}


def radiated(
    share: float, turned: float = 0.0
) -> tuple[list[Row], list[list[list[float]]], NDArray[np.float64]]:
    """Return B+ → K+ S(e+e−) whose e+ gave a share of its momentum to a photon, turned by an angle in φ."""
    rows, vertices = signal(lepton=11, mass=0.000511)
    lost = np.array(rows[3][1])
    point, along = np.array(vertices[0][3]), np.array([*lost])
    along[:2] = [
        lost[0] * np.cos(turned) - lost[1] * np.sin(turned),
        lost[0] * np.sin(turned) + lost[1] * np.cos(turned),
    ]
    along /= np.linalg.norm(along)
    # on the barrel of the calorimeter, r = 125 cm: (point + t along)² = 125² in x and y
    a, b = along[:2] @ along[:2], along[:2] @ point[:2]
    seen = point + along * (np.sqrt(b * b - a * (point[:2] @ point[:2] - 125.0**2)) - b) / a
    photon = share * np.linalg.norm(lost) * seen / np.linalg.norm(seen)
    kept = (1 - share) * lost
    rows[3] = (-11, (float(kept[0]), float(kept[1]), float(kept[2])), 2)
    rows.append((22, (float(photon[0]), float(photon[1]), float(photon[2])), 2))
    return rows, [[*vertices[0], vertices[0][3]]], lost


def test_bremsstrahlung_is_given_back_to_its_electron(by_hand: ByHand) -> None:
    rows, vertices, whole = radiated(0.3)
    seen = by_hand(rows, vertices=vertices)
    with_it = b_to_k_llp_candidates(seen)
    assert with_it["channel"].tolist() == [1]
    assert with_it["B_deltaE"] == pytest.approx(0.0, abs=1e-3)
    assert with_it["LLP_M"] == pytest.approx(1.5, abs=1e-3)
    assert [with_it[f"LLP_p_p{axis}"][0] for axis in "xyz"] == pytest.approx(whole.tolist(), abs=1e-3)
    assert [with_it[f"LLP_{sign}_bremsCorrected"].tolist() for sign in "pm"] == [[1], [0]]
    assert with_it["roe_photonEnergy"] == pytest.approx(0.0, abs=1e-9)
    without = b_to_k_llp_candidates(
        seen, cuts=DisplacedList(brems_angle=0.0, most_delta_e=2.0, least_mbc=0.0)
    )
    assert without["B_deltaE"] < -0.1
    assert [without[f"LLP_{sign}_bremsCorrected"].tolist() for sign in "pm"] == [[0], [0]]
    assert without["roe_photonEnergy"] == pytest.approx(0.3 * np.linalg.norm(whole))


@pytest.mark.parametrize(("share", "turned"), [(0.3, 0.2), (0.01, 0.0)])
def test_photons_far_off_or_too_soft_are_not_given_back(by_hand: ByHand, share: float, turned: float) -> None:
    rows, vertices, _ = radiated(share, turned)
    wide = DisplacedList(most_delta_e=2.0, least_mbc=0.0)
    found = b_to_k_llp_candidates(by_hand(rows, vertices=vertices), cuts=wide)
    assert found["channel"].tolist() == [1]
    assert [found[f"LLP_{sign}_bremsCorrected"].tolist() for sign in "pm"] == [[0], [0]]
    assert found["LLP_M"] < 1.5 - 1e-3


def test_prompt_pairs_are_not_written(by_hand: ByHand) -> None:
    rows, vertices = signal(distance=0.01)
    assert len(b_to_k_llp_candidates(by_hand(rows, vertices=vertices))["channel"]) == 0


def test_every_channel_has_the_same_columns(by_hand: ByHand) -> None:
    rows, vertices = signal()
    full, empty = b_to_k_llp_candidates(by_hand(rows, vertices=vertices)), b_to_k_llp_candidates(by_hand([]))
    assert {name: column.dtype for name, column in full.items()} == {
        name: column.dtype for name, column in empty.items()
    }
    assert len(CHANNELS) == 8


@pytest.fixture(scope="module")
def simulated() -> dict[str, NDArray[Any]]:
    streams = [np.random.default_rng(seed) for seed in range(3)]
    made = generator("b_to_k_s", kaon="K*0", final_state="pipi", mass=1.5, ctau_cm=1.0)
    events = made.generate(600, streams[0]).events
    return b_to_k_llp_candidates(detect(place_in_lab(events, NOMINAL, streams[1]), streams[2]))


def test_mbc_is_as_wide_as_the_beams_and_delta_e_as_the_tracks(simulated: dict[str, NDArray[Any]]) -> None:
    right = simulated["B_isSignal"] == 1
    assert set(simulated["channel"][right]) == {7}
    assert right.sum() > 100
    mbc, delta_e = (np.quantile(simulated[name][right], [0.16, 0.5, 0.84]) for name in ("B_Mbc", "B_deltaE"))
    # σ(√s)/2 is 2.5 MeV, a little more with the momentum; 10 to 20 MeV of ΔE is what tracks of 2 GeV give;
    # the width of so few has an error of 8 %
    assert 2.0e-3 < (mbc[2] - mbc[0]) / 2 < 3.2e-3
    assert mbc[1] == pytest.approx(5.2797, abs=1e-3)
    assert 7e-3 < (delta_e[2] - delta_e[0]) / 2 < 20e-3
    assert abs(delta_e[1]) < 4e-3


def test_the_true_flight_is_the_measured_one(simulated: dict[str, NDArray[Any]]) -> None:
    right = simulated["B_isSignal"] == 1
    size = np.sqrt(sum(simulated[f"LLP_{axis}"][right] ** 2 for axis in ("px", "py", "pz")))
    measured = simulated["LLP_distance"][right] * 1.5 / size
    true = simulated["genLLPProperLength"][right]
    # from the interaction point instead of where the B decayed: some 0.1 mm off
    far = true > 0.5
    assert far.sum() > 50
    assert np.median(measured[far] / true[far]) == pytest.approx(1.0, abs=0.03)


def test_combinatorial_background_is_there(simulated: dict[str, NDArray[Any]]) -> None:
    wrong = simulated["B_isSignal"] != 1
    assert wrong.sum() > 50
    assert np.std(simulated["B_deltaE"][wrong]) > 2 * np.std(simulated["B_deltaE"][~wrong])
    assert simulated["__ncandidates__"].max() > 1
    assert np.all(np.diff(simulated["__event__"].astype(int)) >= 0)
