from __future__ import annotations

import math

import numpy as np
import pytest

from darkbelle.errors import SimulationError
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.decay_table import Channel
from darkbelle.simulation.hadron_decays import decay_b_mesons, table_settings
from darkbelle.simulation.particles import Particles


def test_each_meson_has_an_event_of_its_own() -> None:
    codes = np.array([521, -511, -521] * 150)  # more than fit into one of Pythia's records
    made = decay_b_mesons(codes, np.random.default_rng(1))
    first = made.mother < 0
    np.testing.assert_array_equal(made.pdg[first], codes)
    np.testing.assert_array_equal(made.event[first], np.arange(450))
    later = ~first
    np.testing.assert_array_equal(made.event[later], made.event[made.mother[later]])
    # four-momentum, meson by meson: none lends to another
    total = np.bincount(made.event[~made.decayed], made.momenta.energy[~made.decayed])
    mass = np.where(np.abs(codes) == 521, 5.27941, 5.27972)
    np.testing.assert_allclose(total, mass, atol=1e-9)


def test_mesons_decay_at_once_and_charm_lives_on() -> None:
    made = decay_b_mesons(np.full(2000, 521), np.random.default_rng(2))
    straight = (made.mother >= 0) & (np.abs(made.pdg[made.mother]) == 521)
    assert not made.vertex[straight].any()
    # D0 → …: cτ = 123.0 µm, PDG 2024
    charm = np.flatnonzero(np.abs(made.pdg) == 421)
    daughter = np.full(len(made.pdg), -1)
    daughter[made.mother[made.mother >= 0]] = np.flatnonzero(made.mother >= 0)
    mass = np.sqrt(made.momenta_of(charm).mass_squared())
    flight = made.vertex[daughter[charm], 3] - made.vertex[charm, 3]
    proper = flight * mass / made.momenta.energy[charm]
    assert proper.mean() == pytest.approx(123.0e-4, rel=4.0 / math.sqrt(len(charm)))


def test_partonic_modes_do_not_double_exclusive_ones() -> None:
    # PDG 2024: B+ → D̄0 π+ 4.61e-3, D̄*0 l+ ν 5.53 % for each lepton
    size = 20_000
    made = decay_b_mesons(np.full(size, 521), np.random.default_rng(4))
    from_b = (made.mother >= 0) & (made.pdg[made.mother] == 521)
    meson = made.event[from_b]
    number = np.bincount(meson, minlength=size)

    def share(*codes: int) -> float:
        found = [np.bincount(meson[made.pdg[from_b] == code], minlength=size) == 1 for code in codes]
        return float(np.mean(np.all(found, axis=0) & (number == len(codes))))

    two_bodies = 4.61e-3
    assert share(-421, 211) == pytest.approx(two_bodies, abs=4.0 * math.sqrt(two_bodies / size))
    semileptonic = share(-423, -11, 12) + share(-423, -13, 14)
    assert semileptonic == pytest.approx(2 * 0.0553, abs=4.0 * math.sqrt(0.11 * 0.89 / size + 0.0022**2))


def only(channel: Channel, size: int, *more: str) -> Particles:
    return decay_b_mesons(
        np.full(size, 521), np.random.default_rng(3), (*table_settings(521, [channel]), *more)
    )


def test_a_vector_beside_a_pseudoscalar_is_polarised() -> None:
    # B+ → D̄*0 π+ leaves helicity 0: cos² of the D̄0 about the flight of the D̄*0
    size = 4000
    made = only(Channel(1.0, 0, (-423, 211)), size, "423:onMode = off", "423:onIfMatch = 421 111")
    meson = np.flatnonzero(made.pdg == -421)
    vector = made.momenta_of(made.mother[meson])
    at_rest = boost_to_rest_frame(made.momenta_of(meson), vector)
    product = at_rest.px * vector.px + at_rest.py * vector.py + at_rest.pz * vector.pz
    sizes = [np.sqrt(v.px**2 + v.py**2 + v.pz**2) for v in (at_rest, vector)]
    cosine = product / sizes[0] / sizes[1]
    assert len(meson) == size
    assert np.mean(cosine**2) == pytest.approx(0.6, abs=4.0 * math.sqrt((3 / 7 - 0.36) / size))


def test_leptons_from_b_are_harder_than_neutrinos_by_v_minus_a() -> None:
    # b → c l ν with massless leptons: the spectrum of the charged lepton is harder than by phase space
    weak = only(Channel(1.0, 22, (12, -11, -421)), 4000)
    flat = only(Channel(1.0, 0, (12, -11, -421)), 4000)
    straight = [
        made.momenta.energy[(made.pdg == -11) & (made.pdg[made.mother] == 521)].mean()
        for made in (weak, flat)
    ]
    assert straight[0] > straight[1] * 1.02


def test_a_setting_that_pythia_does_not_know_is_an_error() -> None:
    with pytest.raises(SimulationError, match="Pythia refused 'Nonsense:colour = blue'"):
        decay_b_mesons(np.array([521]), np.random.default_rng(1), ["Nonsense:colour = blue"])
