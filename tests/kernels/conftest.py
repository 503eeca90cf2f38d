"""Four-vectors to feed kernels with, ordinary and extreme."""

from __future__ import annotations

import numpy as np
import pytest

from darkbelle.vectors import FourVector


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261122)


@pytest.fixture
def random_vectors(rng: np.random.Generator) -> FourVector:
    """A thousand muons of Belle II size, with one NaN, one infinity and one at rest."""
    px, py, pz = rng.normal(0, 2, (3, 1000))
    px[0], py[1], px[2], py[2], pz[2] = np.nan, np.inf, 0, 0, 0
    return FourVector.with_mass(px, py, pz, 0.1056583755)
