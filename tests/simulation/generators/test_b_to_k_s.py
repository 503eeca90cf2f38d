from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.events import SCALAR, GeneratedEvents
from darkbelle.simulation.generators import generator
from darkbelle.vectors import FourVector

SIZE = 4000


def made(size: int = SIZE, **options: Any) -> GeneratedEvents:
    return generator("b_to_k_s", **options).generate(size, np.random.default_rng(1)).events


@pytest.fixture(scope="module")
def kstar() -> GeneratedEvents:
    return made(kaon="K*0", final_state="mumu", mass=1.5, ctau_cm=2.0)


def from_scalar(events: GeneratedEvents) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = events.mother_pdg == SCALAR
    return flags


def rows(vector: FourVector, index: Any) -> FourVector:
    return FourVector(*(column[index] for column in vector))


@pytest.mark.parametrize(
    ("kaon", "final_state", "mass", "positive"),
    [
        ("K+", "ee", 0.025, -11),
        ("K+", "mumu", 4.78, -13),
        ("K*0", "pipi", 0.3, 211),
        ("K*0", "KK", 3.0, 321),
    ],
)
def test_the_scalar_decays_as_asked(kaon: str, final_state: str, mass: float, positive: int) -> None:
    events = made(200, kaon=kaon, final_state=final_state, mass=mass, ctau_cm=1.0)
    scalar = events.ancestors.pdg == SCALAR
    assert scalar.sum() == 200
    found = np.sqrt(events.ancestor_momenta().mass_squared())[scalar]
    np.testing.assert_allclose(found, mass, rtol=1e-6)
    products = events.pdg[from_scalar(events) & (events.pdg != 22)]
    assert sorted(products.tolist()) == sorted([positive, -positive] * 200)
    mother_of_scalar = events.ancestors.mother[scalar]
    assert (mother_of_scalar >= 0).all()


def test_lifetime_of_the_scalar(kstar: GeneratedEvents) -> None:
    scalar = from_scalar(kstar) & (kstar.pdg == 13)
    # from the B to the S: the kaon of the K*0, which decays at once, is born where the B decays
    kaon = np.isin(kstar.mother_pdg, (313, -313)) & (np.abs(kstar.pdg) == 321)
    momenta = rows(kstar.ancestor_momenta(), kstar.ancestors.pdg == SCALAR)
    # other K*0 come from the other B: take events with one kaon only
    kaons = np.bincount(kstar.event_of_particle[kaon], minlength=SIZE)
    single = kaons == 1
    started = kstar.t[kaon & single[kstar.event_of_particle]]
    flight = kstar.t[scalar][single] - started
    proper = flight * 1.5 / momenta.energy[single]
    assert len(proper) > 3000
    assert proper.mean() == pytest.approx(2.0, rel=4.0 / math.sqrt(len(proper)))
    assert proper.std() == pytest.approx(2.0, rel=8.0 / math.sqrt(len(proper)))


def test_a_prompt_scalar_decays_with_the_meson() -> None:
    events = made(300, kaon="K+", final_state="pipi", mass=0.5)
    pions = from_scalar(events) & (events.pdg == 211)
    kaons = np.isin(events.mother_pdg, (521, -521)) & (np.abs(events.pdg) == 321)
    event = events.event_of_particle
    first = np.full(300, np.nan)
    first[event[kaons]] = events.z[kaons]
    alone = np.bincount(event[kaons], minlength=300) == 1
    np.testing.assert_allclose(events.z[pions][alone], first[alone], atol=1e-12)


@pytest.mark.parametrize(("final_state", "mass"), [("ee", 0.00051099895), ("mumu", 0.1056583755)])
def test_leptons_of_the_scalar_radiate(final_state: str, mass: float) -> None:
    # soft photons above E: (2α/π)(L − 1) ln(M/2E) with L = ln(M²/m²), 3/2 less each for the hard end
    energy, scalar_mass, size = 0.05, 3.0, 20_000
    events = made(size, kaon="K+", final_state=final_state, mass=scalar_mass)
    photons = np.flatnonzero(from_scalar(events) & (events.pdg == 22))
    frames = rows(events.ancestor_momenta(), events.mother_row[photons])
    hard = np.sum(boost_to_rest_frame(rows(events.momenta, photons), frames).energy > energy)
    logarithm = 2.0 * math.log(scalar_mass / mass) - 1.0
    expected = 2.0 * size / (137.036 * math.pi) * logarithm * (math.log(scalar_mass / 2.0 / energy) - 0.75)
    assert hard == pytest.approx(expected, rel=0.1)


