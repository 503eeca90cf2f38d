"""Fits of an edge function by MIGRAD, with analytic derivatives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from iminuit import Minuit
from scipy.stats import chi2 as chi_squared_distribution

from darkbelle.errors import FitError
from darkbelle.fitting.edge.likelihood import BinnedEdge, UnbinnedEdge
from darkbelle.fitting.edge.shapes import EdgeShape, edge_shape
from darkbelle.vectors import Column

__all__ = ["EdgeFit", "Goodness", "fit_edge", "fit_edge_unbinned"]

DEFAULT: Final = "arctan"
START: Final = {"width": 2e-3, "step": 0.4, "tilt": 0.0, "slope": 0.0, "curvature": 0.0}
OTHER_WIDTHS: Final = (6e-4, 6e-3)  # GeV: starts where that of `START` leads nowhere
WIDTH_LIMITS: Final = (2e-4, 0.05)  # GeV: narrower than any detector's resolution, and no edge any more
SCAN_BINS = 75  # of the range, in which a start is looked for
SCAN_MARGIN = 5  # bins at its ends where no edge is looked for
LEAST_EXPECTED = 10.0  # events of a bin in the test of goodness
START_BINS = 3000  # of the binned fit from which an unbinned one starts


@dataclass(frozen=True)
class Goodness:
    """Pearson's χ² of the fit in bins joined until each expects ten events, and its p-value."""

    chi_squared: float
    degrees_of_freedom: int

    @property
    def p_value(self) -> float:
        """Probability of a larger χ²."""
        return float(chi_squared_distribution.sf(self.chi_squared, self.degrees_of_freedom))


@dataclass(frozen=True)
class EdgeFit:
    """A fitted edge; masses and widths in GeV.

    Parameters
    ----------
    shape
        Name of the edge function.
    values, errors
        By parameter; errors from the curvature of −ln L.
    covariance
        Shape (parameters, parameters), in the order of ``values``.
    events
        In the range.
    minos
        Lower (negative) and upper error of the edge where ln L falls by 1/2; None where not asked for.
    goodness
        None of an unbinned fit.
    influence
        How far one more event in a bin moves the edge, to first order, shape (bins,), GeV; None of an
        unbinned fit.
    """

    shape: str
    values: Mapping[str, float]
    errors: Mapping[str, float]
    covariance: Column
    events: float
    minos: tuple[float, float] | None = None
    goodness: Goodness | None = None
    influence: Column | None = field(default=None, repr=False, compare=False)

    @property
    def edge(self) -> float:
        """P1, GeV."""
        return self.values["edge"]

    @property
    def edge_error(self) -> float:
        """Standard deviation of P1, GeV."""
        return self.errors["edge"]

    @property
    def parameters(self) -> Column:
        """The values as a column."""
        return np.array(list(self.values.values()))

    def fluctuations(self, variances: Column) -> Column:
        """Return how far the edge moves if a bin fluctuates by one standard deviation, shape (bins,), GeV.

        With variances of weighted (simulated) events their sum in quadrature is the error of the edge.

        Raises
        ------
        FitError
            The fit is of single events.
        """
        if self.influence is None:
            raise FitError("a fit of single events has no bins that could fluctuate; use fit_edge")
        moved: Column = self.influence * np.sqrt(variances)
        return moved


