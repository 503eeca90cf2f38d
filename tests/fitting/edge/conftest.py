from __future__ import annotations

import numpy as np
import pytest

from darkbelle.fitting.edge import EdgeFit


@pytest.fixture
def truth() -> EdgeFit:
    """An edge like that of τ → 3π ν, of 100 000 events from 1.70 to 1.85 GeV."""
    values = {"edge": 1.7768, "width": 0.0016, "step": 0.55, "slope": 0.5, "curvature": 2.0}
    return EdgeFit("arctan", values, {}, np.eye(5), 100_000)
