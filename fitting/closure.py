"""How well signals between simulated masses are known: each is predicted from its neighbours, and compared.

The mass left out is in a gap twice as wide as those of a scan. The error of an interpolation grows with
the square of the gap at least, so what is found here bounds that of a scan from above, about fourfold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from darkbelle.errors import FitError
from darkbelle.fitting.engines import Failure
from darkbelle.fitting.signals import Method, place_of, with_masses
from darkbelle.fitting.solving import limits
from darkbelle.fitting.templates import FitInputs, Place, all_fit_inputs, mass_templates
from darkbelle.fitting.workspaces import build_workspace
from darkbelle.provenance import provenance
from darkbelle.runfolder import CLOSURE, SCHEMA, load_result, read_json, write_json

__all__ = ["METHODS", "Closure", "Prediction", "compute_closure", "read_closure"]

METHODS: tuple[Method, ...] = ("morphed", "vertical")


@dataclass(frozen=True)
class Prediction:
    """A simulated mass predicted from its neighbours, beside its simulation.

    Parameters
    ----------
    mass, low, high
        GeV.
    method
        How it was predicted.
    gap
        Between the peaks of the neighbours, in units of the resolution.
    efficiency, resolution, limit
        Predicted over simulated − 1; of the signal efficiency in the window of the fit, of the width of
        the peak, and of the median expected limit.
    statistics
        Relative error of the comparison of efficiencies, from the number of simulated events.
    distance
        Half the sum of the absolute differences of the two normalised templates, in bins of the fit, 0 to 1.
    distance_of_statistics
        What it would be for a perfect prediction, by the number of simulated events.
    reason
        Why there is no limit; the numbers that are missing then are none.
    final_state
        Of the signal, in channels that have several.
    """

    mass: float
    low: float
    high: float
    method: Method
    gap: float
    efficiency: float | None = None
    resolution: float | None = None
    limit: float | None = None
    statistics: float | None = None
    distance: float | None = None
    distance_of_statistics: float | None = None
    reason: str = ""
    final_state: str | None = None

    @property
    def place(self) -> Place:
        """Which hypothesis it is of."""
        return Place(self.mass, self.final_state)


@dataclass(frozen=True)
class Closure:
    """The predictions of a run, by final state and rising mass; those at the ends have no neighbours."""

    channel: str
    confidence_level: float
    luminosity_fb: float
    predictions: tuple[Prediction, ...]

    def of(self, method: Method) -> tuple[Prediction, ...]:
        """Return the predictions made by a method that have a limit."""
        return tuple(item for item in self.predictions if item.method == method and item.limit is not None)

    def largest(self, method: Method) -> float:
        """Return the largest relative error of a limit; NaN if there is none."""
        return max((abs(item.limit or 0.0) for item in self.of(method)), default=float("nan"))

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``closure.json``."""
        predictions = [asdict(item) for item in self.predictions]
        return {"schema": SCHEMA, **asdict(self), "predictions": predictions}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Return what `as_json` wrote."""
        same = ("channel", "confidence_level", "luminosity_fb")
        predictions = tuple(Prediction(**item) for item in content["predictions"])
        return cls(**{name: content[name] for name in same}, predictions=predictions)


def compute_closure(run_dir: str | Path, *, confidence_level: float | None = None) -> Closure:
    """Predict each simulated mass of a run from its neighbours, and write ``RUN/closure.json``.

    Parameters
    ----------
    run_dir
        A run folder with merged results.
    confidence_level
        Of the limits compared; the channel's by default.

    Raises
    ------
    FitError
        There are fewer than three masses of each final state.
    """
    every = all_fit_inputs(load_result(run_dir), "asimov")
    largest = max(len(inputs.signals) for inputs in every)
    if largest < 3:
        raise FitError(
            f"a closure needs a mass between two others, but the run has {largest}; simulate more masses"
        )
    level = confidence_level or every[0].channel.confidence_level
    found = tuple(item for inputs in every for item in _predictions(inputs, level))
    closure = Closure(every[0].channel.name, level, every[0].luminosity_fb, found)
    record = provenance(run=Path(run_dir).name)
    write_json(Path(run_dir) / CLOSURE, {**closure.as_json(), "provenance": record})
    return closure


def read_closure(run_dir: str | Path) -> Closure:
    """Return the closure of a run folder.

    Raises
    ------
    RunError
        There is none yet, or it is of another version.
    """
    return Closure.from_json(read_json(Path(run_dir) / CLOSURE))


def _predictions(inputs: FitInputs, level: float) -> Iterator[Prediction]:
    """Yield what is predicted of the masses of a final state that have neighbours."""
    masses = sorted(inputs.signals)
    for low, mass, high in zip(masses, masses[1:], masses[2:], strict=False):
        rest = {m: signal for m, signal in inputs.signals.items() if m != mass}
        for method in METHODS:
            predicted = with_masses(replace(inputs, signals=rest), [mass], method)
            yield _prediction(inputs, predicted, (low, mass, high), method, level)


def _prediction(
    inputs: FitInputs, predicted: FitInputs, masses: tuple[float, float, float], method: Method, level: float
) -> Prediction:
    low, mass, high = masses
    place = place_of(inputs)
    gap = abs(place(high).centre - place(low).centre) / place(mass).width
    bare = Prediction(mass, low, high, method, gap, final_state=inputs.final_state)
    try:
        truth = mass_templates(inputs, mass)
        ours = mass_templates(predicted, mass)
    except FitError as error:
        return replace(bare, reason=str(error))
    pair = limits([build_workspace(predicted, ours), build_workspace(inputs, truth)], confidence_level=level)
    medians = []
    for answer in pair:
        if isinstance(answer.outcome, Failure):
            return replace(bare, reason=answer.outcome.reason)
        medians.append(answer.outcome.expected[2])
    # the bins of the simulated mass for both, which the limits do not need
    there = truth.binning.project(predicted.signals[mass].nominal.values)
    if not there.any():
        return replace(bare, reason="nothing of the predicted signal lies in the window of the simulated one")
    errors = [truth.signal.variances, truth.binning.project(predicted.signals[mass].nominal.variances)]
    distance, expected = _distance((there, truth.signal.values), errors)
    relative = [
        np.sqrt(variances.sum()) / values.sum()
        for values, variances in zip((truth.signal.values, there), errors, strict=True)
    ]
    return replace(
        bare,
        efficiency=float(there.sum() / truth.signal.values.sum() - 1),
        resolution=ours.resolution / truth.resolution - 1,
        limit=medians[0] / medians[1] - 1,
        statistics=float(np.hypot(*relative)),
        distance=distance,
        distance_of_statistics=expected,
    )


def _distance(pair: tuple[Any, Any], variances: Sequence[Any]) -> tuple[float, float]:
    """Return the distance of two templates, and the one that their errors make on average."""
    shares = [values / values.sum() for values in pair]
    squares = sum(item / values.sum() ** 2 for item, values in zip(variances, pair[::-1], strict=True))
    distance = 0.5 * np.abs(shares[0] - shares[1]).sum()
    return float(distance), float(0.5 * np.sqrt(2 / np.pi * squares).sum())
