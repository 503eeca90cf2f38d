from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict

import numpy as np
import pytest
import pythia8mc
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS, TAU_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.acceptance import MuonPairFilter
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.generators import generator
from darkbelle.simulation.tau_decays import decay_taus
from darkbelle.vectors import Column, FourVector

CHARGES = {11: -1, 13: -1, 211: 1, 321: 1}


@pytest.fixture(scope="module")
def inclusive() -> GeneratedEvents:
    return generator("tautau").generate(8000, np.random.default_rng(1)).events


def _event_sum(events: GeneratedEvents, where: NDArray[np.bool_], column: Column) -> Column:
    sums = np.bincount(events.event_of_particle[where], weights=column[where], minlength=len(events))
    return sums.astype(np.float64)


def _sum_vectors(events: GeneratedEvents, where: NDArray[np.bool_]) -> FourVector:
    return FourVector(*(_event_sum(events, where, column) for column in events.momenta))


def test_events_conserve_momentum_and_charge(inclusive: GeneratedEvents) -> None:
    everything = np.ones(len(inclusive.pdg), dtype=bool)
    total = _sum_vectors(inclusive, everything)
    for column in total[:3]:
        np.testing.assert_allclose(column, 0.0, atol=1e-5)  # TAUOLA computes in single precision
    np.testing.assert_allclose(total.energy, NOMINAL.sqrt_s, atol=1e-5)
    charge = np.array(
        [
            math.copysign(CHARGES.get(abs(pdg), 0), pdg) * (1 if CHARGES.get(abs(pdg), 0) > 0 else -1)
            for pdg in inclusive.pdg.tolist()
        ]
    )
    assert not _event_sum(inclusive, everything, charge).any()


def test_only_particles_that_the_detector_knows_are_left(inclusive: GeneratedEvents) -> None:
    known = {11, 12, 13, 14, 16, 22, 130, 211, 310, 321}
    assert set(np.abs(inclusive.pdg).tolist()) <= known


def test_leptonic_branching_fractions(inclusive: GeneratedEvents) -> None:
    # PDG 2024: τ → e 17.82 %, μ 17.39 %, per τ
    size = 2 * len(inclusive)
    from_tau = np.abs(inclusive.mother_pdg) == 15
    for lepton, fraction in ((11, 0.1782), (13, 0.1739)):
        found = np.sum(from_tau & (np.abs(inclusive.pdg) == lepton)) / size
        assert found == pytest.approx(fraction, abs=4.0 * math.sqrt(fraction * (1.0 - fraction) / size))


def test_decay_lengths_are_exponential_with_the_lifetime(inclusive: GeneratedEvents) -> None:
    # each τ− has one ν_τ; where it comes from, over p/m of the τ, is cτ = 87.03 µm times an exponential
    tau = _sum_vectors(inclusive, inclusive.mother_pdg == 15)
    neutrino = inclusive.pdg == 16
    # π0 and η hide among the products: take events whose τ is whole without them
    whole = np.abs(tau.mass_squared() - TAU_MASS**2) < 1e-3
    flight = np.sqrt(inclusive.x**2 + inclusive.y**2 + inclusive.z**2)[neutrino][whole]
    momentum = np.sqrt(tau.px**2 + tau.py**2 + tau.pz**2)[whole]
    proper = flight * TAU_MASS / momentum
    assert len(proper) > 2000
    assert proper.mean() == pytest.approx(87.03e-4, rel=4.0 / math.sqrt(len(proper)))
    assert proper.std() == pytest.approx(87.03e-4, rel=8.0 / math.sqrt(len(proper)))


