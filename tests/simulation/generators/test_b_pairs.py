from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.generators import generator

SIZE = 5000
CHARGED = (11, 13, 211, 321, 2212)


@pytest.fixture(scope="module", params=["charged_b", "neutral_b"])
def both(request: pytest.FixtureRequest) -> GeneratedEvents:
    return generator(request.param).generate(SIZE, np.random.default_rng(1)).events


@pytest.fixture(scope="module")
def charged() -> GeneratedEvents:
    return generator("charged_b").generate(SIZE, np.random.default_rng(2)).events


def mesons(events: GeneratedEvents) -> NDArray[np.bool_]:
    return np.isin(np.abs(events.ancestors.pdg), (511, 521))


def test_every_event_comes_from_two_mesons(both: GeneratedEvents) -> None:
    event = np.repeat(np.arange(SIZE), np.diff(both.ancestors.offsets))
    assert (np.bincount(event[mesons(both)]) == 2).all()
    assert (both.ancestors.mother[mesons(both)] == -1).all()
    assert (both.ancestors.mother[~mesons(both)] >= 0).all()
    photons = both.mother < 0  # of the beams
    assert (both.pdg[photons] == 22).all()
    assert both.energy[photons].sum() < 0.005 * SIZE


def test_mesons_come_with_the_square_of_the_sine(both: GeneratedEvents) -> None:
    momenta = both.ancestor_momenta()
    size = np.sqrt(momenta.px**2 + momenta.py**2 + momenta.pz**2)
    cosine = (momenta.pz / size)[mesons(both)][::2]
    # ∫ c² (3/4)(1 − c²) = 1/5; its variance is 3/35 − 1/25
    assert np.mean(cosine**2) == pytest.approx(0.2, abs=4.0 * math.sqrt((3 / 35 - 1 / 25) / SIZE))
    assert np.mean(cosine) == pytest.approx(0.0, abs=4.0 * math.sqrt(0.2 / SIZE))


def test_charged_mesons_live_as_long_as_the_pdg_says(charged: GeneratedEvents) -> None:
    # leptons straight from the B are born where it decays: time over γ
    momenta = charged.ancestor_momenta()
    straight = np.isin(charged.mother_pdg, (521, -521)) & np.isin(np.abs(charged.pdg), (11, 13))
    row = charged.mother_row[straight]
    gamma = momenta.energy[row] / 5.27941
    proper = charged.t[straight] / gamma
    assert len(proper) > 1500
    assert proper.mean() == pytest.approx(0.04911, rel=4.0 / math.sqrt(len(proper)))
    way = np.sqrt(charged.x**2 + charged.y**2 + charged.z**2)[straight]
    velocity = np.sqrt(1.0 - 1.0 / gamma**2)
    np.testing.assert_allclose(way, charged.t[straight] * velocity, rtol=1e-6)


def test_neutral_mesons_mix() -> None:
    events = generator("neutral_b").generate(SIZE, np.random.default_rng(3)).events
    sign = np.sign(events.ancestors.pdg[mesons(events)]).reshape(-1, 2)
    # χ_d = x²/2(1 + x²), coherent or not; PDG 2024: 0.1858 ± 0.0011
    found = np.mean(sign[:, 0] == sign[:, 1])
    assert found == pytest.approx(0.1858, abs=4.0 * math.sqrt(0.1858 * 0.8142 / SIZE))
    assert abs(sign.mean()) < 4.0 / math.sqrt(SIZE)


def test_charged_mesons_do_not_mix(charged: GeneratedEvents) -> None:
    sign = np.sign(charged.ancestors.pdg[mesons(charged)]).reshape(-1, 2)
    assert (sign.sum(axis=1) == 0).all()


def test_charged_multiplicity_is_that_of_the_upsilon_4s() -> None:
    # ARGUS, Z. Phys. C 54 (1992) 13: 10.81 ± 0.05 ± 0.23, decays of K_S and Λ counted
    parts = [generator(p).generate(SIZE, np.random.default_rng(4)).events for p in ("charged_b", "neutral_b")]
    means = [np.isin(np.abs(part.pdg), CHARGED).sum() / SIZE for part in parts]
    assert 0.514 * means[0] + 0.486 * means[1] == pytest.approx(10.81, abs=2.0 * 0.235)


@pytest.mark.parametrize(
    ("products", "fraction", "uncertainty"),
    [
        # PDG 2024, of B±
        ((11,), 0.1099, 0.0028),
        ((443,), 0.0109, 0.0020),  # of the mixture with B0; the tables' partonic modes add to what is listed
    ],
)
def test_inclusive_branching_fractions(
    charged: GeneratedEvents, products: tuple[int, ...], fraction: float, uncertainty: float
) -> None:
    if products == (11,):
        found = np.sum(np.isin(np.abs(charged.mother_pdg), (521,)) & np.isin(np.abs(charged.pdg), products))
    else:
        found = np.sum(np.isin(np.abs(charged.ancestors.pdg), products))
    statistical = math.sqrt(fraction / (2 * SIZE))
    assert found / (2 * SIZE) == pytest.approx(fraction, abs=3.0 * math.hypot(statistical, uncertainty))


def test_cross_sections_are_those_of_basf2() -> None:
    assert generator("charged_b").cross_section_fb == pytest.approx(0.540e6)
    assert generator("neutral_b").cross_section_fb == pytest.approx(0.510e6)
    assert generator("charged_b").branching_fraction == 1.0
