"""Local and global significance of an excess in a scan of hypotheses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
from scipy.special import ndtr

from darkbelle.errors import FitError
from darkbelle.fitting.fast.asymptotic import Analysis, analyse
from darkbelle.fitting.fast.compile import compile_workspace
from darkbelle.fitting.fast.likelihood import expected_events
from darkbelle.fitting.fast.model import Model
from darkbelle.fitting.studies.recipes import Make, in_process, sound
from darkbelle.fitting.studies.scans import ScanEnsemble
from darkbelle.fitting.studies.trials import global_p_value, significance_of, upcrossings

__all__ = ["LocalPoint", "ScanSignificance", "plain_scan", "scan_significance"]

LEVEL = 0.5  # of q₀ at which up-crossings are counted, as arXiv:1005.1891 does
_SAME = 1e-6  # relative, within which hypotheses expect the same background


@dataclass(frozen=True)
class LocalPoint:
    """A hypothesis: its place in the scan, best fit ≥ 0, √q₀, and the asymptotic p-value of background."""

    place: float
    best_fit: float
    significance: float
    p_value: float


@dataclass(frozen=True)
class ScanSignificance:
    """The largest local excess of a scan, and what it means.

    Parameters
    ----------
    points
        By hypothesis.
    toys, seed
        Experiments of background over the whole scan, and their seed; ``failed`` were left out.
    level, mean_upcrossings, upcrossings_error
        Of q₀, and how often an experiment crosses it upwards.
    global_p_upcrossings
        From these, by Gross and Vitells; an upper bound, close for high significances.
    global_p_toys, global_p_toys_error
        Share of experiments whose largest local significance is as large; the error is binomial.
    exceeding
        How many these are. With none, ``global_p_toys`` is 1/toys and only an upper bound.
    """

    points: tuple[LocalPoint, ...]
    toys: int
    failed: int
    seed: int
    level: float
    mean_upcrossings: float
    upcrossings_error: float
    global_p_upcrossings: float
    global_p_toys: float
    global_p_toys_error: float
    exceeding: int

    @property
    def largest(self) -> LocalPoint:
        """The hypothesis with the largest local significance."""
        return max(self.points, key=lambda point: point.significance)

    @property
    def global_p_bonferroni(self) -> float:
        """The local p-value times the number of hypotheses: an upper bound, close for a coarse scan."""
        return min(self.largest.p_value * len(self.points), 1.0)

    @property
    def global_p(self) -> float:
        """The p-value to quote: of the experiments if ten or more exceed the data, else the lower bound."""
        if self.exceeding >= 10:
            return self.global_p_toys
        return min(self.global_p_upcrossings, self.global_p_bonferroni)

    @property
    def global_significance(self) -> float | None:
        """Standard deviations of the global p-value; none if all experiments exceed the data."""
        return significance_of(self.global_p) if self.global_p < 1 else None

    @property
    def trial_factor(self) -> float:
        """Global over local p-value."""
        return self.global_p / self.largest.p_value

    def as_json(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return {
            **asdict(self),
            "largest": asdict(self.largest),
            "global_p_bonferroni": self.global_p_bonferroni,
            "global_p": self.global_p,
            "global_significance": self.global_significance,
            "trial_factor": self.trial_factor,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return what `as_json` wrote."""
        own = {item.name: content[item.name] for item in fields(cls)}
        return cls(**{**own, "points": tuple(LocalPoint(**point) for point in content["points"])})


def scan_significance(
    places: Sequence[float], scan: ScanEnsemble, *, level: float = LEVEL, make: Make | None = None
) -> ScanSignificance:
    """Return local and global significances.

    Parameters
    ----------
    places
        Of the hypotheses, such as masses; rising.
    scan
        What experiments are drawn from, with the hypotheses; their data are the observed ones.
    level
        Of q₀ at which up-crossings are counted. A low one is crossed often; it has to be high enough to
        be crossed rarely between neighbouring hypotheses.
    make
        Makes the experiments; here and on one thread by default.

    Raises
    ------
    FitError
        Places do not rise, a fit to the data fails, or more than 1 % of the experiments cannot be fitted.
    """
    if len(places) != len(scan.workspaces) or np.any(np.diff(places) <= 0):
        raise FitError(
            f"a scan of {len(scan.workspaces)} hypotheses needs as many places in rising order, got "
            f"{', '.join(f'{place:g}' for place in places)}"
        )
    points = tuple(_local(place, model) for place, model in zip(places, scan.models, strict=True))
    largest = max(point.significance for point in points)
    (made,) = (make or in_process())([scan])
    columns, failed = sound(made)
    fields = np.stack([columns[f"z_{index}"] for index in range(len(places))], axis=1)
    crossings = upcrossings(fields**2, level)
    exceeding = int(np.sum(fields.max(axis=1) >= largest - 1e-6))
    toys = fields.shape[0]
    share = max(exceeding, 1) / toys
    return ScanSignificance(
        points=points,
        toys=toys,
        failed=failed,
        seed=scan.seed,
        level=level,
        mean_upcrossings=float(np.mean(crossings)),
        upcrossings_error=float(np.std(crossings) / math.sqrt(toys)),
        global_p_upcrossings=global_p_value(largest**2, float(np.mean(crossings)), level),
        global_p_toys=share,
        global_p_toys_error=math.sqrt(share * (1 - share) / toys),
        exceeding=exceeding,
    )


def _local(place: float, model: Model) -> LocalPoint:
    analysis = analyse(model)
    return LocalPoint(
        place,
        float(analysis.best.parameters[model.poi]),
        analysis.significance,
        float(ndtr(-analysis.significance)),
    )


def plain_scan(workspaces: Sequence[Mapping[str, Any]], toys: int, seed: int = 1) -> ScanEnsemble:
    """Return the scan of workspaces that share their bins, data and background.

    Experiments are drawn at the fit of background to the data.

    Raises
    ------
    FitError
        They do not share them, or that fit fails.
    """
    if not workspaces:
        raise FitError("a scan needs at least one workspace")
    models = [compile_workspace(workspace) for workspace in workspaces]
    first = models[0]
    analysis: Analysis = analyse(first)
    truth = analysis.background.parameters
    expected = expected_events(first.tables, truth)
    truths = {name: float(value) for name, value in zip(first.names, truth, strict=True)}
    for number, model in enumerate(models):
        _check_shared(number, model, first, expected, truths)
    shared = tuple((index,) for index in range(expected.size))
    return ScanEnsemble(
        toys,
        seed,
        tuple(workspaces),
        tuple(expected.tolist()),
        tuple(shared for _ in models),
        truths,
    )


def _check_shared(
    number: int, model: Model, first: Model, expected: Any, truths: Mapping[str, float]
) -> None:
    if model.bins != first.bins or not np.array_equal(model.observed, first.observed):
        raise FitError(
            f"workspace {number} of the scan has other bins or data than the first; a scan without a run "
            "needs the same ones in all, so that experiments can be shared"
        )
    point = np.array([truths.get(name, value) for name, value in zip(model.names, model.start, strict=True)])
    point[model.poi] = 0.0
    if not np.allclose(expected_events(model.tables, point), expected, rtol=_SAME, atol=0.0):
        raise FitError(
            f"workspace {number} of the scan expects another background than the first; give all "
            "hypotheses the same one"
        )
