from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from scipy.integrate import quad

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.simulation import hard_photon
from darkbelle.simulation.acceptance import MuonPairFilter, inside_tracking
from darkbelle.simulation.amplitudes.radiative_pair import spin_sum
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.generators import generator
from darkbelle.simulation.light_hadrons import isotropic
from darkbelle.simulation.pythia import fermion_pairs
from darkbelle.vectors import Column, FourVector

S = NOMINAL.sqrt_s**2
FILTER = MuonPairFilter(
    purpose="test",
    theta=(37.0, 130.0),
    min_transverse=0.4,
    min_pair_transverse=0.8,
    min_recoil_transverse=0.6,
)


def _dot(a: FourVector, b: FourVector) -> Column:
    return a.energy * b.energy - a.px * b.px - a.py * b.py - a.pz * b.pz


def _random_events(size: int, rng: np.random.Generator) -> tuple[FourVector, FourVector, FourVector]:
    mass = rng.uniform(1.0, 10.0, size)
    energy = (S - mass**2) / (2.0 * NOMINAL.sqrt_s)
    kx, ky, kz = isotropic(energy, rng)
    pair = FourVector(-kx, -ky, -kz, NOMINAL.sqrt_s - energy)
    px, py, pz = isotropic(np.sqrt(mass**2 / 4.0 - MUON_MASS**2), rng)
    muon = boost_from_rest_frame(FourVector.with_mass(px, py, pz, MUON_MASS), pair)
    antimuon = boost_from_rest_frame(FourVector.with_mass(-px, -py, -pz, MUON_MASS), pair)
    return muon, antimuon, FourVector(kx, ky, kz, energy)


def test_amplitude_is_the_closed_formula_where_masses_do_not_matter() -> None:
    # F. A. Berends et al., Phys. Lett. B 103 (1981) 124: eikonal factor times (t² + t'² + u² + u'²)/(s s')
    muon, antimuon, photon = _random_events(3000, np.random.default_rng(1))
    half = NOMINAL.sqrt_s / 2.0
    electron, positron = (FourVector.single(0.0, 0.0, sign * half, half) for sign in (1.0, -1.0))
    eikonal = np.zeros((2, 2, 3000))  # initial and final state, and their interference
    legs = ((electron, 0, 1.0), (positron, 0, -1.0), (muon, 1, -1.0), (antimuon, 1, 1.0))
    for a, i, sign_a in legs:
        for b, j, sign_b in legs:
            eikonal[i, j] -= sign_a * sign_b * _dot(a, b) / (_dot(a, photon) * _dot(b, photon))
    invariants = (electron, muon), (positron, antimuon), (electron, antimuon), (positron, muon)
    squares = sum(4.0 * _dot(a, b) ** 2 for a, b in invariants)
    reduced = muon.plus(antimuon).mass_squared()
    initial, final = (4.0 * eikonal[i, i] * squares / (S * reduced) for i in range(2))
    expected = 4.0 * eikonal.sum(axis=(0, 1)) * squares / (S * reduced)
    wide = np.minimum(_dot(muon, photon) / muon.energy, _dot(antimuon, photon) / antimuon.energy)
    clear = (wide > 0.2 * photon.energy) & (reduced > 25.0)
    assert clear.sum() > 800
    # where both interfere to nothing, the muon's mass is left
    deviation = np.abs(spin_sum(muon, antimuon, photon) - expected) / (initial + final)
    assert deviation[clear].max() < 0.015


def test_amplitude_does_not_know_azimuth_or_reflections() -> None:
    vectors = _random_events(200, np.random.default_rng(2))
    expected = spin_sum(*vectors)
    cosine, sine = math.cos(0.7), math.sin(0.7)
    turned = [
        FourVector(cosine * v.px - sine * v.py, sine * v.px + cosine * v.py, v.pz, v.energy) for v in vectors
    ]
    reflected = [FourVector(v.px, v.py, -v.pz, v.energy) for v in (vectors[1], vectors[0], vectors[2])]
    np.testing.assert_allclose(spin_sum(*turned), expected, rtol=1e-9)
    np.testing.assert_allclose(spin_sum(*reflected), expected, rtol=1e-9)


