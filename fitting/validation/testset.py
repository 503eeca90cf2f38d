"""Workspaces on which engines are compared: every modifier, few events and many, large systematics.

They are drawn from seeds, so a name stands for a workspace. In each the signal is scaled to about two
standard deviations of the background, so that limits come out near one.

>>> len(cases()) >= 200
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from darkbelle.vectors import Column

__all__ = ["Case", "cases"]

Workspace = dict[str, Any]
KINDS = ("normsys", "histosys", "both", "staterror", "shapesys", "shapefactor", "lumi", "normfactor")
HIGHEST = 100.0  # bound of the parameter of interest
CONTROL_SHARE = 0.05  # of the signal, that is in each channel but the first


@dataclass(frozen=True)
class Case:
    """A workspace with the interpolation codes that it is meant for, which it does not hold itself."""

    name: str
    workspace: Workspace
    normsys: Literal["code4", "code1"] = "code4"
    histosys: Literal["code4p", "code0"] = "code4p"

    @property
    def family(self) -> str:
        """The part of the name before its seed."""
        return self.name.rsplit("-", 1)[0]


@dataclass(frozen=True)
class Shape:
    """What a workspace is drawn from.

    ``events`` are those of the background in all bins of a channel, ``size`` is that of systematics,
    relative, ``observed`` the factor of data over expectation.
    """

    kinds: tuple[str, ...] = KINDS
    channels: int = 2
    bins: int = 4
    events: float = 200.0
    size: float = 0.1
    observed: float = 1.0
    empty: float = 0.0


def draw(seed: int, shape: Shape) -> Workspace:
    """Return a workspace of a signal and two backgrounds."""
    rng = np.random.default_rng(seed)
    expected = shape.events * shape.channels
    signal = 2 * np.sqrt(expected * (1 + expected * shape.size**2 / 4)) + 3
    channels, observations = [], []
    for number in range(shape.channels):
        name = f"channel_{number}"
        bins = shape.bins if number == 0 else max(shape.bins - 1, 1)
        share = 1 - CONTROL_SHARE * (shape.channels - 1) if number == 0 else CONTROL_SHARE
        samples, total = [], np.zeros(bins)
        for sample, events in (
            ("signal", signal * share),
            ("first", 0.6 * shape.events),
            ("second", 0.4 * shape.events),
        ):
            nominal = events * rng.dirichlet(np.full(bins, 3.0))
            if sample == "second":
                nominal[rng.uniform(size=bins) < shape.empty] = 0.0
            if sample != "signal":
                total += nominal
            modifiers = list(_modifiers(sample, number, nominal, shape, rng))
            samples.append({"name": sample, "data": nominal.tolist(), "modifiers": modifiers})
        data = rng.poisson(total * shape.observed).astype(float)
        data[rng.uniform(size=bins) < shape.empty] = 0.0
        channels.append({"name": name, "samples": samples})
        observations.append({"name": name, "data": data.tolist()})
    return workspace_of(channels, observations, _settings(shape.kinds))


def _settings(kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    settings: list[dict[str, Any]] = []
    if "lumi" in kinds:
        settings.append(
            {"name": "lumi", "auxdata": [1.0], "bounds": [[0.5, 1.5]], "inits": [1.0], "sigmas": [0.02]}
        )
    if "normfactor" in kinds:
        settings.append({"name": "strength", "inits": [1.0], "bounds": [[0.0, 5.0]]})
    return settings


def workspace_of(
    channels: list[dict[str, Any]], observations: list[dict[str, Any]], settings: list[dict[str, Any]]
) -> Workspace:
    """Return a workspace with the parameter of interest ``mu``, which may go far."""
    poi = {"name": "mu", "inits": [1.0], "bounds": [[0.0, HIGHEST]]}
    return {
        "version": "1.0.0",
        "channels": channels,
        "observations": observations,
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": [poi, *settings]}}],
    }


def _modifiers(
    sample: str, number: int, nominal: Column, shape: Shape, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    kinds, size, background = shape.kinds, shape.size, sample != "signal"
    if not background:
        yield _modifier("normfactor", "mu")
    if "normsys" in kinds:
        yield _modifier("normsys", "common", _norm(size, rng))
        yield _modifier("normsys", f"of_{sample}", _norm(size, rng))
    if "histosys" in kinds:
        yield _modifier("histosys", "tilt", _shift(nominal, size, rng))
    if "both" in kinds:
        yield _modifier("normsys", "norm_and_tilt", _norm(size, rng))
        yield _modifier("histosys", "norm_and_tilt", _shift(nominal, size, rng))
    if "staterror" in kinds and background:
        yield _modifier("staterror", f"stat_{number}", (np.sqrt(nominal * min(size, 0.5))).tolist())
    if "shapesys" in kinds and sample == "second":
        yield _modifier("shapesys", f"uncorrelated_{number}", (size * nominal).tolist())
    if "lumi" in kinds:
        yield _modifier("lumi", "lumi")
    if "normfactor" in kinds and sample == "first":
        yield _modifier("normfactor", "strength")
    if "shapefactor" in kinds and sample == "second" and number == 1:
        yield _modifier("shapefactor", "free")


def _modifier(kind: str, name: str, data: Any = None) -> dict[str, Any]:
    return {"type": kind, "name": name, "data": data}


def _norm(size: float, rng: np.random.Generator) -> dict[str, float]:
    """Asymmetric, and up to a factor 1 + ``size`` or the inverse."""
    up = np.log1p(size) * rng.uniform(-1, 1)
    return {"hi": float(np.exp(up)), "lo": float(np.exp(-up * rng.uniform(0.5, 1.2)))}


def _shift(nominal: Column, size: float, rng: np.random.Generator) -> dict[str, list[float]]:
    """Up to ``size`` of each bin, with a random slope, and a little noise as if simulated."""
    tilt = rng.uniform(-1, 1) * np.linspace(-1, 1, nominal.size) if nominal.size > 1 else np.ones(1)
    up = size * np.clip(tilt + 0.2 * rng.normal(size=nominal.size), -1, 1)
    down = np.clip(-up * rng.uniform(0.5, 1.2), -size, size)
    return {"hi_data": (nominal * (1 + up)).tolist(), "lo_data": (nominal * (1 + down)).tolist()}


def _random_kinds(rng: np.random.Generator) -> tuple[str, ...]:
    """Two to five kinds of modifiers; a free shape and a free strength at once may cancel each other."""
    chosen = rng.choice(KINDS, size=rng.integers(2, 6), replace=False)
    return tuple(kind for kind in KINDS if kind in chosen)


def _mixed(
    label: str, count: int, first_seed: int, vary: Callable[[np.random.Generator], dict[str, Any]]
) -> Iterator[Case]:
    for seed in range(first_seed, first_seed + count):
        rng = np.random.default_rng(seed)
        yield Case(f"{label}-{seed}", draw(seed, Shape(kinds=_random_kinds(rng), **vary(rng))))


def _other_codes(count: int, first_seed: int) -> Iterator[Case]:
    for seed in range(first_seed, first_seed + count):
        shape = Shape(kinds=("normsys", "histosys", "both"), bins=3, size=(0.1, 0.3)[seed % 2])
        codes = (("code1", "code4p"), ("code4", "code0"), ("code1", "code0"))[seed % 3]
        yield Case(f"codes-{seed}", draw(seed, shape), codes[0], codes[1])  # type: ignore[arg-type]  # closed


def _counting(count: int, first_seed: int) -> Iterator[Case]:
    """One bin, and a background known exactly or to 20 %."""
    backgrounds = (0.1, 0.3, 1.0, 3.0, 10.0, 100.0, 1e4)
    for seed in range(first_seed, first_seed + count):
        rng = np.random.default_rng(seed)
        b = backgrounds[seed % len(backgrounds)]
        exact = (seed // len(backgrounds)) % 2 == 0
        modifiers = [] if exact else [_modifier("normsys", "b", {"hi": 1.2, "lo": 0.8})]
        signal = {"name": "s", "data": [2 * np.sqrt(b) + 3], "modifiers": [_modifier("normfactor", "mu")]}
        channel = {"name": "c", "samples": [signal, {"name": "b", "data": [b], "modifiers": modifiers}]}
        observed = float(rng.poisson(b * rng.choice([0.5, 1.0, 1.5])))
        yield Case(f"counting-{seed}", workspace_of([channel], [{"name": "c", "data": [observed]}], []))


def _peaks(count: int, first_seed: int) -> Iterator[Case]:
    """Yield mass hypotheses as in our channel: narrow peaks on three smooth, thinly simulated backgrounds."""
    for seed in range(first_seed, first_seed + count):
        rng = np.random.default_rng(seed)
        bins = int(rng.integers(8, 20))
        x = (np.arange(bins) + 0.5) / bins
        scale = float(rng.choice([3.0, 30.0, 300.0]))
        templates = {
            "mumu": scale * np.exp(-4 * x),
            "tautau": scale * 0.3 * (0.2 + x),
            "eemumu": scale * 0.5 * x**3 + 0.01,
        }
        total = np.sum(list(templates.values()), axis=0)
        peak = np.exp(-(((x - rng.uniform(0.2, 0.8)) / 0.06) ** 2) / 2)
        signal = 3 * (np.sqrt(total @ peak) + 1) * peak / peak.sum()
        samples = [
            {
                "name": "zprime",
                "data": signal.tolist(),
                "modifiers": [
                    _modifier("normfactor", "mu"),
                    _modifier("normsys", "luminosity", {"hi": 1.007, "lo": 0.993}),
                    _modifier("normsys", "trigger", {"hi": 1.05, "lo": 0.95}),
                    _modifier("histosys", "resolution", _shift(signal, 0.2, rng)),
                ],
            }
        ]
        for name, nominal in templates.items():
            modifiers = [
                _modifier("normsys", "luminosity", {"hi": 1.007, "lo": 0.993}),
                _modifier("normsys", "trigger", {"hi": 1.05, "lo": 0.95}),
                _modifier("normsys", f"{name}_normalisation", {"hi": 1.1, "lo": 0.9}),
                _modifier("histosys", "resolution", _shift(nominal, 0.05, rng)),
                _modifier("staterror", "simulation", (rng.uniform(0.3, 0.9) * np.sqrt(nominal)).tolist()),
            ]
            samples.append({"name": name, "data": nominal.tolist(), "modifiers": modifiers})
        observed = rng.poisson(total).astype(float).tolist()
        yield Case(
            f"peak-{seed}",
            workspace_of([{"name": "sr", "samples": samples}], [{"name": "sr", "data": observed}], []),
        )


def _configured(count: int, first_seed: int) -> Iterator[Case]:
    """With parameters fixed, other bounds, other auxiliary data."""
    for seed in range(first_seed, first_seed + count):
        workspace = draw(seed, Shape(kinds=("normsys", "histosys", "shapesys", "lumi"), bins=3))
        settings = workspace["measurements"][0]["config"]["parameters"]
        settings.append({"name": "common", "fixed": True, "inits": [0.5]})
        settings.append({"name": "tilt", "bounds": [[-0.3, 0.3]]})
        settings.append({"name": "of_first", "auxdata": [0.4], "inits": [0.4]})
        yield Case(f"configured-{seed}", workspace)


def _textbook() -> Iterator[Case]:
    """Yield the kinds of models that introductions to HistFactory show."""

    def one(name: str, signal: list[float], background: list[float], data: list[float], *mods: Any) -> Case:
        samples = [
            {"name": "s", "data": signal, "modifiers": [_modifier("normfactor", "mu")]},
            {"name": "b", "data": background, "modifiers": list(mods)},
        ]
        return Case(
            f"textbook-{name}",
            workspace_of([{"name": "c", "samples": samples}], [{"name": "c", "data": data}], []),
        )

    yield one("uncorrelated", [12, 11], [50, 52], [51, 48], _modifier("shapesys", "u", [3.0, 7.0]))
    tilt = {"hi_data": [45.0, 57.0], "lo_data": [55.0, 47.0]}
    yield one("correlated", [12, 11], [50, 52], [51, 48], _modifier("histosys", "c", tilt))
    yield one("statistics", [5, 10], [60, 30], [62, 35], _modifier("staterror", "st", [5.0, 4.0]))
    free = _modifier("normfactor", "k")
    first = [
        {"name": "s", "data": [5.0, 10.0], "modifiers": [_modifier("normfactor", "mu")]},
        {"name": "b", "data": [60.0, 30.0], "modifiers": [free]},
    ]
    second = [{"name": "b", "data": [200.0, 150.0], "modifiers": [free]}]
    yield Case(
        "textbook-control",
        workspace_of(
            [{"name": "sr", "samples": first}, {"name": "cr", "samples": second}],
            [{"name": "sr", "data": [60.0, 35.0]}, {"name": "cr", "data": [190.0, 158.0]}],
            [],
        ),
    )


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases, in a fixed order."""
    few = (0.1, 0.3, 1.0, 3.0, 10.0)
    found = [
        *_textbook(),
        *_counting(28, 100),
        *_mixed("mixed", 60, 200, lambda rng: {"size": float(rng.choice([0.03, 0.1, 0.2]))}),
        *_mixed("few", 40, 300, lambda rng: {"events": float(rng.choice(few)), "bins": 3}),
        *_mixed("large", 40, 400, lambda rng: {"size": float(rng.choice([0.3, 0.5, 1.0])), "bins": 3}),
        *_mixed("empty", 20, 500, lambda rng: {"events": float(rng.choice([5.0, 30.0])), "empty": 0.3}),
        *_mixed("excess", 12, 600, lambda rng: {"observed": float(rng.choice([0.7, 1.4])), "bins": 3}),
        *_mixed("channels", 8, 700, lambda rng: {"channels": int(rng.integers(4, 7)), "bins": 2}),
        *_other_codes(18, 800),
        *_peaks(16, 900),
        *_configured(8, 950),
        *(
            Case(
                f"wide-{seed}",
                draw(
                    seed,
                    Shape(kinds=("normsys", "histosys", "both"), bins=bins, channels=2, events=20 * bins),
                ),
            )
            for seed, bins in enumerate((100, 150, 200, 300), start=970)
        ),
    ]
    return tuple(found)
