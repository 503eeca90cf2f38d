"""Closure: reweighted samples against samples made so."""

from __future__ import annotations

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import TAU_MASS
from darkbelle.errors import ConfigurationError, SimulationError
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.events import SCALAR, GeneratedEvents
from darkbelle.simulation.generators import generator
from darkbelle.simulation.reweighting import (
    DensityRatio,
    branching_fraction_weights,
    effective_size,
    form_factor_weights,
    lifetime_weights,
    proper_lengths,
    tau_mode_columns,
)
from darkbelle.simulation.tau_modes import MODES, branching_fractions
from darkbelle.vectors import Column, FourVector

MADE = 87.03e-4  # cτ of the τ, cm


@pytest.fixture(scope="module")
def pairs() -> GeneratedEvents:
    return generator("tautau").generate(20_000, np.random.default_rng(1)).events


@pytest.mark.parametrize("wanted", [0.4 * MADE, 1.3 * MADE])
def test_lifetimes_close(pairs: GeneratedEvents, wanted: float) -> None:
    lengths = proper_lengths(pairs, 15)
    assert np.isfinite(lengths).all()
    assert lengths.mean() == pytest.approx(MADE, rel=4.0 / np.sqrt(len(lengths)))
    weights = lifetime_weights(lengths, MADE, wanted)
    anew = np.random.default_rng(2).exponential(wanted, len(lengths))
    edges = np.linspace(0.0, 4.0 * wanted, 9)
    reweighted = np.histogram(lengths, edges, weights=weights)[0]
    variance = np.histogram(lengths, edges, weights=weights**2)[0]
    expected = np.histogram(anew, edges)[0]
    chi2 = np.sum((reweighted - expected) ** 2 / (variance + expected))
    assert chi2 < 26.0  # 8 bins, one in a thousand
    assert weights.mean() == pytest.approx(1.0, abs=4.0 * weights.std() / np.sqrt(len(weights)))


def test_lifetimes_out_of_reach_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="variance is finite"):
        lifetime_weights(np.ones(3), 1.0, 2.0)


def test_modes_are_counted_with_their_fractions(pairs: GeneratedEvents) -> None:
    columns = tau_mode_columns(pairs)
    modes = np.concatenate(list(columns.values()))
    assert modes.min() >= 0
    fractions = branching_fractions()
    for number, name in enumerate(MODES):
        error = np.sqrt(fractions[name] / len(modes))
        assert np.mean(modes == number) == pytest.approx(fractions[name], abs=4.5 * error)


def test_branching_fractions_close(pairs: GeneratedEvents) -> None:
    given = {"3pi": 0.14, "mu": 0.15}
    wanted, made = branching_fractions(given), branching_fractions()
    modes = np.stack(list(tau_mode_columns(pairs).values()), axis=1)
    weights = branching_fraction_weights(modes, made, wanted)
    anew = generator("tautau", branching_fractions=given).generate(20_000, np.random.default_rng(3)).events
    for code in (13, 211, 321):
        before, after = (
            np.bincount(events.event_of_particle, np.abs(events.pdg) == code) for events in (pairs, anew)
        )
        reweighted = weights * before
        error = np.hypot(reweighted.std(), after.std()) / np.sqrt(20_000)
        assert reweighted.mean() == pytest.approx(after.mean(), abs=4.0 * error)


def test_modes_that_were_not_made_cannot_be_wanted() -> None:
    made = branching_fractions({"3pi": 0.0})
    with pytest.raises(ConfigurationError, match="without the mode '3pi'"):
        branching_fraction_weights(np.zeros(2, dtype=np.int64), made, branching_fractions())


def pseudo_rest_energy(mass: float, size: int, seed: int) -> Column:
    """Return 2E/m_τ of the lepton in the pseudo-rest frame of its τ, from the true tag."""
    made = generator("tau_to_lalpha", lepton="mu", mass=mass, tag="3pi")
    events = made.generate(size, np.random.default_rng(seed)).events
    tag = np.abs(events.pdg) == 211
    sums = [np.bincount(events.event_of_particle[tag], c[tag], minlength=size) for c in events.momenta]
    momentum = np.sqrt(sums[0] ** 2 + sums[1] ** 2 + sums[2] ** 2)
    energy = NOMINAL.sqrt_s / 2.0
    scale = -np.sqrt(energy**2 - TAU_MASS**2) / momentum
    tau = FourVector(scale * sums[0], scale * sums[1], scale * sums[2], np.full(size, energy))
    muon = np.abs(events.pdg) == 13
    lepton = FourVector(*(column[muon] for column in events.momenta))
    return boost_to_rest_frame(lepton, tau).energy / (TAU_MASS / 2.0)


def test_neighbouring_masses_of_alpha_close_and_far_ones_are_refused() -> None:
    size = 10_000
    edges = np.append(np.linspace(0.0, 1.8, 25), 100.0)  # hard radiation sends some far out
    made, wanted, fresh = (
        pseudo_rest_energy(mass, size, seed) for mass, seed in ((1.0, 4), (1.05, 5), (1.05, 6))
    )
    ratio = DensityRatio.of(made, wanted, edges)
    observed = pseudo_rest_energy(1.0, size, 7)
    weights = ratio.weights(observed)
    reweighted, variance = (np.histogram(observed, edges, weights=w)[0] for w in (weights, weights**2))
    expected = np.histogram(fresh, edges)[0]
    filled = expected > 50
    # the ratio has the statistics of two samples more
    error = np.sqrt(variance + expected * (1.0 + 1.0) + expected)[filled]
    pulls = ((reweighted - expected)[filled]) / error
    assert np.sum(pulls**2) < 2.0 * filled.sum()
    assert effective_size(weights) > size / 4
    light, heavy = (pseudo_rest_energy(mass, 2000, 8) for mass in (0.0, 1.6))
    with pytest.raises(SimulationError, match="covers"):
        DensityRatio.of(light, heavy, edges)


def test_form_factors_change_rate_and_shape() -> None:
    q_squared = np.random.default_rng(9).random(50_000)
    weights = form_factor_weights(q_squared, np.ones_like, lambda q2: 1.0 / (1.0 - q2 / 4.0))
    # ∫ (1 − x/4)^−2 dx = 4/3
    assert weights.mean() == pytest.approx(4.0 / 3.0, abs=4.0 * weights.std() / np.sqrt(50_000))


def test_proper_lengths_are_the_same_in_the_lab(pairs: GeneratedEvents) -> None:
    in_lab = place_in_lab(pairs, NOMINAL, np.random.default_rng(10))
    # the spread of the beams changes momenta by some 1e-3, and flights with them
    np.testing.assert_allclose(proper_lengths(in_lab, 15), proper_lengths(pairs, 15), rtol=1e-6)


def test_a_particle_beside_a_resonance_has_a_proper_length() -> None:
    made = generator("b_to_k_s", kaon="K*0", final_state="mumu", mass=1.0, ctau_cm=3.0)
    lengths = proper_lengths(made.generate(2000, np.random.default_rng(11)).events, SCALAR)
    assert np.isfinite(lengths).all()
    assert lengths.mean() == pytest.approx(3.0, rel=4.0 / np.sqrt(2000))
    assert lengths.std() == pytest.approx(3.0, rel=8.0 / np.sqrt(2000))
