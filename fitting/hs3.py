"""Workspaces in HS3, the HEP Statistics Serialization Standard, which RooFit and pyhs3 read.

HS3's ``histfactory_dist`` is HistFactory as in pyhf, with names for all that pyhf leaves implicit. Some
things differ. The uncertainties of staterror stand at the sample, as errors of its contents. Those of
shapesys are relative, as RooFit reads them (pyhs3 0.4 takes them as absolute). There is no ``lumi``: it is
a normfactor with a constraint of its own. Auxiliary data and standard deviations are those of the
modifier, so a measurement that sets others is refused.

References
----------
HS3, https://github.com/hep-statistics-serialization-standard/hep-statistics-serialization-standard
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from darkbelle.errors import FitError
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.model import Model

__all__ = ["ANALYSIS", "VERSION", "hs3_of"]

VERSION = "0.2"
ANALYSIS = "analysis"
_LIKELIHOOD, _DOMAIN, _START = (
    "likelihood",
    "default_domain",
    "default_values",
)  # RooFit insists on the latter two
_CONSTRAINT = {"normsys": "Gauss", "histosys": "Gauss", "staterror": "Gauss", "shapesys": "Poisson"}


def hs3_of(workspace: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workspace of pyhf, with one measurement, in HS3.

    Parameters keep their names, those of bins become ``name_0``, ``name_1`` and so on.

    Raises
    ------
    FitError
        The fast engine does not know the model, or its measurement changes a constraint, which HS3
        cannot say.
    """
    model = compile_workspace(workspace)
    config = workspace["measurements"][0]["config"]
    lumi = {item["name"]: item for item in config["parameters"] if "sigmas" in item}
    _refuse_other_constraints(workspace, config)
    channels = sorted(workspace["channels"], key=lambda item: str(item["name"]))
    data = {item["name"]: item["data"] for item in workspace["observations"]}
    names = [_spelled(name) for name in model.names]
    constraints = [_lumi_constraint(item) for item in lumi.values()]
    return {
        "metadata": {"hs3_version": VERSION},
        "distributions": [_channel(item) for item in channels] + constraints,
        "data": [
            {
                "name": f"observed_{_distribution(item)}",
                "type": "binned",
                "axes": _axes(item),
                "contents": data[item["name"]],
            }
            for item in channels
        ],
        "likelihoods": [
            {
                "name": _LIKELIHOOD,
                "distributions": [_distribution(item) for item in channels],
                "data": [f"observed_{_distribution(item)}" for item in channels],
                **({"aux_distributions": [item["name"] for item in constraints]} if constraints else {}),
            }
        ],
        "domains": [
            {
                "name": _DOMAIN,
                "type": "product_domain",
                "axes": [
                    {"name": name, "min": low, "max": high}
                    for name, low, high in zip(names, model.lower.tolist(), model.upper.tolist(), strict=True)
                ],
            }
        ],
        "parameter_points": [{"name": _START, "parameters": _points(model, names)}],
        "analyses": [
            {
                "name": ANALYSIS,
                "likelihood": _LIKELIHOOD,
                "domains": [_DOMAIN],
                "init": _START,
                "parameters_of_interest": [model.poi_name],
            }
        ],
    }


def _spelled(name: str) -> str:
    """Return a parameter's name without brackets, which RooFit does not allow."""
    return name.replace("[", "_").replace("]", "")


def _points(model: Model, names: list[str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "value": value, **({"const": True} if fixed else {})}
        for name, value, fixed in zip(names, model.start.tolist(), model.fixed.tolist(), strict=True)
    ]


def _refuse_other_constraints(workspace: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    kinds = {
        modifier["name"]: modifier["type"]
        for channel in workspace["channels"]
        for sample in channel["samples"]
        for modifier in sample["modifiers"]
    }
    for item in config["parameters"]:
        changed = {"auxdata", "sigmas", "factors"} & set(item)
        if changed and kinds.get(item["name"]) != "lumi":
            raise FitError(
                f"the measurement sets {', '.join(sorted(changed))} of {item['name']!r}, which HS3 has no "
                "place for; remove the setting, or shift the templates instead"
            )


def _distribution(channel: Mapping[str, Any]) -> str:
    """Return the name of a channel's distribution, which no parameter may have."""
    return f"model_{channel['name']}"


def _axes(channel: Mapping[str, Any]) -> list[dict[str, Any]]:
    bins = len(channel["samples"][0]["data"])
    return [{"name": f"bin_{channel['name']}", "min": 0.0, "max": float(bins), "nbins": bins}]


def _channel(channel: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": _distribution(channel),
        "type": "histfactory_dist",
        "axes": _axes(channel),
        "staterror": {"constraint_type": "Gauss", "relThreshold": 0.0},  # RooFit would take Poisson
        "samples": [_sample(item) for item in sorted(channel["samples"], key=lambda item: str(item["name"]))],
    }


def _sample(sample: Mapping[str, Any]) -> dict[str, Any]:
    errors = next(
        (item["data"] for item in sample["modifiers"] if item["type"] == "staterror"),
        [0.0] * len(sample["data"]),
    )
    modifiers = [_modifier(item, sample["data"]) for item in sample["modifiers"]]
    return {
        "name": sample["name"],
        "data": {"contents": sample["data"], "errors": errors},
        "modifiers": modifiers,
    }


def _modifier(modifier: Mapping[str, Any], nominal: Sequence[float]) -> dict[str, Any]:
    kind, name, data = modifier["type"], modifier["name"], modifier["data"]
    common: dict[str, Any] = {"name": name, "type": "normfactor" if kind == "lumi" else kind}
    if kind in _CONSTRAINT:
        common["constraint"] = _CONSTRAINT[kind]
    if kind in {"staterror", "shapesys", "shapefactor"}:
        common["parameters"] = [f"{name}_{number}" for number in range(len(nominal))]
    else:
        common["parameter"] = name
    if kind == "normsys":
        common["data"] = {"hi": data["hi"], "lo": data["lo"]}
    elif kind == "histosys":
        common["data"] = {"hi": {"contents": data["hi_data"]}, "lo": {"contents": data["lo_data"]}}
    elif kind == "shapesys":
        relative = [u / n if n > 0 else 0.0 for u, n in zip(data, nominal, strict=True)]
        common["data"] = {"vals": relative}
    elif kind == "lumi":
        common["constraint_name"] = _constraint_name(name)
    return common


def _constraint_name(name: str) -> str:
    return f"{name}_constraint"


def _lumi_constraint(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": _constraint_name(item["name"]),
        "type": "gaussian_dist",
        "x": item["name"],
        "mean": item["auxdata"][0],
        "sigma": item["sigmas"][0],
    }
