from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from darkbelle.channels import load_channel
from darkbelle.fitting.b_energy.estimator import FORMS, Form, fit_energy, threshold
from darkbelle.fitting.scale.peaks import Tails
from darkbelle.vectors import Column

EDGES = load_channel("beam_energy").axes["b_energy"].edges
MASS = 5.27941


@pytest.mark.parametrize("slope", [-0.6, 0.0, 0.9])
def test_shares_at_the_threshold_are_the_integral(slope: float) -> None:
    def density(energy: float) -> float:
        place = 2 * (energy - EDGES[0]) / (EDGES[-1] - EDGES[0]) - 1
        return float(energy * np.sqrt(energy**2 - MASS**2) * (1 + slope * place))

    whole, _ = quad(density, EDGES[0], EDGES[-1])
    found = threshold(MASS)(EDGES, slope)
    for place in (0, 1, 40, 111):
        expected, _ = quad(density, EDGES[place], EDGES[place + 1])
        assert found[place] == pytest.approx(expected / whole, rel=1e-6)


def test_nothing_lies_below_the_mass() -> None:
    edges = np.array([5.270, 5.275, 5.279, 5.285, 5.290])
    assert threshold(MASS)(edges, 0.0)[:2].tolist() == [0.0, 0.0]


def spectrum(seed: int, signal: int = 6000, background: int = 1500) -> Column:
    rng = np.random.default_rng(seed)
    peak = np.histogram(rng.normal(5.2893, 2.3e-3, signal), EDGES)[0]
    below = rng.multinomial(background, threshold(MASS)(EDGES, 0.0))
    return (peak + below).astype(np.float64)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_peak_on_its_background_comes_back(form: Form) -> None:
    found = fit_energy(EDGES, spectrum(1), MASS, Tails(3.0, 3.0), form)
    assert found.position == pytest.approx(5.2893, abs=4 * found.position_error)
    assert found.position_error == pytest.approx(2.3e-3 / np.sqrt(6000), rel=0.2)
    assert found.signal == pytest.approx(6000, abs=250)


def test_pulls_are_standard() -> None:
    fits = [fit_energy(EDGES, spectrum(seed, 800, 100), MASS, Tails(3.0, 3.0)) for seed in range(2, 32)]
    pulls = np.array([(fit.position - 5.2893) / fit.position_error for fit in fits])
    assert abs(pulls.mean()) < 4 / np.sqrt(30)
    assert 0.6 < pulls.std() < 1.5