def test_hadrons_of_the_scalar_do_not() -> None:
    events = made(500, kaon="K+", final_state="pipi", mass=3.0)
    assert not (from_scalar(events) & (events.pdg == 22)).any()


def test_the_kstar_has_helicity_0(kstar: GeneratedEvents) -> None:
    ancestors, momenta = kstar.ancestors, kstar.ancestor_momenta()
    event = np.repeat(np.arange(SIZE), np.diff(ancestors.offsets))
    scalar = np.flatnonzero(ancestors.pdg == SCALAR)
    b_row = ancestors.row(event[scalar], ancestors.mother[scalar])
    sister = (np.abs(ancestors.pdg) == 313) & np.isin(ancestors.row(event, ancestors.mother), b_row)
    assert sister.sum() == SIZE
    kaon = np.isin(kstar.mother_row, np.flatnonzero(sister)) & (np.abs(kstar.pdg) == 321)
    frame = rows(momenta, sister)
    in_kstar = boost_to_rest_frame(rows(kstar.momenta, kaon), frame)
    opposite = boost_to_rest_frame(rows(momenta, scalar), frame)  # S flies against the K*0
    product = in_kstar.px * opposite.px + in_kstar.py * opposite.py + in_kstar.pz * opposite.pz
    sizes = [np.sqrt(v.px**2 + v.py**2 + v.pz**2) for v in (in_kstar, opposite)]
    cosine = product / sizes[0] / sizes[1]
    assert np.mean(cosine**2) == pytest.approx(0.6, abs=4.0 * math.sqrt((3 / 7 - 0.36) / SIZE))
    assert np.mean(cosine) == pytest.approx(0.0, abs=4.0 * math.sqrt(0.6 / SIZE))
    # K*0 → K+π−, and the conjugate from the conjugate, each as often
    codes = kstar.pdg[kaon]
    assert (np.sign(codes) == np.sign(ancestors.pdg[sister])).all()
    assert np.mean(codes > 0) == pytest.approx(0.5, abs=2.0 / math.sqrt(SIZE))


def test_the_scalar_decays_alike_in_all_directions(kstar: GeneratedEvents) -> None:
    muons = rows(kstar.momenta, from_scalar(kstar) & (kstar.pdg == 13))
    scalar = rows(kstar.ancestor_momenta(), kstar.ancestors.pdg == SCALAR)
    at_rest = boost_to_rest_frame(muons, scalar)
    product = at_rest.px * scalar.px + at_rest.py * scalar.py + at_rest.pz * scalar.pz
    sizes = [np.sqrt(v.px**2 + v.py**2 + v.pz**2) for v in (at_rest, scalar)]
    cosine = product / sizes[0] / sizes[1]
    assert np.mean(cosine**2) == pytest.approx(1 / 3, abs=4.0 * math.sqrt((1 / 5 - 1 / 9) / SIZE))


def test_cross_section_is_that_of_the_mesons() -> None:
    charged = generator("b_to_k_s", kaon="K+", final_state="ee", mass=1.0)
    neutral = generator("b_to_k_s", kaon="K*0", final_state="ee", mass=1.0)
    assert charged.cross_section_fb == pytest.approx(2 * 0.540e6)
    assert charged.branching_fraction == 1.0
    assert neutral.cross_section_fb == pytest.approx(2 * 0.510e6)
    assert neutral.branching_fraction == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kaon": "K-"}, "kaon of b_to_k_s"),
        ({"final_state": "tautau"}, "final_state of b_to_k_s"),
        ({"mass": 0.2}, "must lie in 0.2113 to 4.7857"),
        ({"mass": 4.79}, "must lie in"),
        ({"ctau_cm": -1.0}, "ctau_cm of S"),
        ({"ctau_cm": math.inf}, "ctau_cm of S"),
    ],
)
def test_impossible_options_are_refused(changed: dict[str, Any], message: str) -> None:
    options = {"kaon": "K+", "final_state": "mumu", "mass": 1.0, "ctau_cm": 1.0, **changed}
    with pytest.raises(ConfigurationError, match=message):
        generator("b_to_k_s", **options)
