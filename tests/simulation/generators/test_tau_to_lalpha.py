from __future__ import annotations

import numpy as np
import pytest

from darkbelle.constants import MUON_MASS, TAU_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.events import DARK_ALPHA
from darkbelle.simulation.generators import generator
from darkbelle.simulation.lepton_alpha import analysing_power, lepton_alpha_decays, lepton_energy
from darkbelle.simulation.tau_modes import branching_fractions
from darkbelle.vectors import Column, FourVector


@pytest.mark.parametrize("mass", [0.0, 0.7, 1.6])
@pytest.mark.parametrize("lepton", ["e", "mu"])
def test_two_bodies_share_the_mass_of_the_tau(lepton: str, mass: float) -> None:
    decays = lepton_alpha_decays(-15, lepton, np.full(200, mass), "isotropic", np.random.default_rng(1))
    np.testing.assert_allclose(decays.momenta.energy.sum(axis=1), TAU_MASS, rtol=1e-12)
    for column in decays.momenta[:3]:
        np.testing.assert_allclose(column.sum(axis=1), 0.0, atol=1e-12)
    alpha = FourVector(*(column[:, 1] for column in decays.momenta))
    np.testing.assert_allclose(alpha.mass_squared(), mass**2, atol=1e-10)
    assert set(decays.pdg[:, 1].tolist()) == {DARK_ALPHA}
    assert not decays.polarimeter.any()


def test_energy_of_the_lepton_is_that_of_the_two_body_decay() -> None:
    # physics.md: x = (m_τ² + m_l² − M²)/m_τ²
    assert lepton_energy("mu", 1.0) / (TAU_MASS / 2.0) == pytest.approx(
        (TAU_MASS**2 + MUON_MASS**2 - 1.0) / TAU_MASS**2
    )


def test_light_leptons_have_the_whole_analysing_power_and_slow_ones_none() -> None:
    assert analysing_power("e", 1.0) == pytest.approx(1.0, abs=1e-5)
    assert 0.9 < analysing_power("mu", 1.0) < 1.0
    assert analysing_power("mu", TAU_MASS - MUON_MASS - 1e-9) < 1e-2


def _cosines(chirality: str, size: int) -> tuple[Column, Column, Column]:
    """Return cosines of the lepton and of the pion to their τ, and the mean of R_zz."""
    made = generator("tau_to_lalpha", lepton="e", mass=1.0, chirality=chirality, tag="pi")
    events = made.generate(size, np.random.default_rng(2)).events
    whole = events.ancestor_momenta()
    taus = [FourVector(*(column[events.ancestors.pdg == pdg] for column in whole)) for pdg in (15, -15)]
    pair = taus[0].plus(taus[1])
    cosines = np.empty((2, size))
    for tau, pdg in zip(taus, (15, -15), strict=True):
        for kind, code in enumerate((11, 211)):
            signed = code if (pdg > 0) == (code == 11) else -code
            of_tau = (events.pdg == signed) & (events.mother_pdg == pdg)
            event = events.event_of_particle[of_tau]
            particle = FourVector(*(column[of_tau] for column in events.momenta))
            in_pair, flight = (
                boost_to_rest_frame(v, FourVector(*(c[event] for c in pair)))
                for v in (particle, FourVector(*(c[event] for c in tau)))
            )
            at_rest = boost_to_rest_frame(in_pair, flight)
            a, b = (np.stack(v[:3]) for v in (at_rest, flight))
            cosines[kind, event] = np.sum(a * b, axis=0) / np.sqrt(
                np.sum(a**2, axis=0) * np.sum(b**2, axis=0)
            )
    gamma = np.sqrt(pair.mass_squared()) / (2.0 * TAU_MASS)
    return cosines[0], cosines[1], (2.0 - gamma**-2) / (2.0 + gamma**-2)


@pytest.mark.parametrize(("chirality", "sign"), [("isotropic", 0.0), ("V-A", -1.0), ("V+A", 1.0)])
def test_lepton_follows_the_spin_that_the_other_tau_tells(chirality: str, sign: float) -> None:
    # for two pions the cosines to their own τ have the mean product R_zz/9; V−A turns the lepton around
    size = 30_000
    lepton, pion, correlation = _cosines(chirality, size)
    expected = sign * correlation.mean() / 9.0
    product = lepton * pion
    assert product.mean() == pytest.approx(expected, abs=4.0 * product.std() / np.sqrt(size))


def test_name_cross_section_and_branching_fraction() -> None:
    made = generator("tau_to_lalpha", lepton="mu", mass=0.5, chirality="V+A", tag="3pi")
    assert made.name == "tau_to_mualpha_0.5_Vp" + "A_3pi"
    assert made.cross_section_fb == pytest.approx(0.919e6)
    assert made.branching_fraction == pytest.approx(2.0 * branching_fractions()["3pi"])


def test_masses_of_a_range_are_even_in_their_square() -> None:
    made = generator("tau_to_lalpha", lepton="e", masses=(0.5, 1.5), tag="pi")
    assert made.name == "tau_to_ealpha_0.5_to_1.5_pi"
    size = 4000
    events = made.generate(size, np.random.default_rng(3)).events
    alphas = events.momenta.rows(events.pdg == DARK_ALPHA)
    squares = alphas.mass_squared()
    assert squares.min() > 0.25 - 1e-9
    assert squares.max() < 2.25 + 1e-9
    assert squares.mean() == pytest.approx(1.25, abs=4.0 * 2.0 / np.sqrt(12.0 * size))


@pytest.mark.parametrize(
    "wrong",
    [
        {"lepton": "tau"},
        {"mass": 1.7},
        {"chirality": "V"},
        {"tag": "rho"},
        {"masses": (0.0, 1.0)},
        {"mass": None},
        {"mass": None, "masses": (1.0, 0.5)},
    ],
)
def test_unknown_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        generator("tau_to_lalpha", **({"lepton": "e", "mass": 1.0} | wrong))