def test_pion_energies_show_the_spin_correlation() -> None:
    # helicities ± on both sides in the ratio of R_zz: in the pair's frame the cosines of the pions to
    # their τ correlate by R_zz/3, with R_zz = (2 − 1/γ²)/(2 + 1/γ²) averaged over the angle
    size = 20_000
    events = generator("tautau", modes=("pi", "pi")).generate(size, np.random.default_rng(2)).events
    taus = [_sum_vectors(events, events.mother_pdg == pdg) for pdg in (15, -15)]
    pair = taus[0].plus(taus[1])
    gamma = np.sqrt(pair.mass_squared()) / (2.0 * TAU_MASS)
    expected = np.mean((2.0 - gamma**-2) / (2.0 + gamma**-2)) / 3.0
    fractions = [
        boost_to_rest_frame(_sum_vectors(events, events.pdg == pdg), pair).energy / gamma / TAU_MASS
        for pdg in (-211, 211)
    ]
    # energy = γ (E0 + β p0 cos): scaled to slope 1 in cos
    slope = np.sqrt(1.0 - gamma**-2)
    cosines = [(fraction - fraction.mean()) / slope for fraction in fractions]
    found = np.corrcoef(cosines[0], cosines[1])[0, 1]
    assert found == pytest.approx(expected, abs=4.0 / math.sqrt(size))
    assert expected > 0.25


def test_michel_spectrum_of_unpolarised_decays() -> None:
    # massless: mean of x = E/E_max is 7/10; the muon's mass adds to the energy, radiation takes some
    size = 20_000
    decays = decay_taus(-15, np.full(size, "mu"), np.random.default_rng(3))
    energy = decays.momenta.energy[decays.pdg == -13]
    highest = (TAU_MASS**2 + MUON_MASS**2) / (2.0 * TAU_MASS)
    assert energy.mean() / highest == pytest.approx(0.70, abs=0.01)
    assert energy.max() <= highest * (1.0 + 1e-6)


def test_forced_modes_and_their_branching_fraction() -> None:
    made = generator("tautau", modes=["mu", "mu"])
    assert made.cross_section_fb == pytest.approx(0.919e6)
    assert made.branching_fraction == pytest.approx(0.1739**2)
    events = made.generate(300, np.random.default_rng(4)).events
    counts = Counter(events.pdg.tolist())
    assert counts[13] == counts[-13] == counts[14] == counts[-14] == 300
    mixed = generator("tautau", modes=("e", "mu"))
    assert mixed.branching_fraction == pytest.approx(2.0 * 0.1782 * 0.1739)
    mixed_events = mixed.generate(400, np.random.default_rng(5)).events
    electrons = int(np.sum(mixed_events.pdg == 11))
    assert electrons + int(np.sum(mixed_events.pdg == -11)) == 400
    assert 140 < electrons < 260


def test_same_seed_same_events(inclusive: GeneratedEvents) -> None:
    made = generator("tautau")
    made.generate(100, np.random.default_rng(9))  # TAUOLA's generator is somewhere else now
    again = made.generate(8000, np.random.default_rng(1)).events
    np.testing.assert_array_equal(again.pdg, inclusive.pdg)
    np.testing.assert_array_equal(again.px, inclusive.px)
    np.testing.assert_array_equal(again.z, inclusive.z)


@pytest.mark.parametrize("modes", ["mu", ("mu",), ("mu", "rho")])
def test_unknown_modes_are_refused(modes: object) -> None:
    with pytest.raises(ConfigurationError, match="modes of a τ pair"):
        generator("tautau", modes=modes)


def test_the_filter_keeps_the_share_that_it_should() -> None:
    asked = MuonPairFilter(
        purpose="test",
        theta=(37.0, 130.0),
        min_transverse=0.4,
        min_pair_transverse=0.8,
        min_recoil_transverse=0.6,
    )
    everything = generator("tautau", modes=("mu", "pi"))
    filtered = generator("tautau", modes=("mu", "pi"), pair_filter=asdict(asked))
    share = asked.passing(everything.generate(15_000, np.random.default_rng(2)).events).mean()
    made, tried = filtered.generate(3000, np.random.default_rng(3))
    assert len(made) == 3000
    assert asked.passing(made).all()
    error = math.hypot(math.sqrt((1.0 - share) / (15_000 * share)), math.sqrt((1.0 - share) / 3000))
    assert error < 0.03
    assert 3000 / tried == pytest.approx(share, rel=3.0 * error)
    assert filtered.cross_section_fb == everything.cross_section_fb
    assert filtered.branching_fraction == everything.branching_fraction


