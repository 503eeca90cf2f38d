from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from darkbelle.errors import SimulationError
from darkbelle.simulation.detector import NOMINAL_DETECTOR, detect, displaced_track_efficiency
from darkbelle.simulation.detector.passage import passage
from darkbelle.simulation.detector.track_fit import Courses, follow
from darkbelle.simulation.detector.tracking import momentum_bias, track_efficiency
from darkbelle.simulation.detector.wires import layers_crossed, wire_radii
from darkbelle.simulation.events import GeneratedEvents

Gun = Callable[..., GeneratedEvents]
CHAMBER, TRACKING = NOMINAL_DETECTOR.drift_chamber, NOMINAL_DETECTOR.tracking


def course(events: GeneratedEvents, rng: np.random.Generator) -> Courses:
    return follow(passage(events, NOMINAL_DETECTOR, rng).charged, NOMINAL_DETECTOR)


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
    # the last two layers of wires before that count as one, and superlayers are up to 3 cm apart
    assert radius - 4.5 < course(gun((13, momentum, theta, 0.0)), rng).outermost[0] <= radius


@pytest.mark.parametrize("theta", [16.9, 150.1])
def test_nothing_is_found_outside_the_acceptance(gun: Gun, rng: np.random.Generator, theta: float) -> None:
    assert len(detect(gun((13, 2.0, theta, 0.0), events=1000), rng).tracks) == 0


def test_a_track_too_slow_for_the_inner_wires_is_not_found(gun: Gun, rng: np.random.Generator) -> None:
    events = gun((13, 0.035, 90.0, 0.0))  # 2R = 15.6 cm
    charged = passage(events, NOMINAL_DETECTOR, rng).charged
    assert track_efficiency(charged, course(events, rng), TRACKING)[0] == 0.0


@pytest.mark.parametrize(("radius", "layers"), [(15.0, 56), (25.0, 48), (36.0, 42), (47.0, 36), (58.0, 30)])
def test_without_silicon_the_efficiency_is_that_of_20_hits_in_the_layers_left(
    radius: float, layers: int
) -> None:
    expected = TRACKING.efficiency * binom.sf(19, layers, TRACKING.hit_share)
    assert displaced_track_efficiency(np.array([radius]))[0] == pytest.approx(expected, rel=1e-5)


def test_the_efficiency_falls_as_layers_are_lost_before_it_is_zero() -> None:
    efficiency = displaced_track_efficiency(np.arange(0.0, 110.0, 5.0))
    assert np.all(np.diff(efficiency) <= 0)
    assert np.sum((efficiency > 0.02) & (efficiency < 0.95)) > 5  # no step
    assert np.all(efficiency[-6:] == 0)  # from 80 cm, 18 layers are left
    # slow ones curl up before the outer layers
    assert displaced_track_efficiency(np.array([30.0]), 0.2)[0] < 0.5 * efficiency[6]


def test_20_layers_that_follow_each_other_hold_axial_and_stereo_wires() -> None:
    stereo = np.repeat(np.array(CHAMBER.stereo_angle) != 0, CHAMBER.superlayer_size)
    windows = np.lib.stride_tricks.sliding_window_view(stereo, TRACKING.hits_without_silicon)
    assert (windows.sum(axis=1).min(), (~windows).sum(axis=1).min()) == (6, 8)


def test_the_efficiency_is_the_declared_one(gun: Gun, rng: np.random.Generator) -> None:
    size = 40_000
    found = len(detect(gun((-13, 3.0, 80.0, 10.0), events=size), rng).tracks)
    expected = NOMINAL_DETECTOR.tracking.efficiency
    assert found / size == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / size))


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


def test_the_bias_of_momenta_is_off_unless_asked_for(gun: Gun) -> None:
    events = gun((13, 2.0, 60.0, 0.0), (-13, 2.0, 60.0, 120.0), events=3000)
    scale = replace(NOMINAL_DETECTOR.momentum_scale, strength=1.0)
    biased = replace(NOMINAL_DETECTOR, momentum_scale=scale)
    as_is, shifted = (detect(events, np.random.default_rng(3), d).tracks for d in (NOMINAL_DETECTOR, biased))
    change = np.hypot(shifted.px, shifted.py) / np.hypot(as_is.px, as_is.py) - 1
    # −4e-4 − 6e-4 cos 60°, ± (1e-4 + 2e-4 cos 60°)
    assert change[as_is.charge > 0] == pytest.approx(-7e-4 + 2e-4, abs=2e-5)
    assert change[as_is.charge < 0] == pytest.approx(-7e-4 - 2e-4, abs=2e-5)
    np.testing.assert_array_equal(shifted.truth.px, as_is.truth.px)
    assert np.all(momentum_bias(np.ones(2), np.ones(2), NOMINAL_DETECTOR.momentum_scale) == 0)
