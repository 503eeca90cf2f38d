"""What a fit makes of its nuisance parameters: pulls, constraints, correlations, and impacts on the signal.

All parameters are fitted, those of single bins too, and each impact is a fit of its own: nothing here
is a formula for small shifts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.minimise import asimov, problem_of
from darkbelle.fitting.fast.model import Model
from darkbelle.fitting.fast.report import FitReport, Impact, fit_report, impacts
from darkbelle.fitting.sources import Source, content_of

__all__ = ["Nuisance", "Pulls", "pulls", "with_signal"]

SHOWN = 20  # parameters whose correlations are kept


@dataclass(frozen=True)
class Nuisance:
    """A nuisance parameter after the fit.

    Parameters
    ----------
    name
        As pyhf spells it.
    value, error
        Best value, and its error from the inverse Hessian.
    pull, constraint
        (value − auxiliary value) and the error, both in units of the constraint's width; none for
        parameters without a constraint.
    impact_up, impact_down
        By how much the parameter of interest moves with this one held at its error up and down.
    impact_up_before, impact_down_before
        The same with the width of the constraint in place of the error.
    """

    name: str
    value: float
    error: float
    pull: float | None
    constraint: float | None
    impact_up: float
    impact_down: float
    impact_up_before: float | None
    impact_down_before: float | None

    @property
    def impact(self) -> float:
        """The larger of the impacts after the fit."""
        return max(abs(self.impact_up), abs(self.impact_down))


@dataclass(frozen=True)
class Pulls:
    """A fit with signal, and its nuisance parameters.

    Parameters
    ----------
    poi, best_fit, error
        The parameter of interest.
    bounded
        Whether it was kept within its bounds, since the fits fail without them: then impacts may be cut off.
    signal
        The strength of the signal in the expectation that was fitted; none if data were.
    nuisances
        The largest impact first.
    correlated, correlation
        Names of the parameter of interest and of the nuisance parameters with the largest impacts, and
        their correlations, a row each.
    """

    poi: str
    best_fit: float
    error: float
    bounded: bool
    signal: float | None
    nuisances: tuple[Nuisance, ...]
    correlated: tuple[str, ...]
    correlation: tuple[tuple[float, ...], ...] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the fit for JSON."""
        return dict(json.loads(json.dumps(asdict(self))))  # tuples as lists

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the fit that `as_json` wrote."""
        return cls(
            **{
                **content,
                "nuisances": tuple(Nuisance(**item) for item in content["nuisances"]),
                "correlated": tuple(content["correlated"]),
                "correlation": tuple(tuple(row) for row in content["correlation"]),
            }
        )


def pulls(workspace: Source, *, signal: float | None = None) -> Pulls:
    """Fit a pyhf workspace, and return its pulls, constraints, impacts and correlations.

    They are those of cabinetry's ``fit.fit`` and ``fit.ranking``, but for the bounds of the parameter of
    interest: here it may be negative, since a signal near 0 would cut off half of the impacts. Errors are
    from exact second derivatives; those of Minuit's wide steps differ by a per cent or less.

    Parameters
    ----------
    workspace
        A dictionary as pyhf's schema 1.0.0 wants it, with one measurement, or the path of its JSON.
    signal
        Fit the expectation with a signal of this strength, instead of the data: what an analysis
        looks at before its data.

    Raises
    ------
    ConfigurationError
        The file cannot be read.
    FitError
        A fit fails, or the data do not determine the parameters.
    """
    content = content_of(workspace)
    if signal is not None:
        content = with_signal(content, signal)
    model = compile_workspace(content, profiled=False)
    wide = np.where(np.arange(model.lower.size) == model.poi, -model.upper, model.lower)
    bounded = False
    try:
        report, found = _fitted(replace(model, lower=np.minimum(wide, model.lower)))
    except FitError:  # a bin with a negative expectation, where there is little background
        bounded = True
        report, found = _fitted(model)
    parameters = {item.name: item for item in report.parameters}
    poi = parameters[model.poi_name]
    order = (model.poi_name, *(item.name for item in found[:SHOWN]))
    return Pulls(
        poi=model.poi_name,
        best_fit=poi.value,
        error=poi.error,
        bounded=bounded,
        signal=signal,
        nuisances=tuple(_nuisance(report, item) for item in found),
        correlated=order,
        correlation=_part(report, order),
    )


def with_signal(workspace: Mapping[str, Any], signal: float) -> dict[str, Any]:
    """Return a workspace whose data are its expectation with a signal of some strength.

    Raises
    ------
    FitError
        The strength is outside the bounds of the parameter of interest.
    """
    model = compile_workspace(workspace)
    if not model.lower[model.poi] <= signal <= model.upper[model.poi]:
        raise FitError(
            f"a signal of {signal:g} is outside the bounds of {model.poi_name!r}, "
            f"{model.lower[model.poi]:g} to {model.upper[model.poi]:g}"
        )
    start = model.start.copy()
    start[model.poi] = signal
    expected = asimov(model, start, problem_of(model)).observed
    observations: dict[str, list[float]] = {}
    for name, events in zip(model.bins, expected, strict=True):
        observations.setdefault(name.channel, []).append(float(events))
    return {
        **workspace,
        "observations": [{"name": name, "data": data} for name, data in observations.items()],
    }


def _fitted(model: Model) -> tuple[FitReport, tuple[Impact, ...]]:
    report = fit_report(model)
    return report, impacts(model, report)


def _nuisance(report: FitReport, impact: Impact) -> Nuisance:
    item = next(parameter for parameter in report.parameters if parameter.name == impact.name)
    return Nuisance(
        item.name,
        item.value,
        item.error,
        _known(item.pull),
        _known(item.constraint),
        impact.up,
        impact.down,
        _known(impact.up_before),
        _known(impact.down_before),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _part(report: FitReport, names: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
    places = {item.name: place for place, item in enumerate(report.parameters)}
    chosen = [places[name] for name in names]
    return tuple(tuple(row) for row in report.correlation[np.ix_(chosen, chosen)].tolist())
