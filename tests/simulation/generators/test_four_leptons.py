"""μμττ and eeττ, with the spins of the τ."""

from __future__ import annotations

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import ELECTRON_MASS, TAU_MASS
from darkbelle.simulation.equivalent_photons import two_photon_cross_section
from darkbelle.simulation.generators import generator
from darkbelle.simulation.generators.eetautau import TwoPhotonTauPair
from darkbelle.simulation.generators.mumutautau import MuonTauPairs

SHERPA = 145.5, 0.4  # fb, μμττ without radiation, Sherpa 3.0.3


def test_cross_section_of_two_pairs_is_sherpas() -> None:
    found = MuonTauPairs(radiation=False).cross_section
    assert found.value == pytest.approx(SHERPA[0], abs=3.0 * np.hypot(found.uncertainty, SHERPA[1]))


def test_radiation_leaves_the_published_cross_section() -> None:
    # E. Kou et al. (The Belle II Physics Book): 0.144 pb
    assert MuonTauPairs().cross_section.value == pytest.approx(144.0, rel=0.02)


@pytest.mark.parametrize("process", ["mumutautau", "eetautau"])
def test_momentum_is_conserved_and_taus_have_their_mass(process: str) -> None:
    events = generator(process).generate(500, np.random.default_rng(1)).events
    for column, total in zip(events.momenta, (0.0, 0.0, 0.0, NOMINAL.sqrt_s), strict=True):
        np.testing.assert_allclose(np.bincount(events.event_of_particle, column), total, atol=1e-5)
    taus = np.abs(events.ancestors.pdg) == 15
    assert taus.sum() == 1000
    np.testing.assert_allclose(np.sqrt(events.ancestor_momenta().mass_squared()[taus]), TAU_MASS, atol=1e-3)


def test_two_photon_taus_are_those_of_real_photons_at_low_virtuality_and_start_as_a_singlet() -> None:
    pairs = TwoPhotonTauPair(radiation=False).pairs
    size, nearly_real = 400_000, 0.02  # GeV², where photons are as good as real
    events, weight = pairs.propose(size, np.random.default_rng(3))
    energy = NOMINAL.sqrt_s / 2.0
    momentum = np.sqrt(energy**2 - ELECTRON_MASS**2)
    kept = np.ones(len(weight), dtype=bool)
    for particle, sign in ((events.electron, 1.0), (events.positron, -1.0)):
        kept &= 2.0 * (energy * particle.energy - sign * momentum * particle.pz) < nearly_real
    found, error = weight[kept].sum() / size, np.sqrt(np.sum(weight[kept] ** 2)) / size
    expected = two_photon_cross_section(NOMINAL.sqrt_s, 2.0 * TAU_MASS, TAU_MASS, nearly_real)
    assert found == pytest.approx(expected, abs=4.0 * error + 0.01 * expected)
    events = pairs.unweighting.sample(4000, np.random.default_rng(2), "two-photon τ pairs")
    mass = np.sqrt(events.lepton.plus(events.antilepton).mass_squared())
    trace = np.trace(pairs.spin_correlation(events), axis1=1, axis2=2)
    # two real photons make slow pairs in an S wave, J = 0, odd under CP: spins opposite, trace −3
    slow = mass < 3.6
    assert slow.sum() > 20
    assert trace[slow].mean() < -2.0


def test_forced_modes_are_in_name_and_branching_fraction() -> None:
    for process in ("mumutautau", "eetautau"):
        made = generator(process, modes=["mu", "pi"])
        assert made.name == f"{process}_mu_pi"
        assert made.branching_fraction == pytest.approx(2.0 * 0.1739 * 0.1082)
