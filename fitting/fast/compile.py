"""From a pyhf workspace to arrays.

Channels, samples and parameters stand in pyhf's order, so that parameter values can be exchanged.
What is not known is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.blocks import nonlinear_parameters, read_blocks, read_observations
from darkbelle.fitting.fast.interpolation import EXPONENTIAL, PIECEWISE, POLYNOMIAL
from darkbelle.fitting.fast.model import Model
from darkbelle.fitting.fast.parameters import by_parameter, parameter_sets
from darkbelle.fitting.fast.tables import build_tables, local_sets

__all__ = ["compile_workspace"]


NormsysCode = Literal["code4", "code1"]
HistosysCode = Literal["code4p", "code0"]
_CODES = {"code4": POLYNOMIAL, "code4p": POLYNOMIAL, "code1": EXPONENTIAL, "code0": PIECEWISE}


def compile_workspace(
    workspace: Mapping[str, Any],
    measurement: str | None = None,
    *,
    normsys: NormsysCode = "code4",
    histosys: HistosysCode = "code4p",
    profiled: bool = True,
) -> Model:
    """Return the model of a workspace, with its data.

    Parameters
    ----------
    workspace
        As pyhf's schema 1.0.0 wants it.
    measurement
        Name of the measurement; may be left out if there is one only.
    normsys, histosys
        Interpolation codes; the defaults are pyhf's. They are no part of a workspace.
    profiled
        Whether parameters that act in one bin are put at their best in closed form. Otherwise they
        are parameters like all others, which is slower and gives their errors and correlations.

    Raises
    ------
    FitError
        The workspace holds something that this engine does not know, or contradicts itself.
    """
    config = _measurement(workspace, measurement)
    blocks, bins = read_blocks(workspace)
    sets = parameter_sets(blocks, config.get("parameters", []))
    begins = dict(zip(sets, np.cumsum([0] + [item.size for item in sets.values()]).tolist(), strict=False))
    everything = list(sets.values())
    names = tuple(name for item in everything for name in item.names)
    if config["poi"] not in sets or not sets[config["poi"]].scalar:
        raise FitError(
            f"the parameter of interest {config['poi']!r} is not one number of this model, which has: "
            f"{', '.join(name for name, item in sets.items() if item.scalar)}"
        )
    bounds = np.array([pair for item in everything for pair in item.bounds], dtype=np.float64)
    local = local_sets(blocks) if profiled else {}
    tables = build_tables(blocks, sets, begins, (_CODES[normsys], _CODES[histosys]), local)
    nonlinear = {begins[name] for block in blocks for name in nonlinear_parameters(block)}
    return Model(
        tables=tables,
        names=names,
        poi=begins[config["poi"]],
        start=np.array([value for item in everything for value in item.start], dtype=np.float64),
        lower=bounds[:, 0].copy(),
        upper=bounds[:, 1].copy(),
        fixed=np.array([value for item in everything for value in item.fixed], dtype=np.bool_),
        observed=read_observations(workspace, bins),
        auxiliary=by_parameter(everything, "auxiliary", 0.0),
        bins=bins,
        nonlinear=np.array(sorted(nonlinear.union(tables.kinked.tolist())), np.int64),
    )


def _measurement(workspace: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    found = {item["name"]: item["config"] for item in workspace["measurements"]}
    if name is None and len(found) == 1:
        name = next(iter(found))
    if name not in found:
        raise FitError(
            f"the workspace has the measurements {', '.join(found)}; name one of them, got {name!r}"
        )
    config: Mapping[str, Any] = found[name]
    return config