def fit_edge(
    edges: Column,
    counts: Column,
    *,
    shape: str = DEFAULT,
    minos: bool = False,
    start: Mapping[str, float] | None = None,
) -> EdgeFit:
    """Fit an edge function to a fine histogram, by the integral over each bin.

    With bins much finer than the resolution, such as 3 000 over 150 MeV, this is the unbinned fit to
    some keV at a hundredth of the work.

    Parameters
    ----------
    edges
        Of the bins, shape (n + 1,), GeV.
    counts
        Events, shape (n,); those of a weighted simulation need not be integers.
    shape
        A key of `darkbelle.fitting.edge.shapes.SHAPES`.
    minos
        Scan the likelihood for the errors of the edge.
    start
        Values to start from, by parameter, if they are better than what a scan of the edge finds; shapes
        other than the first start from its fit. Where MIGRAD does not converge it is started elsewhere.

    Raises
    ------
    FitError
        There are no events, or MIGRAD converges from nowhere.
    """
    function = edge_shape(shape)
    if not np.sum(counts) > 0:
        raise FitError(f"an edge fit needs events between {edges[0]:g} and {edges[-1]:g} GeV, got none")
    likelihood = BinnedEdge(function, edges, np.asarray(counts, dtype=np.float64))
    minuit = _minimised(likelihood, function, _starts(likelihood, start), (edges[0], edges[-1]), minos=minos)
    free = np.array(minuit.values)
    return _result(
        minuit,
        function,
        float(np.sum(counts)),
        goodness=_goodness(likelihood.shares(free), counts, len(free)),
        influence=np.array(minuit.covariance)[0] @ likelihood.scores(free),
    )


def fit_edge_unbinned(
    masses: Column,
    limits: tuple[float, float],
    *,
    shape: str = DEFAULT,
    minos: bool = False,
) -> EdgeFit:
    """Fit an edge function to single events, starting from the fit of a fine histogram of them.

    Parameters
    ----------
    masses
        Shape (n,), GeV; what lies outside the limits is left out.
    limits
        Range of the fit, GeV.
    shape
        A key of `darkbelle.fitting.edge.shapes.SHAPES` of the arctangent's kind.
    minos
        Scan the likelihood for the errors of the edge.

    Raises
    ------
    FitError
        There is NaN among the masses, no event within the limits, MIGRAD does not converge, or the shape
        has no unbinned fit.
    """
    function = edge_shape(shape)
    if function.kind != "arctan":
        raise FitError(f"edge function {shape!r} has no unbinned fit; use fit_edge with fine bins")
    if np.isnan(masses).any():
        raise FitError(
            f"{np.isnan(masses).sum()} masses are NaN; leave them out, and say how many there were"
        )
    inside = masses[(masses >= limits[0]) & (masses < limits[1])]
    counts, edges = np.histogram(inside, START_BINS, limits)
    binned = fit_edge(edges, counts, shape=shape)
    likelihood = UnbinnedEdge(function, inside, limits)
    start = Start(binned.values, np.array(list(binned.errors.values())))
    minuit = _minimised(likelihood, function, [start], limits, minos=minos)
    return _result(minuit, function, len(inside))


class Start(NamedTuple):
    """Where MIGRAD begins: values by parameter, and first steps, shape (parameters,)."""

    values: Mapping[str, float]
    steps: Column | None = None


def _starts(likelihood: BinnedEdge, given: Mapping[str, float] | None) -> Iterator[Start]:
    """Yield where to start: what is given or the fit of the first shape, and a scan; the best first."""
    edges, counts, shape = likelihood.edges, likelihood.counts, likelihood.shape
    scanned = _scanned(edges, counts)
    first = [scanned]
    if given is not None:
        first.append({**START, **given})
    elif shape.name != DEFAULT:
        first.append({**START, **fit_edge(edges, counts).values})
    first.sort(key=lambda values: likelihood.value(np.array([values[name] for name in shape.parameters])))
    for values in (*first, *({**scanned, "width": width} for width in OTHER_WIDTHS)):
        yield Start(values)


