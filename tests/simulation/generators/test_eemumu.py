from __future__ import annotations

import math

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import ELECTRON_MASS, HBAR_C_SQUARED, MUON_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.simulation.acceptance import MuonPairFilter
from darkbelle.simulation.amplitudes.two_photon import TwoPhotonMomenta, squared_amplitude
from darkbelle.simulation.equivalent_photons import angular_density, photon_flux
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.generators import generator
from darkbelle.simulation.radiation import strength_of_transfer
from darkbelle.simulation.two_photon_pairs import TwoPhotonPairs, scattered_beam
from darkbelle.vectors import FourVector

ENERGY = NOMINAL.sqrt_s / 2.0
FILTER = MuonPairFilter(
    purpose="test",
    theta=(30.0, 140.0),
    min_transverse=0.3,
    min_pair_transverse=0.4,
    min_recoil_transverse=0.3,
)
P_BEAM = math.sqrt(ENERGY**2 - ELECTRON_MASS**2)


def test_scattered_beam_and_photon_share_the_beam() -> None:
    x, q_squared = np.array([0.01, 0.3, 0.9]), np.array([1e-3, 2.0, 0.5])
    for direction in (1, -1):
        particle, photon = scattered_beam(x, q_squared, np.full(3, 0.7), direction=direction, energy=ENERGY)
        total = particle.plus(photon)
        np.testing.assert_allclose(total.energy, ENERGY, rtol=1e-14)
        np.testing.assert_allclose(total.pz, direction * P_BEAM, rtol=1e-12)
        np.testing.assert_allclose(np.hypot(total.px, total.py), 0.0, atol=1e-15)
        np.testing.assert_allclose(-photon.mass_squared(), q_squared, rtol=1e-6)
        np.testing.assert_allclose(particle.mass_squared(), ELECTRON_MASS**2, atol=1e-13)


@pytest.mark.parametrize(
    ("x1", "x2", "q_squared", "cosine"),
    [(0.3, 0.2, 1e-7, 0.3), (0.05, 0.6, 1e-6, -0.8), (0.7, 0.7, 1e-5, 0.0)],
)
def test_amplitude_is_that_of_equivalent_photons_at_small_virtuality(
    x1: float, x2: float, q_squared: float, cosine: float
) -> None:
    # azimuths averaged, because each photon is linearly polarised
    size = 24
    turn = 2.0 * math.pi / size * np.arange(size)
    phi1, phi2 = (axis.ravel() for axis in np.meshgrid(turn, turn))
    ones = np.ones_like(phi1)
    first = scattered_beam(x1 * ones, q_squared * ones, phi1, direction=1, energy=ENERGY)
    second = scattered_beam(x2 * ones, q_squared * ones, phi2, direction=-1, energy=ENERGY)
    pair = first.photon.plus(second.photon)
    mass = np.sqrt(pair.mass_squared())
    p = np.sqrt(mass**2 / 4.0 - MUON_MASS**2)
    sine = math.sqrt(1.0 - cosine**2)
    muon = FourVector.with_mass(p * sine, 0.0 * p, p * cosine, MUON_MASS)
    antimuon = FourVector.with_mass(-p * sine, 0.0 * p, -p * cosine, MUON_MASS)
    momenta = TwoPhotonMomenta(
        FourVector.single(0.0, 0.0, P_BEAM, ENERGY),
        FourVector.single(0.0, 0.0, -P_BEAM, ENERGY),
        first.particle,
        second.particle,
        first.photon,
        second.photon,
        boost_from_rest_frame(muon, pair),
        boost_from_rest_frame(antimuon, pair),
    )
    squared = np.mean(squared_amplitude(momenta, (q_squared * ones, q_squared * ones)))
    # dσ/(dx1 dx2 dQ1² dQ2² dcosθ): dx dQ² dφ/4 for each beam, two-body phase space for the muons
    beta = float(2.0 * p[0] / mass[0])
    phase_space = (2.0 * math.pi / 4.0) ** 2 / (2.0 * math.pi) ** 6 * beta / (16.0 * math.pi)
    exact = HBAR_C_SQUARED * squared * phase_space / (2.0 * NOMINAL.sqrt_s**2)
    fluxes = [photon_flux(np.array([x]), np.array([q_squared]))[0] for x in (x1, x2)]
    equivalent = fluxes[0] * fluxes[1] * angular_density(np.array([cosine]), mass[:1])[0]
    assert exact == pytest.approx(equivalent, rel=2e-3)


