from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.simulation.acceptance import MuonPairFilter, as_filter, inside_tracking, nominal_lab
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.vectors import FourVector


def _pairs(size: int) -> FourVector:
    """Back-to-back muons that share the nominal √s, shape (size, 2)."""
    rng = np.random.default_rng(1)
    energy = NOMINAL.sqrt_s / 2.0
    direction = rng.normal(size=(size, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    both = energy * np.stack([direction, -direction], axis=1)
    return FourVector(both[..., 0], both[..., 1], both[..., 2], np.full((size, 2), energy))


def test_nominal_lab_is_where_collisions_without_spread_are_placed() -> None:
    events = GeneratedEvents.from_slots(np.array([22, 22]), _pairs(50))
    calm = replace(NOMINAL, her_spread=0.0, ler_spread=0.0)
    placed = place_in_lab(events, calm, np.random.default_rng(2))
    for found, expected in zip(nominal_lab(events.momenta), placed.momenta, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_acceptance_is_a_cone_about_the_solenoid_axis() -> None:
    momenta: FourVector = FourVector(*(column.ravel() for column in _pairs(2000)))
    lab = nominal_lab(momenta)
    degrees = np.degrees(np.arctan2(np.hypot(lab.px, lab.py), lab.pz))
    inside = inside_tracking(momenta)
    assert inside[(degrees > 17.0) & (degrees < 150.0)].all()
    assert not inside[(degrees < 16.0) | (degrees > 151.0)].any()


WIDE = MuonPairFilter(
    purpose="test", theta=(0.0, 180.0), min_transverse=0.0, min_pair_transverse=0.0, min_recoil_transverse=0.0
)


def _muon(px: float, py: float, pz: float) -> FourVector:
    return FourVector.single(px, py, pz, float(np.sqrt(px**2 + py**2 + pz**2 + MUON_MASS**2)))


@pytest.mark.parametrize(("least", "passes"), [(1.49, True), (1.51, False)])
def test_momentum_of_the_pair_is_taken_to_the_collision_axis(least: float, passes: bool) -> None:
    # (2, 0, 1) and (−0.5, 0, 2): 1.5 GeV along x together
    pair = replace(WIDE, min_pair_transverse=least)
    assert pair.passes(_muon(2.0, 0.0, 1.0), _muon(-0.5, 0.0, 2.0)).tolist() == [passes]


@pytest.mark.parametrize(("least", "passes"), [(0.79, True), (0.81, False)])
def test_recoil_is_taken_to_both_particles(least: float, passes: bool) -> None:
    # a 3-4-5 triangle: to the first the recoil of (3, 0, 0) and (0.6, 0.8, 0) has 0.8, to the second 2.4
    pair = replace(WIDE, min_recoil_transverse=least)
    one, other = _muon(3.0, 0.0, 0.0), _muon(0.6, 0.8, 0.0)
    assert pair.passes(one, other).tolist() == [passes]
    assert pair.passes(other, one).tolist() == [passes]


def test_angles_and_transverse_momenta_are_those_of_the_lab() -> None:
    momenta: FourVector = FourVector(*(column.T.ravel() for column in _pairs(3000)))
    first, second = (FourVector(*(c[part] for c in momenta)) for part in (np.s_[:3000], np.s_[3000:]))
    lab = nominal_lab(momenta)
    transverse = np.hypot(lab.px, lab.py)
    degrees = np.degrees(np.arctan2(transverse, lab.pz))
    seen = (degrees > 40.0) & (degrees < 120.0)
    passes = replace(WIDE, theta=(40.0, 120.0)).passes(first, second)
    np.testing.assert_array_equal(passes, seen[:3000] & seen[3000:])
    hard = replace(WIDE, min_transverse=3.0).passes(first, second)
    np.testing.assert_array_equal(hard, (transverse[:3000] > 3.0) & (transverse[3000:] > 3.0))


def test_any_pair_of_opposite_charges_lets_an_event_pass() -> None:
    # the first pair of each event has no transverse momentum; those with its third particle have
    px, pz = np.array([[0.0, 0.0, 2.0]]), np.array([[2.0, -2.0, 0.0]])
    momenta = FourVector.with_mass(px, 0.0 * px, pz, MUON_MASS)
    asked = replace(WIDE, min_pair_transverse=1.0)
    for codes, passes in (
        ((13, -13, 22), False),
        ((13, -13, 211), True),
        ((13, -13, -11), True),
        ((13, 211, -14), False),
        ((13, 13, -321), False),
        ((13, 13, 321), True),
    ):
        events = GeneratedEvents.from_slots(np.array(codes), momenta)
        assert asked.passing(events).tolist() == [passes], codes


def test_filters_come_from_plain_mappings_and_are_checked() -> None:
    assert as_filter(asdict(WIDE)) == WIDE
    assert as_filter(None) is None
    with pytest.raises(ConfigurationError, match="no filter of muon pairs"):
        as_filter({"purpose": "test", "angles": (30.0, 120.0)})
    with pytest.raises(ConfigurationError, match="angles that rise"):
        replace(WIDE, theta=(120.0, 30.0))
    with pytest.raises(ConfigurationError, match="none negative"):
        replace(WIDE, min_transverse=-1.0)
