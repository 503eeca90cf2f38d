"""Models whose answers are known, or can be had by sums over counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Workspace = dict[str, Any]


def workspace_of(samples: dict[str, Any], observed: list[float], highest: float = 1000.0) -> Workspace:
    """Return one channel of samples by name, each a pair of events and modifiers."""
    return {
        "version": "1.0.0",
        "channels": [
            {
                "name": "sr",
                "samples": [
                    {"name": name, "data": events, "modifiers": modifiers}
                    for name, (events, modifiers) in samples.items()
                ],
            }
        ],
        "observations": [{"name": "sr", "data": observed}],
        "measurements": [
            {
                "name": "m",
                "config": {"poi": "mu", "parameters": [{"name": "mu", "bounds": [[0.0, highest]]}]},
            }
        ],
    }


MU = [{"name": "mu", "type": "normfactor", "data": None}]


@pytest.fixture(scope="session")
def counting() -> Callable[[float, float], Workspace]:
    """One bin, a signal of one event, and a background that is known."""
    return lambda background, observed: workspace_of({"s": ([1.0], MU), "b": ([background], [])}, [observed])


@pytest.fixture(scope="session")
def on_off() -> Callable[[float], Workspace]:
    """A peak of 100 events on two smooth backgrounds, known to 10 % and 2 % and with shapes; many events."""

    def make(mu: float) -> Workspace:
        x = np.linspace(0.05, 0.95, 10)
        peak: NDArray[np.float64] = 100 * np.exp(-(((x - 0.5) / 0.1) ** 2) / 2)
        flat, slope = np.full(10, 600.0), 400 * (1 - 0.5 * x)
        tilt = 0.05 * slope * (x - 0.5)
        return workspace_of(
            {
                "s": (peak.tolist(), [*MU, _size("efficiency", 0.03)]),
                "flat": (flat.tolist(), [_size("normalisation", 0.1)]),
                "slope": (
                    slope.tolist(),
                    [
                        _size("luminosity", 0.02),
                        {
                            "name": "shape",
                            "type": "histosys",
                            "data": {"hi_data": (slope + tilt).tolist(), "lo_data": (slope - tilt).tolist()},
                        },
                    ],
                ),
            },
            (mu * peak + flat + slope).tolist(),
        )

    return make


def _size(name: str, share: float) -> dict[str, Any]:
    return {"name": name, "type": "normsys", "data": {"hi": 1 + share, "lo": 1 - share}}


@pytest.fixture(scope="session")
def bumps() -> Callable[..., list[Workspace]]:
    """Gaussian bumps of some width, in bins, at some centres, on a known flat background."""

    def make(centres: list[float], width: float, background: float, observed: list[float]) -> list[Workspace]:
        places = np.arange(len(observed)) + 0.5
        return [
            workspace_of(
                {
                    "s": ((10 * np.exp(-(((places - centre) / width) ** 2) / 2)).tolist(), MU),
                    "b": ([background] * len(observed), []),
                },
                observed,
            )
            for centre in centres
        ]

    return make