def _scanned(edges: Column, counts: Column) -> dict[str, float]:
    """Return the best values of a scan of the edge.

    With edge and width held the function is linear in the rest, which coarse bins then give by least squares.
    """
    coarse = np.linspace(edges[0], edges[-1], SCAN_BINS + 1)
    heights = np.diff(np.interp(coarse, edges, np.concatenate([[0.0], np.cumsum(counts)])))
    middle, error = (coarse[1:] + coarse[:-1]) / 2, np.sqrt(np.maximum(heights, 1.0))
    best, found = np.inf, {}
    for edge in coarse[SCAN_MARGIN:-SCAN_MARGIN]:
        z = middle - edge
        terms = np.stack([np.ones_like(z), -np.arctan(z / START["width"]), z, z * z], axis=1)
        solution, residual, *_ = np.linalg.lstsq(terms / error[:, None], heights / error)
        falls = solution[0] > 0 and solution[1] > 0
        if falls and residual.size and residual[0] < best:
            step, slope, curvature = solution[1:] / solution[0]
            best = residual[0]
            found = {"edge": edge, "step": step, "slope": slope, "curvature": curvature}
    return {**START, "edge": (edges[0] + edges[-1]) / 2, **{k: float(v) for k, v in found.items()}}


def _minimised(
    likelihood: BinnedEdge | UnbinnedEdge,
    shape: EdgeShape,
    starts: Iterable[Start],
    limits: tuple[float, float],
    *,
    minos: bool,
) -> Any:
    """Return the minimum from the first start that leads to one, the simplex method being the last resort."""
    tried = 0
    for start in starts:
        minuit = _prepared(likelihood, shape, start, limits)
        for strategy, simplex in ((1, False), (2, False), (2, True)):
            minuit.strategy = strategy
            if simplex:
                minuit.reset()
                minuit.simplex()
            minuit.migrad()
            tried += 1
            if minuit.valid:
                minuit.hesse()
                if minos:
                    minuit.minos("edge")
                return minuit
    at_limit = [
        p.name for p in minuit.params if p.has_limits and _beside(p.value, p.lower_limit, p.upper_limit)
    ]
    where = f"; at its limit is {', '.join(at_limit)}" if at_limit else ""
    raise FitError(
        f"the fit of edge function {shape.name!r} did not converge in {tried} attempts (estimated distance "
        f"{minuit.fmin.edm:.2g}{where}); look at the spectrum, or try another function or range"
    )


def _prepared(
    likelihood: BinnedEdge | UnbinnedEdge, shape: EdgeShape, start: Start, limits: tuple[float, float]
) -> Any:
    begin = np.array([start.values[name] for name in shape.parameters])
    minuit = Minuit(likelihood.value, begin, grad=likelihood.gradient, name=shape.parameters)
    minuit.errordef = Minuit.LIKELIHOOD
    minuit.limits["width"] = WIDTH_LIMITS
    minuit.limits["edge"] = limits
    steps = start.steps
    if steps is None and isinstance(likelihood, BinnedEdge):
        steps = 1.0 / np.sqrt(np.sum(likelihood.scores(begin) ** 2 * likelihood.counts, axis=1))
    minuit.errors = steps
    return minuit


def _beside(value: float, low: float, high: float) -> bool:
    return min(value - low, high - value) < 1e-3 * (high - low)


def _result(
    minuit: Any,
    shape: EdgeShape,
    events: float,
    *,
    goodness: Goodness | None = None,
    influence: Column | None = None,
) -> EdgeFit:
    found = minuit.merrors.get("edge")
    return EdgeFit(
        shape.name,
        dict(zip(shape.parameters, map(float, minuit.values), strict=True)),
        dict(zip(shape.parameters, map(float, minuit.errors), strict=True)),
        np.array(minuit.covariance),
        events,
        None if found is None else (float(found.lower), float(found.upper)),
        goodness,
        influence,
    )


def _goodness(shares: Column, counts: Column, parameters: int) -> Goodness:
    expected = shares * np.sum(counts)
    group = np.floor(np.cumsum(expected) / LEAST_EXPECTED).astype(np.int64)
    joined, observed = np.bincount(group, expected), np.bincount(group, counts)
    used = joined > 0
    chi_squared = float(np.sum((observed[used] - joined[used]) ** 2 / joined[used]))
    return Goodness(chi_squared, max(int(used.sum()) - 1 - parameters, 1))
