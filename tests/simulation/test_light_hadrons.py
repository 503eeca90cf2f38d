from __future__ import annotations

import math

import numpy as np
import pytest

from darkbelle.constants import NEUTRAL_KAON_MASS, NEUTRAL_PION_MASS
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.light_hadrons import decay_light_hadrons
from darkbelle.simulation.particles import Particles
from darkbelle.vectors import FourVector

ETA_MASS, LAMBDA_MASS = 0.547862, 1.115683


def hadrons(pdg: int, mass: float, size: int) -> Particles:
    px, py, pz = np.random.default_rng(1).normal(0.0, 1.0, (3, size))
    made = Particles.from_collision(
        np.arange(size), np.full(size, pdg), FourVector.with_mass(px, py, pz, mass)
    )
    return made._replace(vertex=np.full((size, 4), 0.02))


def decayed(pdg: int, mass: float, size: int, *, seed: int = 2) -> GeneratedEvents:
    return decay_light_hadrons(hadrons(pdg, mass, size), np.random.default_rng(seed)).into_events(size, "cm")


@pytest.mark.parametrize(
    ("pdg", "mass"),
    [(111, NEUTRAL_PION_MASS), (221, ETA_MASS), (310, NEUTRAL_KAON_MASS), (-3122, LAMBDA_MASS)],
)
def test_decays_conserve_momentum_and_charge(pdg: int, mass: float) -> None:
    size = 500
    before, after = hadrons(pdg, mass, size), decayed(pdg, mass, size)
    for found, expected in zip(after.momenta, before.momenta, strict=True):
        total = np.bincount(after.event_of_particle, found, minlength=size)
        np.testing.assert_allclose(total, expected, atol=1e-12)
    charge = np.select([np.isin(abs(after.pdg), (211, 2212))], [np.sign(after.pdg)])
    assert np.all(np.bincount(after.event_of_particle, charge, minlength=size) == 0)
    assert set(np.abs(after.pdg).tolist()) <= {22, 211, 2212, 2112}
    first = after.ancestors.offsets[:-1]
    np.testing.assert_array_equal(after.ancestors.pdg[first], pdg)
    for found, expected in zip(after.ancestor_momenta(), before.momenta, strict=True):
        np.testing.assert_allclose(found[first], expected, atol=1e-12)


def test_an_antilambda_gives_an_antiproton() -> None:
    after = decayed(-3122, LAMBDA_MASS, 200)
    assert np.any(after.pdg == -2212)
    assert not np.any(np.isin(after.pdg, (2212, 2112)))


def test_neutral_pions_give_two_photons_each_where_they_are_born() -> None:
    after = decayed(111, NEUTRAL_PION_MASS, 300)
    assert (after.multiplicity == 2).all()
    assert (after.pdg == 22).all()
    assert (after.mother_pdg == 111).all()
    np.testing.assert_array_equal(after.x, 0.02)


def test_kaons_live_as_long_as_the_pdg_says() -> None:
    size = 20_000
    before, after = hadrons(310, NEUTRAL_KAON_MASS, size), decayed(310, NEUTRAL_KAON_MASS, size)
    first = after.offsets[:-1]
    flight = np.sqrt(
        (after.x[first] - 0.02) ** 2 + (after.y[first] - 0.02) ** 2 + (after.z[first] - 0.02) ** 2
    )
    momentum = np.sqrt(before.momenta.energy**2 - NEUTRAL_KAON_MASS**2)
    proper = flight * NEUTRAL_KAON_MASS / momentum
    assert proper.mean() == pytest.approx(2.6844, rel=4.0 / math.sqrt(size))
    # the way is the time times the velocity
    np.testing.assert_allclose(flight, (after.t[first] - 0.02) * momentum / before.momenta.energy, rtol=1e-9)


@pytest.mark.parametrize(
    ("pdg", "mass", "products", "expected"),
    [
        (221, ETA_MASS, 211, (0.2302 + 0.0428) / 0.9923),  # PDG 2024, of the 99.23 % that are kept
        (310, NEUTRAL_KAON_MASS, 211, 0.6920 / 0.9989),
        (3122, LAMBDA_MASS, 2212, 0.641),
    ],
)
def test_charged_decays_have_their_share(pdg: int, mass: float, products: int, expected: float) -> None:
    size = 20_000
    after = decayed(pdg, mass, size, seed=4)
    found = np.sum(after.pdg == products) / size
    assert found == pytest.approx(expected, abs=4.0 * math.sqrt(expected * (1.0 - expected) / size))


def test_other_particles_stay() -> None:
    before, after = hadrons(130, NEUTRAL_KAON_MASS, 5), decayed(130, NEUTRAL_KAON_MASS, 5)
    assert after.pdg.tolist() == [130] * 5
    np.testing.assert_array_equal(after.px, before.momenta.px)
