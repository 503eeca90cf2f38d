from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from darkbelle.errors import SimulationError
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.particles import Particles
from darkbelle.vectors import FourVector


@pytest.fixture
def events() -> GeneratedEvents:
    """Three events of 2, 0 and 3 particles, whose energies are 1 to 5."""
    keep = np.array([[True, True, False], [False, False, False], [True, True, True]])
    energy = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 0.0], [3.0, 4.0, 5.0]])
    nil = np.zeros((3, 3))
    return GeneratedEvents.from_slots(
        np.array([13, -13, 22]), FourVector(nil, nil, energy, energy), keep=keep
    )


def test_slots_become_particles_event_by_event(events: GeneratedEvents) -> None:
    assert events.offsets.tolist() == [0, 2, 2, 5]
    assert events.pdg.tolist() == [13, -13, 13, -13, 22]
    assert events.energy.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert events.event_of_particle.tolist() == [0, 0, 2, 2, 2]
    assert len(events) == 3


def test_codes_may_differ_by_event() -> None:
    one = np.ones((2, 1))
    made = GeneratedEvents.from_slots(np.array([[11], [13]]), FourVector(one, one, one, one))
    assert made.pdg.tolist() == [11, 13]


@pytest.mark.parametrize(
    ("start", "stop", "energies"), [(0, 1, [1, 2]), (1, 3, [3, 4, 5]), (1, 2, []), (2, 99, [3, 4, 5])]
)
def test_slices(events: GeneratedEvents, start: int, stop: int, energies: list[float]) -> None:
    part = events.slice(start, stop)
    assert part.energy.tolist() == energies
    assert part.offsets[0] == 0


def test_slices_joined_are_the_whole(events: GeneratedEvents) -> None:
    joined = GeneratedEvents.concatenate([events.slice(0, 1), events.slice(1, 2), events.slice(2, 3)])
    assert joined.offsets.tolist() == events.offsets.tolist()
    assert joined.energy.tolist() == events.energy.tolist()
    assert joined.pdg.dtype == np.int32


def test_selection_keeps_whole_events(events: GeneratedEvents) -> None:
    kept = events.select(np.array([False, True, True]))
    assert kept.offsets.tolist() == [0, 0, 3]
    assert kept.energy.tolist() == [3.0, 4.0, 5.0]


def test_frames_do_not_mix(events: GeneratedEvents) -> None:
    with pytest.raises(SimulationError, match="one frame"):
        GeneratedEvents.concatenate([events, events.with_momenta(events.momenta, "lab")])


def test_columns_of_different_lengths_are_refused(events: GeneratedEvents) -> None:
    short = FourVector(*(column[:-1] for column in events.momenta))
    with pytest.raises(SimulationError, match="'px' has 4 entries"):
        events.with_momenta(short, "cm")


def test_a_mask_of_another_length_is_refused(events: GeneratedEvents) -> None:
    with pytest.raises(SimulationError, match="mask of 3 events"):
        events.select(np.ones(2, dtype=bool))


def family() -> Particles:
    """A B of one event that gives K and S, the S giving two muons; and a lone photon in the next."""
    one = np.ones(1)
    particles = Particles.from_collision(
        np.array([1, 0]), np.array([22, 521]), FourVector(*np.array([[0, 0], [0, 0], [1, 3], [1, 6.0]]))
    )
    boson = FourVector(0 * one, 0 * one, 2 * one, 4 * one)
    kaon = FourVector(0 * one, 0 * one, one, 2 * one)
    nowhere = np.zeros((1, 4))
    particles = particles.with_daughters(np.array([1]), np.array([321]), kaon, nowhere)
    particles = particles.with_daughters(np.array([1]), np.array([9900025]), boson, nowhere)
    half = FourVector(*(column / 2 for column in boson))
    for pdg in (13, -13):
        particles = particles.with_daughters(np.array([3]), np.array([pdg]), half, nowhere + 7.0)
    return particles


def test_ancestors_say_who_came_from_whom() -> None:
    events = family().into_events(2, "cm")
    assert events.pdg.tolist() == [321, 13, -13, 22]
    assert events.ancestors.pdg.tolist() == [521, 9900025]
    assert events.mother_pdg.tolist() == [521, 9900025, 9900025, 0]
    assert events.ancestors.mother.tolist() == [-1, 0]
    assert events.x.tolist() == [0.0, 7.0, 7.0, 0.0]
    assert events.ancestor_momenta().energy.tolist() == [6.0, 4.0]


def test_ancestors_follow_their_events() -> None:
    events = family().into_events(2, "cm")
    doubled = GeneratedEvents.concatenate([events.slice(1, 2), events, events])
    kept = doubled.select(np.array([True, False, True, True, False]))
    assert kept.ancestors.offsets.tolist() == [0, 0, 0, 2]
    assert kept.mother_pdg.tolist() == [0, 0, 521, 9900025, 9900025]


def test_tables_joined_keep_their_mothers() -> None:
    joined = Particles.joined([family(), family()._replace(event=family().event + 2)])
    assert joined.into_events(4, "cm").mother_pdg.tolist() == [521, 9900025, 9900025, 0] * 2


def test_events_of_which_different_truth_is_known_do_not_join(events: GeneratedEvents) -> None:
    own = replace(events, truth={"genCollisionEnergy": np.array([10.57, 10.58, 10.59])})
    joined = GeneratedEvents.concatenate([own.slice(0, 1), own.slice(1, 3)])
    assert joined.truth["genCollisionEnergy"].tolist() == [10.57, 10.58, 10.59]
    with pytest.raises(SimulationError, match="cannot be joined"):
        GeneratedEvents.concatenate([own, events])
