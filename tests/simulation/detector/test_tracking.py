from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from darkbelle.errors import SimulationError
from darkbelle.simulation.detector import NOMINAL_DETECTOR, detect
from darkbelle.simulation.detector.passage import passage
from darkbelle.simulation.detector.tracking import resolution, track_efficiency
from darkbelle.simulation.detector.wires import layers_crossed, outermost_radius, wire_radii
from darkbelle.simulation.events import GeneratedEvents

Gun = Callable[..., GeneratedEvents]
CHAMBER, TRACKING = NOMINAL_DETECTOR.drift_chamber, NOMINAL_DETECTOR.tracking


def test_the_chamber_has_56_layers_from_16p8_to_111p14_cm() -> None:
    radii = wire_radii(CHAMBER)
    assert (radii.size, radii[0], radii[-1]) == (56, 16.80, 111.14)
    assert np.all(np.diff(radii) > 0)
    # the innermost superlayer is 8 layers, 1 cm apart
    assert layers_crossed(np.array([0.0]), np.array([20.0]), CHAMBER)[0] == 4


@pytest.mark.parametrize(
    ("momentum", "theta", "radius"),
    [
        (3.0, 90.0, 111.14),
        (0.1, 90.0, 44.48),  # curls: 2R = 2 pT/(0.0044969/cm)
        (7.0, 20.0, 155.0 * np.tan(np.deg2rad(20.0))),  # leaves through the end plate
        (3.0, 145.0, 95.0 * np.tan(np.deg2rad(35.0))),
    ],
)
def test_tracks_end_where_they_leave_the_chamber(
    gun: Gun, rng: np.random.Generator, momentum: float, theta: float, radius: float
) -> None:
    charged = passage(gun((13, momentum, theta, 0.0)), NOMINAL_DETECTOR, rng).charged
    assert outermost_radius(charged, CHAMBER)[0] == pytest.approx(radius, rel=2e-3)


@pytest.mark.parametrize("theta", [16.9, 150.1])
def test_nothing_is_found_outside_the_acceptance(gun: Gun, rng: np.random.Generator, theta: float) -> None:
    assert len(detect(gun((13, 2.0, theta, 0.0), events=1000), rng).tracks) == 0


def test_a_track_too_slow_for_the_inner_wires_is_not_found(gun: Gun, rng: np.random.Generator) -> None:
    charged = passage(gun((13, 0.035, 90.0, 0.0)), NOMINAL_DETECTOR, rng).charged  # 2R = 15.6 cm
    assert track_efficiency(charged, NOMINAL_DETECTOR)[0] == 0.0


def test_the_efficiency_is_the_declared_one(gun: Gun, rng: np.random.Generator) -> None:
    size = 40_000
    found = len(detect(gun((-13, 3.0, 80.0, 10.0), events=size), rng).tracks)
    expected = NOMINAL_DETECTOR.tracking.efficiency
    assert found / size == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / size))


@pytest.mark.parametrize("transverse", [0.5, 2.0, 5.0])
def test_a_track_through_all_layers_has_the_designs_resolution(
    gun: Gun, rng: np.random.Generator, transverse: float
) -> None:
    charged = passage(gun((13, transverse, 90.0, 0.0)), NOMINAL_DETECTOR, rng).charged
    sigma = resolution(charged, outermost_radius(charged, CHAMBER), CHAMBER, TRACKING)
    beta = transverse / np.hypot(transverse, 0.10566)
    design = np.hypot(0.0011 * transverse, 0.0025 / beta)
    assert sigma.momentum[0] == pytest.approx(design, rel=1e-6)


def test_impact_parameters_are_15_um_at_high_momentum_and_50_um_at_0p5_gev(
    gun: Gun, rng: np.random.Generator
) -> None:
    charged = passage(
        gun((211, 0.5, 90.0, 0.0), (211, 50.0, 90.0, 0.0), events=1), NOMINAL_DETECTOR, rng
    ).charged
    sigma = resolution(charged, outermost_radius(charged, CHAMBER), CHAMBER, TRACKING)
    assert sigma.d0 * 1e4 == pytest.approx([50.0, 15.0], rel=0.02)


def test_measured_momenta_spread_as_the_resolution_says_with_the_tail(
    gun: Gun, rng: np.random.Generator
) -> None:
    tracks = detect(gun((13, 4.0, 90.0, 0.0), events=50_000), rng).tracks
    pull = (4.0 / np.hypot(tracks.px, tracks.py) - 1) / np.hypot(0.0044, 0.0025)
    # 95 % unit Gaussian and 5 % three times as wide: variance 0.95 + 0.05 · 9
    assert pull.mean() == pytest.approx(0.0, abs=0.02)
    assert pull.var() == pytest.approx(1.40, rel=0.04)
    assert np.mean(np.abs(pull) < 1) == pytest.approx(0.95 * 0.6827 + 0.05 * 0.2611, abs=0.01)


def test_a_short_lever_arm_is_worse(gun: Gun, rng: np.random.Generator) -> None:
    charged = passage(gun((13, 4.0, 90.0, 0.0), (13, 11.7, 20.0, 0.0)), NOMINAL_DETECTOR, rng).charged
    sigma = resolution(charged, outermost_radius(charged, CHAMBER), CHAMBER, TRACKING).momentum
    # both have pT 4.0; half the radius costs a factor four and more
    assert sigma[1] > 4 * sigma[0]


def test_a_displaced_birth_shows_in_dr_and_dz(gun: Gun, rng: np.random.Generator) -> None:
    events = gun((13, 3.0, 90.0, 0.0), events=2000)
    moved = GeneratedEvents(
        **{**vars(events), "y": np.full(len(events), 0.7), "z": np.full(len(events), -1.5)}
    )
    tracks = detect(moved, rng).tracks
    assert np.median(tracks.dr) == pytest.approx(0.7, abs=1e-3)
    assert np.median(tracks.dz) == pytest.approx(-1.5, abs=1e-3)


def test_neutrinos_and_neutral_hadrons_leave_no_track(gun: Gun, rng: np.random.Generator) -> None:
    assert len(detect(gun((14, 2.0, 90.0, 0.0), (130, 2.0, 60.0, 9.0), events=50), rng).tracks) == 0


def test_the_same_seed_gives_the_same_answer_and_another_one_another(gun: Gun) -> None:
    events = gun((13, 3.0, 70.0, 0.0), (-211, 1.0, 100.0, 170.0), (22, 1.0, 50.0, 90.0), events=200)
    first, again, other = (detect(events, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first.tracks.px, again.tracks.px)
    assert np.array_equal(first.photons.energy, again.photons.energy)
    assert np.array_equal(first.triggers["cdcklm1"], again.triggers["cdcklm1"])
    assert not np.array_equal(first.tracks.px, other.tracks.px)


def test_events_in_the_cm_frame_are_refused(gun: Gun, rng: np.random.Generator) -> None:
    events = gun((13, 3.0, 90.0, 0.0))
    with pytest.raises(SimulationError, match="place_in_lab"):
        detect(events.with_momenta(events.momenta, "cm"), rng)


def test_no_events_are_no_problem(gun: Gun, rng: np.random.Generator) -> None:
    nothing = detect(gun((13, 3.0, 90.0, 0.0)).slice(0, 0), rng)
    assert len(nothing) == len(nothing.tracks) == len(nothing.photons) == 0
