"""Peaks at their masses, as wide as the detector makes them, over combinatorial background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import DetectedEvents, detect
from darkbelle.simulation.generators import generator
from darkbelle.simulation.reconstruction import neutral_pions, truth_tree
from darkbelle.simulation.steering import steering
from darkbelle.simulation.steering.mass_peaks import KShortList

if TYPE_CHECKING:
    from tests.simulation.conftest import ByHand, Row

NOWHERE = (0.0, 0.0, 0.0)


def simulated(process: str, events: int, **options: Any) -> DetectedEvents:
    streams = [np.random.default_rng(seed) for seed in range(3)]
    made = generator(process, **options).generate(events, streams[0]).events
    return detect(place_in_lab(made, NOMINAL, streams[1]), streams[2])


def width(values: NDArray[np.float64]) -> float:
    """Return half the central 68 %, MeV."""
    low, high = np.quantile(values, [0.16, 0.84])
    return float(1e3 * (high - low) / 2)


@pytest.fixture(scope="module")
def hadrons() -> DetectedEvents:
    return simulated("ssbar", 600)


# mass and width of physics.md, section 0, the width with a margin for the events that are few
@pytest.mark.parametrize(
    ("process", "options", "name", "prefix", "mass", "widths", "events"),
    [
        ("ccbar", {"charm": "d_star"}, "d_star", "D0", 1.86484, (3.5, 7.5), 300),
        ("ccbar", {"charm": "d_plus"}, "d_plus", "D", 1.86966, (3.5, 7.5), 300),
        ("jpsi", {}, "jpsi", "Jpsi", 3.0969, (7.0, 13.0), 300),
        ("ssbar", {}, "k_short", "KS", 0.497611, (1.5, 3.5), 600),
    ],
)
def test_peaks_are_where_and_as_wide_as_they_should_be(
    process: str,
    options: dict[str, str],
    name: str,
    prefix: str,
    mass: float,
    widths: tuple[float, float],
    events: int,
) -> None:
    rows = steering(name)(simulated(process, events, **options))
    signal = rows[f"{prefix}_isSignal"] == 1
    found = rows[f"{prefix}_M"][signal]
    assert signal.sum() > 50
    assert widths[0] < width(found) < widths[1]
    # twice the statistical error of a median, and radiation and a non-uniform field are not in
    assert np.median(found) == pytest.approx(mass, abs=2.5e-3 * width(found) / np.sqrt(signal.sum()) + 3e-4)
    assert np.all(rows[f"{prefix}_mcPDG"][signal] != 0)


def test_neutral_pions_are_5_to_6_mev_wide(hadrons: DetectedEvents) -> None:
    found = neutral_pions(hadrons, truth_tree(hadrons.generated), photon_energy=0.1, mass=(0.09, 0.17))
    true = np.sqrt(found.momenta.mass_squared())[found.mc_errors == 0]
    assert len(true) > 200
    assert 4.0 < width(true) < 8.0
    assert np.sum(found.mc_errors != 0) > len(true) / 5


def test_there_are_pairs_that_are_no_k_short(hadrons: DetectedEvents) -> None:
    rows = steering("k_short")(hadrons)
    wrong = rows["KS_isSignal"] != 1
    assert wrong.sum() > (~wrong).sum()
    # true ones fly and point back
    displaced = rows["KS_dr"] > 0.5
    pointing = rows["KS_cosAngleBetweenMomentumAndVertexVector"] > 0.99
    assert np.mean(wrong[displaced & pointing]) < 0.5 * np.mean(wrong)


def test_a_k_short_is_found_where_it_decays(by_hand: ByHand) -> None:
    point = [3.0, 1.0, 2.0]
    rows: list[Row] = [(310, NOWHERE, None), (211, (0.9, 0.4, 0.6), 0), (-211, (0.6, 0.1, 0.4), 0)]
    momentum = np.array([1.5, 0.5, 1.0])
    found = steering("k_short")(
        by_hand(rows, vertices=[[[0, 0, 0], point, point]]), cuts=KShortList(mass=(0.2, 0.9))
    )
    assert len(found["__event__"]) == 1
    assert [found[f"KS_{axis}"][0] for axis in "xyz"] == pytest.approx(point, abs=1e-4)
    assert [found[f"KS_p{axis}"][0] for axis in "xyz"] == pytest.approx(momentum, abs=1e-4)
    assert found["KS_dr"] == pytest.approx(np.hypot(3.0, 1.0), abs=1e-4)
    assert found["KS_distance"] == pytest.approx(np.sqrt(14.0), abs=1e-4)
    assert found["KS_cosAngleBetweenMomentumAndVertexVector"] == pytest.approx(1.0, abs=1e-6)
    assert found["KS_isSignal"] == 1


def test_d_stars_from_their_daughters(by_hand: ByHand) -> None:
    # of a D0 of 3 GeV along x at its mass, with a pion nearly at rest in its frame
    kaon, pion = (1.4, 0.861, 0.1), (1.6, -0.861, -0.1)
    rows: list[Row] = [
        (413, NOWHERE, None),
        (421, NOWHERE, 0),
        (-321, kaon, 1),
        (211, pion, 1),
        (211, (0.24, 0.0, 0.01), 0),
    ]
    found = steering("d_star")(by_hand(rows))
    energy = np.sqrt(np.dot(kaon, kaon) + 0.493677**2) + np.sqrt(np.dot(pion, pion) + 0.13957039**2)
    mass = np.sqrt(energy**2 - 9.0)
    assert 1.8 < mass < 1.93
    right = found["Dst_isSignal"] == 1
    assert right.sum() == 1
    assert found["D0_M"][right] == pytest.approx(mass)
    assert found["pi_slow_px"][right] == pytest.approx(0.24)
    assert found["massDifference"][right] == pytest.approx(found["Dst_M"][right] - mass)
    assert found["K_genMotherPDG"][right] == 421
    assert found["Dst_charge"][right] == 1
