from __future__ import annotations

import math

import numpy as np
import pytest

from darkbelle.constants import ELECTRON_MASS, FINE_STRUCTURE, MUON_MASS, TAU_MASS
from darkbelle.simulation.amplitudes.alpha_emission import emission_squares
from darkbelle.simulation.lepton_alpha import analysing_power, lepton_alpha_decays
from darkbelle.simulation.lepton_alpha_radiation import (
    LEAST_PHOTON_ENERGY,
    RadiativeDecays,
    TwoBodyDecay,
    radiative_decays,
)
from darkbelle.simulation.tau_decays import decay_taus
from darkbelle.vectors import Column, FourVector

SIZE = 200_000
MASSES = {"e": ELECTRON_MASS, "mu": MUON_MASS}


def made(lepton: str, alpha_mass: float, seed: int = 1) -> RadiativeDecays:
    mass = MASSES[lepton]
    decay = TwoBodyDecay(mass, np.full(SIZE, alpha_mass), (TAU_MASS - mass, TAU_MASS + mass))
    return radiative_decays(decay, np.random.default_rng(seed))


def vector_at(energy: Column, mass: float, cosine: Column) -> FourVector:
    momentum = np.sqrt(energy**2 - mass**2)
    return FourVector(momentum * np.sqrt(1.0 - cosine**2), np.zeros(energy.size), momentum * cosine, energy)


def massless_spectrum(x: Column, y: Column) -> Column:
    """M. Hirsch et al., Phys. Rev. D 79 (2009) 055023: d²B = α/2π B₀ f dx dy of μ → eJγ, x and y 2E/m."""
    return (x - 1.0) * (2.0 - x * y - y) / (y**2 * (1.0 - x - y))


def test_light_particles_radiate_as_in_the_published_spectrum() -> None:
    rng = np.random.default_rng(2)
    y = rng.uniform(0.01, 0.99, 50)
    x = 1.0 - y * rng.uniform(0.01, 0.99, 50)
    cosine = 1.0 - 2.0 * (x + y - 1.0) / (x * y)
    lepton, photon = (vector_at(e * TAU_MASS / 2.0, 0.0, c) for e, c in ((x, cosine), (y, np.ones(50))))
    squares = emission_squares(lepton, photon, 1e-9, (TAU_MASS, TAU_MASS))
    # Σ|M|²/(e² Σ|M₀|²) with Σ|M₀|² = 4 m⁴, and d²Γ/Γ₀ = α/(4π) m² of it dx dy
    ratio = TAU_MASS**2 / 4.0 * squares.summed / (4.0 * TAU_MASS**4)
    np.testing.assert_allclose(ratio, massless_spectrum(x, y) / 2.0, rtol=1e-6)


def test_the_share_of_wide_photons_is_that_of_the_published_formula() -> None:
    least, most_cosine = 0.1, 0.8  # of y, and of the cosine between electron and photon
    decays = made("e", 0.0)
    electron, photon = decays.lepton, decays.photon
    dot = electron.px * photon.px + electron.py * photon.py + electron.pz * photon.pz
    cosine = dot / (photon.energy * np.sqrt(electron.energy**2 - ELECTRON_MASS**2))
    share = np.count_nonzero((photon.energy > least * TAU_MASS / 2.0) & (cosine < most_cosine)) / SIZE
    nodes, weights = np.polynomial.legendre.leggauss(200)
    y = (least + 1.0) / 2.0 + (1.0 - least) / 2.0 * nodes
    # 1 − c = 2 (x + y − 1)/(x y): c falls with x
    lowest = (1.0 - y) / (1.0 - y * (1.0 - most_cosine) / 2.0)
    x = lowest[:, None] + (1.0 - lowest[:, None]) * (nodes + 1.0) / 2.0
    inner = np.sum(weights * massless_spectrum(x, y[:, None]), axis=1) * (1.0 - lowest) / 2.0
    expected = FINE_STRUCTURE / (2.0 * math.pi) * np.sum(weights * inner) * (1.0 - least) / 2.0
    assert share == pytest.approx(expected, abs=4.0 * math.sqrt(expected / SIZE))
    assert 0.005 < expected < 0.1