def test_another_mass_is_that_of_pair_and_decays() -> None:
    events = generator("tautau", mass=1.80, modes=("3pi", "1prong")).generate(2000, np.random.default_rng(6))
    taus = np.abs(events.events.ancestors.pdg) == 15
    mass = np.sqrt(events.events.ancestor_momenta().mass_squared()[taus])
    assert mass.size == 4000
    np.testing.assert_allclose(mass, 1.80, atol=1e-3)


def test_pseudomass_edge_moves_with_the_mass() -> None:
    # M_min of physics.md section 5: without radiation it never exceeds the mass
    for mass in (1.75, 1.80):
        events = generator("tautau", mass=mass, modes=("3pi", "mu")).generate(6000, np.random.default_rng(7))[
            0
        ]
        pions = np.abs(events.pdg) == 211
        hadrons = _sum_vectors(events, pions)
        radiated = _event_sum(events, (events.pdg == 22) & (events.mother < 0), events.energy)
        momentum = np.sqrt(hadrons.px**2 + hadrons.py**2 + hadrons.pz**2)
        half = NOMINAL.sqrt_s / 2.0
        squared = hadrons.mass_squared() + 2.0 * (half - hadrons.energy) * (hadrons.energy - momentum)
        edge = np.sqrt(squared[radiated < 1e-3]).max()
        assert mass - 0.03 < edge < mass + 1e-3


def test_topology_of_three_prongs_against_one() -> None:
    made = generator("tautau", modes=["3prong", "1prong"])
    assert made.name == "tautau_3prong_1prong"
    events = made.generate(1500, np.random.default_rng(8)).events
    charged = np.isin(np.abs(events.pdg), (11, 13, 211, 321)) & (np.abs(events.mother_pdg) == 15)
    np.testing.assert_array_equal(_event_sum(events, charged, np.ones(len(events.pdg))), 4.0)
    inclusive_share = 2.0 * 0.1455 * 0.852  # PDG 2024: 3-prong without K0, and 1-prong
    assert made.branching_fraction == pytest.approx(inclusive_share, rel=0.03)


def test_a_mass_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="mass of the τ"):
        generator("tautau", mass=2.0)


def _three_pion_masses_of_pythia(size: int) -> tuple[Column, Column]:
    """Return the masses of 3π and of both π+π− of decays of unpolarised τ by Pythia's own matrix element."""
    pythia = pythia8mc.Pythia("", False)
    settings = ("Print:quiet = on", "ProcessLevel:all = off", "15:onMode = off", "Check:event = off")
    for setting in (*settings, "15:onIfMatch = 16 211 -211 -211", "Random:setSeed = on", "Random:seed = 5"):
        assert pythia.readString(setting)
    assert pythia.init()
    three, two = [], []
    for _ in range(size):
        pythia.event.reset()
        pythia.event.append(15, 23, 0, 0, 0.0, 0.0, 0.0, TAU_MASS, TAU_MASS)
        pythia.next()
        pions = [p for p in pythia.event if p.isFinal() and abs(p.id()) == 211]
        plus = next(p for p in pions if p.id() == 211)
        three.append((pions[0].p() + pions[1].p() + pions[2].p()).mCalc())
        two += [(plus.p() + p.p()).mCalc() for p in pions if p.id() == -211]
    return np.array(three), np.array(two)


def test_three_pion_spectra_are_pythias() -> None:
    size = 1500
    decays = decay_taus(15, np.full(10 * size, "3pi"), np.random.default_rng(1))
    vectors = np.stack(decays.momenta)
    system = FourVector(*np.sum(vectors * (np.abs(decays.pdg) == 211), axis=2))
    plus = np.sum(vectors * (decays.pdg == 211), axis=2)
    tau, slot = np.nonzero(decays.pdg == -211)
    pairs = FourVector(*(plus[:, tau] + vectors[:, tau, slot]))
    ours = [np.sqrt(vector.mass_squared()) for vector in (system, pairs)]
    # CLEO's model of the a1 against resonance chiral theory: means within 1 %, widths within 5 %
    for found, theirs in zip(ours, _three_pion_masses_of_pythia(size), strict=True):
        error = theirs.std() / math.sqrt(size)
        assert found.mean() == pytest.approx(theirs.mean(), abs=3.0 * error + 0.01 * theirs.mean())
        assert found.std() == pytest.approx(theirs.std(), abs=3.0 * error + 0.05 * theirs.std())
