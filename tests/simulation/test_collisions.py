from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS
from darkbelle.errors import SimulationError
from darkbelle.kernels.boosts import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.light_hadrons import two_bodies
from darkbelle.simulation.particles import Particles
from darkbelle.vectors import FourVector

SIZE = 20_000
STEADY = replace(NOMINAL, her_spread=0.0, ler_spread=0.0)


def muon_pairs(direction: tuple[float, float, float], size: int = SIZE) -> GeneratedEvents:
    p = np.sqrt((NOMINAL.sqrt_s / 2) ** 2 - MUON_MASS**2)
    signs = np.tile([1.0, -1.0], (size, 1))
    x, y, z = (signs * p * component for component in direction)
    energy = np.full((size, 2), NOMINAL.sqrt_s / 2)
    return GeneratedEvents.from_slots(np.array([13, -13]), FourVector(x, y, z, energy))


def totals(events: GeneratedEvents) -> FourVector:
    return FourVector(*(np.add.reduceat(column, events.offsets[:-1]) for column in events.momenta))


def test_without_spread_the_total_is_the_nominal_beam() -> None:
    lab = place_in_lab(muon_pairs((0.6, 0.0, 0.8), 5), STEADY, np.random.default_rng(0))
    assert lab.frame == "lab"
    for total, nominal in zip(totals(lab), NOMINAL.four_vector, strict=True):
        np.testing.assert_allclose(total, nominal[0], atol=1e-10)


def test_a_particle_along_z_goes_along_the_electron_beam() -> None:
    lab = place_in_lab(muon_pairs((0.0, 0.0, 1.0), 3), STEADY, np.random.default_rng(0))
    angle = np.arctan2(lab.px[0], lab.pz[0])
    # 41.5 mrad, but for the muon's mass, which aberrates otherwise than the massless beam
    assert angle == pytest.approx(NOMINAL.half_crossing_angle, abs=1e-4)
    assert lab.energy[0] == pytest.approx(NOMINAL.her_energy, abs=2e-3)


def test_masses_are_kept_and_the_spread_is_that_of_the_beams() -> None:
    lab = place_in_lab(muon_pairs((0.6, 0.0, 0.8)), NOMINAL, np.random.default_rng(1))
    np.testing.assert_allclose(lab.momenta.mass_squared(), MUON_MASS**2, atol=1e-12)
    sqrt_s = np.sqrt(totals(lab).mass_squared())
    assert np.std(sqrt_s) == pytest.approx(NOMINAL.sqrt_s_spread, rel=5 / np.sqrt(2 * SIZE))
    assert np.mean(sqrt_s) == pytest.approx(NOMINAL.sqrt_s, abs=5 * NOMINAL.sqrt_s_spread / np.sqrt(SIZE))


def test_angles_to_the_collision_axis_are_kept() -> None:
    lab = place_in_lab(muon_pairs((0.6, 0.0, 0.8), 50), NOMINAL, np.random.default_rng(1))
    index = lab.event_of_particle
    frame = FourVector(*(column[index] for column in totals(lab)))
    back = boost_to_rest_frame(lab.momenta, frame)
    electron = boost_to_rest_frame(NOMINAL.electron, frame)
    product = back.px * electron.px + back.py * electron.py + back.pz * electron.pz
    lengths = np.sqrt((back.energy**2 - MUON_MASS**2) * electron.energy**2)
    np.testing.assert_allclose(np.abs(product / lengths), 0.8, atol=1e-9)


def test_all_particles_of_an_event_share_its_vertex() -> None:
    lab = place_in_lab(muon_pairs((0.6, 0.0, 0.8)), NOMINAL, np.random.default_rng(1))
    np.testing.assert_array_equal(lab.z[0::2], lab.z[1::2])
    assert np.std(lab.z[0::2]) == pytest.approx(0.035, rel=5 / np.sqrt(2 * SIZE))


def test_a_decay_vertex_is_boosted_with_its_flight() -> None:
    # light-like flight along z: longer by the Doppler factor E(1+β)/√s of the boost along z
    pairs = muon_pairs((0.0, 0.0, 1.0), 1)
    moved = replace(pairs, z=np.array([1.0, 1.0]), t=np.array([1.0, 1.0]))
    beams = replace(STEADY, half_crossing_angle=0.0, px=0.0)
    rng = np.random.default_rng
    shift = place_in_lab(moved, beams, rng(3)).z - place_in_lab(pairs, beams, rng(3)).z
    np.testing.assert_allclose(shift, (beams.energy + beams.pz) / beams.sqrt_s, rtol=1e-12)


def test_a_slow_particle_decays_where_its_time_takes_it() -> None:
    # at rest in the CM for 10 cm of time: carried along by the boost, βγ c t
    pairs = muon_pairs((0.0, 0.0, 1.0), 1)
    moved = replace(pairs, t=np.array([10.0, 10.0]))
    beams = replace(STEADY, half_crossing_angle=0.0, px=0.0)
    rng = np.random.default_rng
    shift = place_in_lab(moved, beams, rng(3)).z - place_in_lab(pairs, beams, rng(3)).z
    np.testing.assert_allclose(shift, 10.0 * beams.pz / beams.sqrt_s, rtol=1e-12)