def test_proposals_fill_three_body_phase_space() -> None:
    # ∫ d³k/((2π)³ 2ω) β/(8π) over photons above the transverse momentum
    min_pt, size = 0.7, 200_000

    def integrand(energy: float) -> float:
        reduced = S - 2.0 * NOMINAL.sqrt_s * energy
        beta = math.sqrt(max(0.0, 1.0 - 4.0 * MUON_MASS**2 / reduced))
        cosines = 2.0 * math.sqrt(1.0 - (min_pt / energy) ** 2)
        return energy / 2.0 / (2.0 * math.pi) ** 2 * cosines * beta / (8.0 * math.pi)

    highest = (S - 4.0 * MUON_MASS**2) / (2.0 * NOMINAL.sqrt_s)
    expected = quad(integrand, min_pt, highest, limit=200)[0]
    point = hard_photon._phase_space_point(np.full(size, S), min_pt, np.random.default_rng(3))
    error = point.jacobian.std() / math.sqrt(size)
    assert error < 0.01 * expected
    assert point.jacobian.mean() == pytest.approx(expected, abs=4.0 * error)


def test_tree_level_rate_is_that_of_pythia_within_its_accuracy() -> None:
    size, least = 30_000, 1.0
    events = fermion_pairs(13, MUON_MASS, size, np.random.default_rng(4))
    is_photon = events.pdg == 22
    transverse = np.zeros(size)
    pt = np.hypot(events.px, events.py)[is_photon]
    np.maximum.at(transverse, events.event_of_particle[is_photon], pt)
    muon, antimuon = (_of(events, pdg) for pdg in (13, -13))
    passes = (transverse > least) & inside_tracking(muon) & inside_tracking(antimuon)
    shower = 1.148e6 * passes.mean()
    exact = generator("mumu", min_photon_pt=least).cross_section_fb
    assert exact == pytest.approx(shower, rel=0.12)


def _of(events: GeneratedEvents, pdg: int) -> FourVector:
    return FourVector(*(column[events.pdg == pdg] for column in events.momenta))


@pytest.mark.parametrize("min_photon_pt", [0.0, 0.5])
def test_events_conserve_momentum_and_repeat_with_the_seed(min_photon_pt: float) -> None:
    made = generator("mumu", min_photon_pt=min_photon_pt)
    events, tried = made.generate(2000, np.random.default_rng(6))
    again = made.generate(2000, np.random.default_rng(6)).events
    other = made.generate(2000, np.random.default_rng(7)).events
    assert len(events) == tried == 2000
    for column in events.momenta[:3]:
        np.testing.assert_allclose(np.add.reduceat(column, events.offsets[:-1]), 0.0, atol=1e-8)
    total = np.add.reduceat(events.energy, events.offsets[:-1])
    np.testing.assert_allclose(total, NOMINAL.sqrt_s, rtol=1e-8)
    np.testing.assert_array_equal(events.px, again.px)
    assert events.px[0] != other.px[0]
    assert (np.bincount(events.event_of_particle, events.pdg == 13) == 1).all()
    assert (np.bincount(events.event_of_particle, events.pdg == -13) == 1).all()


def test_hard_photons_and_muons_are_where_they_were_asked_for() -> None:
    events = generator("mumu", min_photon_pt=0.5).generate(3000, np.random.default_rng(8)).events
    transverse = np.zeros(len(events))
    is_photon = events.pdg == 22
    pt = np.hypot(events.px, events.py)[is_photon]
    np.maximum.at(transverse, events.event_of_particle[is_photon], pt)
    # the cut is made before the boost by photons from the beams
    assert np.mean(transverse >= 0.5) > 0.98
    assert transverse.min() > 0.25
    assert inside_tracking(_of(events, 13)).all()
    assert inside_tracking(_of(events, -13)).all()


def test_known_cross_section_and_refused_options() -> None:
    assert generator("mumu").cross_section_fb == pytest.approx(1.148e6)
    with pytest.raises(ConfigurationError, match="min_photon_pt"):
        generator("mumu", min_photon_pt=-1.0)


def test_the_filter_is_a_part_of_the_exact_cross_section() -> None:
    size = 30_000
    events = generator("mumu", min_photon_pt=0.5).generate(size, np.random.default_rng(9)).events
    share = FILTER.passing(events).mean()
    by_hand = generator("mumu", min_photon_pt=0.5).cross_section_fb * share
    filtered = generator("mumu", min_photon_pt=0.5, pair_filter=asdict(FILTER))
    made, tried = filtered.generate(1000, np.random.default_rng(10))
    assert len(made) == tried == 1000
    assert FILTER.passing(made).all()
    error = math.sqrt((1.0 - share) / (share * size))
    assert error < 0.015
    assert filtered.cross_section_fb == pytest.approx(by_hand, rel=3.0 * math.hypot(error, 0.004))


def test_showers_are_filtered_once_they_are_made() -> None:
    made, tried = generator("mumu", pair_filter=FILTER).generate(200, np.random.default_rng(11))
    assert len(made) == 200
    assert tried > 1000
    assert FILTER.passing(made).all()
    assert generator("mumu", pair_filter=FILTER).cross_section_fb == generator("mumu").cross_section_fb
