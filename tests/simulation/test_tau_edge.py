"""τ pairs in a range of the pseudomass are those that the range would have been cut from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from darkbelle.beams import NOMINAL
from darkbelle.constants import PION_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.simulation.events import Generated
from darkbelle.simulation.generators import generator

RANGE = (1.45, 1.90)


class Observables(NamedTuple):
    """The pseudomass, the energy of the pion alone over half of √s, and the charge of the three."""

    mass: NDArray[np.float64]
    energy: NDArray[np.float64]
    charge: NDArray[np.float64]


def observables(made: Generated) -> Observables:
    """What the edge and the spins depend on, by the formula of physics.md for particles in the CM."""
    events = made.events
    charged = np.abs(events.pdg) == 211
    charge = np.sign(events.pdg)
    from_minus = events.mother_pdg == 15
    event = events.event_of_particle
    hadrons = [np.bincount(event[charged & of], minlength=len(events)) for of in (from_minus, ~from_minus)]
    three_minus = hadrons[0] == 3
    of_three = charged & (from_minus == three_minus[event])
    energy = np.sqrt(events.px**2 + events.py**2 + events.pz**2 + PION_MASS**2)
    px, py, pz, e = (
        np.bincount(event[of_three], column[of_three], len(events))
        for column in (events.px, events.py, events.pz, energy)
    )
    p = np.sqrt(px**2 + py**2 + pz**2)
    mass = np.sqrt(e**2 - p**2 + 2 * (NOMINAL.sqrt_s / 2 - e) * (e - p))
    alone = charged & ~of_three
    tag = np.bincount(event[alone], energy[alone], len(events)) / (NOMINAL.sqrt_s / 2)
    sign = np.bincount(event[of_three], charge[of_three], len(events))
    return Observables(mass, tag.astype(np.float64), sign.astype(np.float64))


@pytest.fixture(scope="module")
def cut() -> Observables:
    """3π against π, and the range cut from them."""
    found = observables(generator("tautau", modes=("3pi", "pi")).generate(25_000, np.random.default_rng(1)))
    inside = (found.mass > RANGE[0]) & (found.mass < RANGE[1])
    return Observables(*(column[inside] for column in found))


@pytest.fixture(scope="module")
def made() -> Generated:
    source = generator("tautau", modes=("3pi", "pi"), pseudomass=RANGE)
    return source.generate(10_000, np.random.default_rng(2))


def test_all_events_lie_in_the_range(made: Generated) -> None:
    mass = observables(made).mass
    assert len(mass) == 10_000
    assert RANGE[0] - 1e-4 < mass.min() < RANGE[0] + 1e-3
    assert 1.85 < mass.max() < RANGE[1] + 1e-4


def test_as_many_are_tried_as_the_range_keeps_few(made: Generated, cut: Observables) -> None:
    share = len(cut.mass) / 25_000
    error = np.sqrt(share / 25_000 + share**2 / 10_000)
    assert 10_000 / made.tried == pytest.approx(share, abs=4 * error)


def test_they_are_distributed_as_those_that_are_cut(made: Generated, cut: Observables) -> None:
    found = observables(made)
    assert ks_2samp(found.mass, cut.mass).pvalue > 1e-3
    assert ks_2samp(found.energy, cut.energy).pvalue > 1e-3
    assert found.charge.mean() == pytest.approx(0.0, abs=4 / np.sqrt(len(found.charge)))


@pytest.mark.parametrize("charge", [-1.0, 1.0])
def test_spins_of_either_charge_are_correlated(made: Generated, cut: Observables, charge: float) -> None:
    # near the edge the three fly along the τ or against it, and the pion's energy knows of its spin
    found = observables(made)
    of_made = found.energy[(found.charge == charge) & (found.mass > 1.65)]
    of_cut = cut.energy[(cut.charge == charge) & (cut.mass > 1.65)]
    assert min(len(of_made), len(of_cut)) > 500
    assert ks_2samp(of_made, of_cut).pvalue > 1e-3


@pytest.mark.parametrize("modes", [("1prong", "3prong"), ("3prong", "3prong"), "all"])
def test_a_range_needs_one_tau_of_three_prongs(modes: tuple[str, str] | str) -> None:
    with pytest.raises(ConfigurationError, match="first has three prongs"):
        generator("tautau", modes=modes, pseudomass=RANGE)


def test_a_range_must_rise() -> None:
    with pytest.raises(ConfigurationError, match="must rise"):
        generator("tautau", modes=("3prong", "1prong"), pseudomass=(1.9, 1.65))