def test_cross_section_of_the_amplitude_is_near_the_known_one() -> None:
    # 18.9 nb holds all diagrams: those of two photons are nearly all of it
    size = 60_000
    weight = TwoPhotonPairs(0.5, radiation=False).propose(size, np.random.default_rng(1)).weight
    assert weight.sum() / size == pytest.approx(18.9e6, rel=0.04)


def test_the_filter_takes_what_it_says_and_no_more() -> None:
    size = 400_000
    events, weight = TwoPhotonPairs(0.8).propose(size, np.random.default_rng(2))
    by_hand = weight[FILTER.passes(events.antilepton, events.lepton)]
    filtered = TwoPhotonPairs(0.8, FILTER).unweighting
    error = math.hypot(math.sqrt(np.sum(by_hand**2)) / size, filtered.error_fb)
    assert error < 0.06 * filtered.cross_section_fb
    assert filtered.error_fb < 0.01 * filtered.cross_section_fb
    assert by_hand.sum() / size == pytest.approx(filtered.cross_section_fb, abs=3.0 * error)


@pytest.fixture(scope="module")
def events() -> GeneratedEvents:
    made = generator("eemumu", pair_filter=FILTER, least_mass=1.0)
    return made.generate(1500, np.random.default_rng(5)).events


def test_events_conserve_momentum_and_pass_the_filter_before_muons_radiate(events: GeneratedEvents) -> None:
    event = events.event_of_particle
    for column, total in zip(events.momenta, (0.0, 0.0, 0.0, NOMINAL.sqrt_s), strict=True):
        np.testing.assert_allclose(np.bincount(event, column), total, atol=1e-6)
    plain = np.flatnonzero(events.multiplicity == 4)
    assert len(plain) > 300
    first = events.offsets[plain]
    assert all((events.pdg[first + slot] == pdg).all() for slot, pdg in enumerate((11, -11, 13, -13)))
    muon, antimuon = (events.momenta.rows(first + slot) for slot in (2, 3))
    assert muon.plus(antimuon).mass_squared().min() >= 1.0
    assert FILTER.passes(antimuon, muon).all()


def test_photons_of_the_beams_fly_along_them_and_muons_have_photons_too(events: GeneratedEvents) -> None:
    photons = events.momenta.rows(events.pdg == 22)
    along = np.hypot(photons.px, photons.py) == 0.0
    assert 300 < along.sum() < 1500
    assert 100 < (~along).sum() < 600
    assert {-1.0, 1.0} == set(np.sign(photons.pz[along]).tolist())


def test_beams_radiate_at_the_scale_of_their_own_deflection() -> None:
    pairs = TwoPhotonPairs(1.0)
    made = pairs.unweighting.sample(40_000, np.random.default_rng(7), "two-photon muon pairs")
    # Q² of the electron after its radiation, where it is large enough not to be lost to rounding
    energy = ENERGY - made.from_electron.energy
    momentum = np.sqrt(energy**2 - ELECTRON_MASS**2)
    q_squared = 2.0 * (energy * made.electron.energy - momentum * made.electron.pz)
    loses = made.from_electron.energy > 0.01 * ENERGY
    for lowest, highest in ((1e-3, 1e-2), (0.1, 1.0)):
        chosen = (q_squared > lowest) & (q_squared < highest)
        # the share above y is 1 − y^(β/2), but for hard terms of the order of β/2 · y
        half = strength_of_transfer(q_squared[chosen]).mean() / 2.0
        expected = 1.0 - 0.01**half
        found = loses[chosen].mean()
        # hard radiation is 20 to 30 % rarer, and what it leaves of s makes fewer pairs
        assert 0.5 * expected < found < expected
    assert not made.from_electron.energy[q_squared < 1e-8].any()


def test_radiation_costs_some_per_cent_of_pairs_with_transverse_momentum() -> None:
    rates = []
    for radiation in (False, True):  # at the same points
        pairs = TwoPhotonPairs(1.0, radiation=radiation)
        events, weight = pairs.propose(400_000, np.random.default_rng(8))
        pair = events.lepton.plus(events.antilepton)
        rates.append(weight[np.hypot(pair.px, pair.py) > 0.4].sum())
    # β of Q² ~ 0.2 GeV² is 0.06: a shift of s′ by that much, of a cross section that rises with ln s
    assert 0.95 < rates[1] / rates[0] < 0.995


def test_same_seed_same_events(events: GeneratedEvents) -> None:
    made = generator("eemumu", pair_filter=FILTER, least_mass=1.0)
    again = made.generate(1500, np.random.default_rng(5)).events
    np.testing.assert_array_equal(again.px, events.px)
    np.testing.assert_array_equal(again.energy, events.energy)


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="least_mass"):
        generator("eemumu", least_mass=0.1)
