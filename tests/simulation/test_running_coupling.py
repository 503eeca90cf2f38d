from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from darkbelle.constants import FINE_STRUCTURE, MUON_MASS
from darkbelle.simulation.running_coupling import _leptonic, running_alpha


def test_at_the_z_it_is_the_known_value() -> None:
    # 1/128.95 without the top quark: PDG, review of the electroweak model
    assert 1 / running_alpha(91.18) == pytest.approx(128.95, abs=0.05)


def feynman_integral(s: float) -> float:
    """Peskin-Schroeder eq. (7.91), real part: (2α/π) ∫ x(1−x) ln|1 − x(1−x) s/m²|."""

    def integrand(x: float) -> float:
        return x * (1 - x) * math.log(abs(1 - x * (1 - x) * s / MUON_MASS**2))

    poles = [0.5 - root / 2 for root in np.roots([1.0, 0.0, 4 * MUON_MASS**2 / s - 1.0]).real]
    value, _ = quad(integrand, 0.0, 1.0, points=poles if s > 4 * MUON_MASS**2 else None, limit=500)
    return 2 * FINE_STRUCTURE / math.pi * float(value)


@pytest.mark.parametrize("s", [0.01, 0.04, 0.1, 111.9])
def test_leptons_follow_the_feynman_integral_on_both_sides_of_the_threshold(s: float) -> None:
    assert _leptonic(s, MUON_MASS) == pytest.approx(feynman_integral(s), rel=1e-7)
