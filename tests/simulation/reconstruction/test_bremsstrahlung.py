from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from darkbelle.simulation.detector import NOMINAL_DETECTOR
from darkbelle.simulation.reconstruction import BremsstrahlungCuts, bremsstrahlung_of
from darkbelle.vectors import FourVector

if TYPE_CHECKING:
    from tests.simulation.conftest import ByHand, Row

CALORIMETER = NOMINAL_DETECTOR.calorimeter


def electron(degrees: float) -> FourVector:
    phi = np.deg2rad(np.array([degrees]))
    return FourVector.with_mass(np.cos(phi), np.sin(phi), np.zeros(1), 0.000511)


def photon(energy: float, degrees: float, theta: float = 90.0) -> Row:
    phi, polar = np.deg2rad([degrees, theta])
    across = energy * np.sin(polar)
    return 22, (float(across * np.cos(phi)), float(across * np.sin(phi)), float(energy * np.cos(polar))), None


def test_every_photon_goes_to_the_nearest_electron_within_the_angle(by_hand: ByHand) -> None:
    # 0.05 rad are 2.9 degrees
    seen = by_hand([photon(0.2, 1.0), photon(0.3, -1.0), photon(0.4, 2.5), photon(0.8, 8.0)])
    origin = (np.zeros(1), np.zeros(1), np.zeros(1))
    sums = bremsstrahlung_of(
        (electron(0.0), electron(4.0)), np.array([0]), origin, seen, CALORIMETER, BremsstrahlungCuts()
    )
    assert [total.energy[0] for total in sums] == pytest.approx([0.5, 0.4])
    assert sums[1].py[0] == pytest.approx(0.4 * np.sin(np.deg2rad(2.5)))
    assert sums[0].mass_squared()[0] == pytest.approx(2 * 0.2 * 0.3 * (1 - np.cos(np.deg2rad(2.0))))


@pytest.mark.parametrize(("theta", "least"), [(20.0, 0.075), (90.0, 0.05), (140.0, 0.1)])
def test_the_least_energy_is_that_of_the_region(by_hand: ByHand, theta: float, least: float) -> None:
    polar = np.deg2rad(theta)
    along = FourVector.with_mass(np.array([np.sin(polar)]), np.zeros(1), np.array([np.cos(polar)]), 0.000511)
    for energy, found in ((least - 0.001, 0.0), (least + 0.001, least + 0.001)):
        sums = bremsstrahlung_of(
            (along,),
            np.array([0]),
            (np.zeros(1), np.zeros(1), np.zeros(1)),
            by_hand([photon(energy, 0.0, theta)]),
            CALORIMETER,
            BremsstrahlungCuts(),
        )
        assert sums[0].energy[0] == pytest.approx(found)


def test_no_candidates_and_no_photons_are_no_problem(by_hand: ByHand) -> None:
    nothing = FourVector(*(np.zeros(0) for _ in range(4)))
    empty = (np.zeros(0), np.zeros(0), np.zeros(0))
    none = np.zeros(0, dtype=np.int64)
    cuts = BremsstrahlungCuts()
    with_photon = by_hand([photon(0.5, 0.0)])
    assert len(bremsstrahlung_of((nothing,), none, empty, with_photon, CALORIMETER, cuts)[0].px) == 0
    origin = (np.zeros(1), np.zeros(1), np.zeros(1))
    alone = bremsstrahlung_of((electron(0.0),), np.array([0]), origin, by_hand([]), CALORIMETER, cuts)
    assert alone[0].energy.tolist() == [0.0]
