"""The parameters of a workspace: names, order, bounds and constraints as pyhf gives them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.blocks import ORDER, Block
from darkbelle.fitting.fast.model import FREE, NORMAL, POISSON
from darkbelle.vectors import Column

__all__ = ["ParameterSet", "by_parameter", "parameter_sets"]

_SMALLEST_GAMMA = 1e-10  # pyhf's bounds of staterror and shapesys
_SETTINGS = {
    "inits": "start",
    "bounds": "bounds",
    "auxdata": "auxiliary",
    "sigmas": "widths",
    "factors": "widths",
}


@dataclass(frozen=True)
class ParameterSet:
    """One parameter of a modifier, or one a bin, in pyhf's terms.

    Parameters
    ----------
    name
        Of the modifier.
    scalar
        Whether it is written without an index.
    start, bounds, auxiliary, widths
        One entry a parameter; widths are standard deviations or Poisson factors.
    constraint
        One of `FREE`, `NORMAL`, `POISSON`.
    fixed
        One entry a parameter.
    configurable
        Which settings a measurement may change.
    """

    name: str
    scalar: bool
    start: tuple[float, ...]
    bounds: tuple[tuple[float, float], ...]
    constraint: int = FREE
    auxiliary: tuple[float, ...] = ()
    widths: tuple[float, ...] = ()
    fixed: tuple[bool, ...] = ()
    configurable: frozenset[str] = field(default=frozenset({"inits", "bounds", "fixed"}))

    @property
    def size(self) -> int:
        """The number of parameters."""
        return len(self.start)

    @property
    def names(self) -> list[str]:
        """The names of the parameters, as pyhf spells them."""
        return [self.name] if self.scalar else [f"{self.name}[{index}]" for index in range(self.size)]


def parameter_sets(blocks: list[Block], settings: list[Mapping[str, Any]]) -> dict[str, ParameterSet]:
    """Return the parameters by modifier name, in pyhf's order.

    Parameters
    ----------
    blocks
        All samples of all channels.
    settings
        What the measurement says of parameters.

    Raises
    ------
    FitError
        Modifiers of one name contradict each other, or what the measurement says of them.
    """
    by_name = {item["name"]: item for item in settings}
    if len(by_name) != len(settings):
        raise FitError("the measurement configures a parameter twice; keep one of the entries")
    sets: dict[str, ParameterSet] = {}
    seen = set()
    for kind in ORDER:
        for block in blocks:
            for name in sorted(name for type_, name in block.modifiers if type_ == kind):
                if (kind, name) in seen:
                    _check_shared(kind, sets[name], block)
                    continue
                seen.add((kind, name))
                found = _set_of(kind, name, block, blocks)
                if sets.setdefault(name, found) != found:
                    raise FitError(
                        f"{kind} {name!r} of {block} has the name of a modifier of another kind; rename one"
                    )
    return {name: _configured(item, by_name.get(name, {})) for name, item in sets.items()}


def _check_shared(kind: str, parameters: ParameterSet, block: Block) -> None:
    if kind == "shapesys":
        raise FitError(
            f"shapesys {parameters.name!r} of {block} stands elsewhere too, which pyhf refuses; rename it"
        )
    if kind == "shapefactor" and block.nominal.size > parameters.size:
        raise FitError(
            f"shapefactor {parameters.name!r} of {block} needs {block.nominal.size} parameters, but has "
            f"{parameters.size}, one a bin of the first channel that uses it; rename one"
        )


def _set_of(kind: str, name: str, block: Block, blocks: list[Block]) -> ParameterSet:
    key = (kind, name)
    if kind != "staterror":
        return _parameter_set(kind, name, block.nominal, block.modifiers[key])
    carriers = [item for item in blocks if key in item.modifiers]
    samples = {item.sample: [other for other in carriers if other.sample == item.sample] for item in carriers}
    channels = {tuple(item.channel for item in items) for items in samples.values()}
    if len(channels) > 1:
        raise FitError(
            f"staterror {name!r} acts on samples in different sets of channels, {sorted(channels)}, which "
            "pyhf refuses; give it one name a channel"
        )
    return _staterror_widths(
        name,
        [np.concatenate([item.nominal for item in items]) for items in samples.values()],
        [np.concatenate([item.modifiers[key] for item in items]) for items in samples.values()],
    )


def by_parameter(sets: list[ParameterSet], attribute: str, missing: float) -> Column:
    """Return ``auxiliary`` or ``widths`` of all parameters, ``missing`` for those without a constraint."""
    values: list[float] = []
    for item in sets:
        values += getattr(item, attribute) if item.constraint != FREE else [missing] * item.size
    return np.array(values, dtype=np.float64)


def _parameter_set(kind: str, name: str, nominal: Column, data: Any) -> ParameterSet:
    """Return the parameters of a modifier, except staterror, which needs all its samples.

    Parameters
    ----------
    kind, name, data
        Of the modifier.
    nominal
        Events of the sample that it stands at.
    """
    if kind == "normfactor":
        return ParameterSet(name, True, (1.0,), ((0.0, 10.0),), fixed=(False,))
    if kind in {"normsys", "histosys"}:
        settings = frozenset({"inits", "bounds", "fixed", "auxdata"})
        return ParameterSet(name, True, (0.0,), ((-5.0, 5.0),), NORMAL, (0.0,), (1.0,), (False,), settings)
    if kind == "lumi":  # all of it stands in the measurement
        settings = frozenset({"inits", "bounds", "fixed", "auxdata", "sigmas"})
        return ParameterSet(
            name, True, (np.nan,), ((np.nan, np.nan),), NORMAL, (np.nan,), (np.nan,), (False,), settings
        )
    size = nominal.size
    if kind == "shapefactor":
        return ParameterSet(name, False, (1.0,) * size, ((0.0, 10.0),) * size, fixed=(False,) * size)
    uncertain = np.asarray(data, dtype=np.float64)
    valid = (nominal > 0) & (uncertain > 0)
    factors = np.divide(nominal, uncertain, out=np.ones(size), where=valid) ** 2
    return ParameterSet(
        name,
        False,
        (1.0,) * size,
        ((_SMALLEST_GAMMA, 10.0),) * size,
        POISSON,
        tuple(factors.tolist()),
        tuple(factors.tolist()),
        tuple((~valid).tolist()),
        frozenset({"inits", "bounds", "fixed", "auxdata", "factors"}),
    )


def _staterror_widths(name: str, nominal: Sequence[Column], uncertain: Sequence[Column]) -> ParameterSet:
    """Return the parameters of a staterror from all samples that carry it.

    The relative uncertainty of a bin is √Σu²/Σn; a bin without one gets a fixed parameter.
    """
    total, squares = np.sum(nominal, axis=0), np.sum(np.square(uncertain), axis=0)
    widths = np.divide(np.sqrt(squares), total, out=np.zeros(total.size), where=total > 0)
    fixed, size = widths == 0, total.size
    return ParameterSet(
        name,
        False,
        (1.0,) * size,
        ((_SMALLEST_GAMMA, 10.0),) * size,
        NORMAL,
        (1.0,) * size,
        tuple(np.where(fixed, 1.0, widths).tolist()),
        tuple(fixed.tolist()),
        frozenset({"inits", "bounds", "fixed", "auxdata", "sigmas"}),
    )


def _configured(parameters: ParameterSet, settings: Mapping[str, Any]) -> ParameterSet:
    """Return parameters with what the measurement says of them.

    Raises
    ------
    FitError
        A setting does not exist for this parameter, has the wrong length, or is missing.
    """
    changes: dict[str, Any] = {}
    for key, value in settings.items():
        if key == "name":
            continue
        if key not in parameters.configurable:
            raise FitError(
                f"the measurement sets {key!r} of parameter {parameters.name!r}, which has only "
                f"{', '.join(sorted(parameters.configurable))}; remove the setting"
            )
        if key == "fixed":
            changes["fixed"] = (bool(value),) * parameters.size
            continue
        if len(value) != parameters.size:
            raise FitError(
                f"the measurement gives {len(value)} {key} for parameter {parameters.name!r}, "
                f"expected {parameters.size}"
            )
        pairs = key == "bounds"
        changes[_SETTINGS[key]] = tuple((float(v[0]), float(v[1])) if pairs else float(v) for v in value)
    result = replace(parameters, **changes) if changes else parameters
    numbers = [*result.start, *_flat(result.bounds), *result.auxiliary, *result.widths]
    if not all(map(math.isfinite, numbers)):
        raise FitError(
            f"parameter {parameters.name!r} has no finite inits, bounds, auxdata or sigmas; give all four "
            "in the measurement's parameters"
        )
    return result


def _flat(pairs: Iterable[tuple[float, float]]) -> list[float]:
    return [value for pair in pairs for value in pair]
