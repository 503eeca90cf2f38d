"""Small workspaces with every modifier, drawn at random from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyhf
import pytest
from numpy.typing import NDArray

Workspace = dict[str, Any]
Array = NDArray[np.float64]
KINDS = ("normsys", "histosys", "both", "staterror", "shapesys", "shapefactor", "lumi", "normfactor")


def shifted(nominal: Array, size: float, rng: np.random.Generator) -> dict[str, list[float]]:
    """Asymmetric, by up to a factor of three, but up and down on opposite sides."""
    up = size * rng.normal(size=nominal.size)
    down = up * rng.uniform(0.5, 1.5, nominal.size)
    return {"hi_data": (nominal * (1 + up)).tolist(), "lo_data": (nominal * (1 - down)).tolist()}


def norm(size: float, rng: np.random.Generator) -> dict[str, float]:
    up = size * rng.normal()
    return {"hi": float(np.exp(up)), "lo": float(np.exp(-up * rng.uniform(0.5, 1.5)))}


def modifiers(
    channel: str, sample: str, nominal: Array, kinds: tuple[str, ...], size: float, rng: np.random.Generator
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def add(kind: str, name: str, data: Any = None) -> None:
        found.append({"type": kind, "name": name, "data": data})

    if sample == "signal":
        add("normfactor", "mu")
    if "normsys" in kinds:
        add("normsys", "common_norm", norm(size, rng))
        add("normsys", f"norm_{sample}", norm(size, rng))
    if "histosys" in kinds:
        add("histosys", "shape", shifted(nominal, size, rng))
    if "both" in kinds:
        add("normsys", "norm_and_shape", norm(size, rng))
        add("histosys", "norm_and_shape", shifted(nominal, size, rng))
    if "staterror" in kinds and sample != "signal":
        add("staterror", f"stat_{channel}", (size * np.sqrt(nominal * 3)).tolist())
    if "shapesys" in kinds and sample == "second":
        add("shapesys", f"uncorrelated_{channel}", (size * nominal).tolist())
    if "lumi" in kinds:
        add("lumi", "lumi")
    if "normfactor" in kinds and sample == "first":
        add("normfactor", "strength")
    if "shapefactor" in kinds and sample == "first" and channel == "cr":
        add("shapefactor", "free_shape")
    return found


def draw_workspace(
    seed: int, kinds: tuple[str, ...] = KINDS, *, bins: int = 4, size: float = 0.1, scale: float = 50.0
) -> Workspace:
    rng = np.random.default_rng(seed)
    channels, observations = [], []
    for channel in ("sr", "cr"):
        n = bins if channel == "sr" else bins - 1
        signal_share = 0.4 if channel == "sr" else 0.02
        nominal = {
            "signal": scale * signal_share * rng.uniform(0.2, 1, n),
            "first": scale * rng.uniform(0.5, 1, n),
            "second": scale * rng.uniform(0.2, 1, n),
        }
        samples = [
            {
                "name": name,
                "data": values.tolist(),
                "modifiers": modifiers(channel, name, values, kinds, size, rng),
            }
            for name, values in nominal.items()
        ]
        channels.append({"name": channel, "samples": samples})
        events = rng.poisson(nominal["first"] + nominal["second"])
        observations.append({"name": channel, "data": events.astype(float).tolist()})
    parameters: list[dict[str, Any]] = []
    if "lumi" in kinds:
        parameters.append(
            {"name": "lumi", "auxdata": [1.0], "bounds": [[0.5, 1.5]], "inits": [1.0], "sigmas": [0.02]}
        )
    if "normfactor" in kinds:
        parameters.append({"name": "strength", "inits": [1.0], "bounds": [[0.0, 5.0]]})
    config = {"poi": "mu", "parameters": parameters}
    return {
        "version": "1.0.0",
        "channels": channels,
        "observations": observations,
        "measurements": [{"name": "measurement", "config": config}],
    }


@pytest.fixture(scope="session")
def draw() -> Callable[..., Workspace]:
    """Draws a workspace of two channels with three samples from a seed and modifiers."""
    return draw_workspace


@pytest.fixture(autouse=True)
def precise_pyhf() -> Iterator[None]:
    """Use pyhf with numpy and SLSQP, at a tolerance far below what is compared."""
    pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(tolerance=1e-11, maxiter=10_000))
    yield
    pyhf.set_backend("numpy")