def test_a_partial_event_keeps_its_share_of_the_energy() -> None:
    pairs = muon_pairs((0.6, 0.0, 0.8), 5)
    one = pairs.slice(0, 5)
    half = GeneratedEvents.from_slots(
        np.array([13]), FourVector(*(column.reshape(-1, 2)[:, :1] for column in one.momenta))
    )
    lab = place_in_lab(half, STEADY, np.random.default_rng(0))
    np.testing.assert_allclose(
        boost_to_rest_frame(lab.momenta, NOMINAL.four_vector).energy, NOMINAL.sqrt_s / 2, rtol=1e-12
    )


def test_events_already_in_the_lab_are_refused() -> None:
    lab = place_in_lab(muon_pairs((0.0, 0.0, 1.0), 2), NOMINAL, np.random.default_rng(0))
    with pytest.raises(SimulationError, match="must be in the CM frame"):
        place_in_lab(lab, NOMINAL, np.random.default_rng(0))


def test_no_events_give_no_events() -> None:
    assert len(place_in_lab(muon_pairs((0.0, 0.0, 1.0), 0), NOMINAL, np.random.default_rng(0))) == 0


def decayed_pairs(mass: float, size: int) -> GeneratedEvents:
    """Return pairs of particles of a mass, back to back, each decayed into two photons after 1 cm of time."""
    momentum = np.sqrt((NOMINAL.sqrt_s / 2) ** 2 - mass**2)
    event = np.tile(np.arange(size), 2)
    signs = np.repeat([1.0, -1.0], size)
    parents = FourVector.with_mass(0.6 * momentum * signs, np.zeros(2 * size), 0.8 * momentum * signs, mass)
    particles = Particles.from_collision(event, np.full(2 * size, 521), parents)
    rows = np.arange(2 * size)
    points = particles.decay_points(rows, np.ones(2 * size))
    for photon in two_bodies(np.full(2 * size, mass), 0.0, 0.0, np.random.default_rng(3)):
        moved = boost_from_rest_frame(photon, parents)
        particles = particles.with_daughters(rows, np.full(2 * size, 22), moved, points)
    return particles.into_events(size, "cm")


def test_masses_of_what_decayed_are_kept_and_take_no_share_of_the_spread() -> None:
    # slow ones, as from the Υ(4S): the energy goes into their momenta, p dp = (√s/4) d√s
    size, mass = 20_000, 5.2794
    lab = place_in_lab(decayed_pairs(mass, size), NOMINAL, np.random.default_rng(1))
    np.testing.assert_allclose(np.sqrt(lab.ancestor_momenta().mass_squared()), mass, rtol=1e-9)
    sqrt_s = np.sqrt(totals(lab).mass_squared())
    assert np.std(sqrt_s) == pytest.approx(NOMINAL.sqrt_s_spread, rel=5 / np.sqrt(2 * size))
    nominal = boost_to_rest_frame(lab.ancestor_momenta(), NOMINAL.four_vector)
    beam_constrained = np.sqrt(NOMINAL.sqrt_s**2 / 4 - (nominal.energy**2 - mass**2))
    # Mbc = √(s_nominal/4 − p*²) spreads by half of √s
    assert np.std(beam_constrained) == pytest.approx(NOMINAL.sqrt_s_spread / 2, rel=0.03)


def test_what_decayed_flies_with_its_new_momentum() -> None:
    size, mass = 200, 5.2794
    lab = place_in_lab(decayed_pairs(mass, size), NOMINAL, np.random.default_rng(1))
    momenta = lab.ancestor_momenta()
    row = lab.mother_row
    # a proper time of 1 cm, in the lab from the interaction point
    np.testing.assert_allclose(lab.t, momenta.energy[row] / mass, rtol=1e-9)
    flight = (momenta.px / mass)[row]
    points = (lab.x - flight).reshape(size, 4)
    np.testing.assert_allclose(points - points[:, :1], 0.0, atol=1e-12)


def test_beams_with_too_little_energy_are_drawn_anew() -> None:
    # 1 MeV above the threshold, with a spread of 5 MeV
    size = 2000
    mass = NOMINAL.sqrt_s / 2 - 5e-4
    lab = place_in_lab(decayed_pairs(mass, size), NOMINAL, np.random.default_rng(2))
    sqrt_s = np.sqrt(totals(lab).mass_squared())
    assert sqrt_s.min() >= 2 * mass * (1 - 1e-9)
    np.testing.assert_allclose(np.sqrt(lab.ancestor_momenta().mass_squared()), mass, rtol=1e-9)


def test_events_with_energies_of_their_own_keep_their_momenta() -> None:
    size = 500
    energies = NOMINAL.sqrt_s + np.linspace(-0.01, 0.01, size)
    pairs = decayed_pairs(5.2794, size)
    lab = place_in_lab(
        replace(pairs, truth={"genCollisionEnergy": energies}), NOMINAL, np.random.default_rng(1)
    )
    frame = totals(lab)
    # all are of the nominal energy here, whatever is claimed: the frame is that of the claimed collision
    np.testing.assert_allclose(np.sqrt(frame.mass_squared()), NOMINAL.sqrt_s, rtol=1e-9)
    assert np.array_equal(lab.truth["genCollisionEnergy"], energies)
    momenta = boost_to_rest_frame(lab.ancestor_momenta(), frame.rows(np.repeat(np.arange(size), 2)))
    np.testing.assert_allclose(momenta.energy, NOMINAL.sqrt_s / 2, rtol=1e-9)