@pytest.mark.parametrize(("lepton", "alpha_mass"), [("e", 0.0), ("e", 1.4), ("mu", 0.0), ("mu", 1.0)])
def test_soft_photons_are_as_many_as_the_eikonal_factor_says(lepton: str, alpha_mass: float) -> None:
    decays = made(lepton, alpha_mass, seed=3)
    hardest = 3.0 * LEAST_PHOTON_ENERGY
    share = np.count_nonzero(decays.photon.energy < hardest) / SIZE
    energy = (TAU_MASS**2 + MASSES[lepton] ** 2 - alpha_mass**2) / (2.0 * TAU_MASS)
    velocity = math.sqrt(1.0 - (MASSES[lepton] / energy) ** 2)
    factor = math.atanh(velocity) / velocity - 1.0
    expected = 2.0 * FINE_STRUCTURE / math.pi * factor * math.log(3.0)
    # photons of 5 MeV are not quite soft: phase space is smaller by their energy over that of the lepton
    assert share == pytest.approx(expected, rel=0.02, abs=4.0 * math.sqrt(expected / SIZE))


def test_momenta_and_masses_are_kept() -> None:
    decays = made("mu", 0.7)
    total = decays.lepton.plus(decays.alpha).plus(decays.photon)
    np.testing.assert_allclose(total.energy, TAU_MASS, rtol=1e-12)
    for component in total[:3]:
        np.testing.assert_allclose(component, 0.0, atol=1e-12)
    np.testing.assert_allclose(decays.lepton.mass_squared(), MUON_MASS**2, atol=1e-12)
    np.testing.assert_allclose(decays.alpha.mass_squared(), 0.49, rtol=1e-9)
    np.testing.assert_allclose(decays.photon.mass_squared(), 0.0, atol=1e-12)
    assert decays.photon.energy.min() >= LEAST_PHOTON_ENERGY


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_soft_photons_leave_the_spin_to_the_lepton(sign: float) -> None:
    cosine = np.linspace(-0.9, 0.9, 7)
    energy = (TAU_MASS**2 + MUON_MASS**2 - 1.0) / (2.0 * TAU_MASS)
    lepton = vector_at(np.full(7, energy), MUON_MASS, cosine)
    photon = vector_at(np.full(7, 1e-7), 0.0, np.ones(7))
    couplings = TAU_MASS - MUON_MASS, -sign * (TAU_MASS + MUON_MASS)
    found = emission_squares(lepton, photon, MUON_MASS, couplings).polarimeter
    direction = np.stack(lepton[:3], axis=1) / math.sqrt(energy**2 - MUON_MASS**2)
    np.testing.assert_allclose(found, sign * analysing_power("mu", 1.0) * direction, atol=1e-6)


@pytest.mark.parametrize("pdg", [15, -15])
def test_radiative_decays_take_their_place_among_the_others(pdg: int) -> None:
    decays = lepton_alpha_decays(pdg, "e", np.full(20_000, 0.5), "V-A", np.random.default_rng(4))
    radiates = decays.pdg[:, 2] == 22
    assert 0.1 < radiates.mean() < 0.2
    assert not decays.pdg[~radiates, 2:].any()
    np.testing.assert_allclose(decays.momenta.energy.sum(axis=1), TAU_MASS, rtol=1e-12)
    flight = np.stack([column[:, 0] for column in decays.momenta[:3]], axis=1)
    along = np.sum(flight * decays.polarimeter, axis=1) / np.linalg.norm(flight, axis=1)
    # with V−A the electron flies against the spin of a τ−
    assert along[~radiates] == pytest.approx(-1.0 if pdg > 0 else 1.0, abs=1e-5)
    assert np.median(along[radiates]) == pytest.approx(-1.0 if pdg > 0 else 1.0, abs=0.05)


@pytest.mark.parametrize("lepton", ["e", "mu"])
def test_as_many_leptons_radiate_as_taus_into_neutrinos_make_them(lepton: str) -> None:
    # of all masses of α those of the two neutrinos are a mean: soft photons are of one number in both,
    # taken at the mean energy of the lepton
    neutrinos = decay_taus(15, np.full(40_000, lepton), np.random.default_rng(5))
    has_photon = neutrinos.pdg == 22
    soft = has_photon & (neutrinos.momenta.energy < 5.0 * LEAST_PHOTON_ENERGY)
    energy = neutrinos.momenta.energy[np.abs(neutrinos.pdg) == {"e": 11, "mu": 13}[lepton]].mean()
    alpha_mass = math.sqrt(TAU_MASS**2 + MASSES[lepton] ** 2 - 2.0 * TAU_MASS * energy)
    decays = made(lepton, alpha_mass, seed=6)
    share = np.count_nonzero(decays.photon.energy < 5.0 * LEAST_PHOTON_ENERGY) / SIZE
    # the mean of a logarithm is not that of the mean, by a few per cent of the photons
    assert soft.sum() / 40_000 == pytest.approx(share, rel=0.1, abs=4.0 * math.sqrt(share / 40_000))
