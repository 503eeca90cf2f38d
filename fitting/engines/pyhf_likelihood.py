r"""The likelihood of a pyhf model, and its minimum by Newton's method.

pyhf with the numpy backend minimises by SLSQP on gradients by finite differences, one likelihood
a parameter and step, and starts each fit from nothing. Here pyhf still evaluates everything, the
expected events and the likelihood, but all differences are taken in *one* batched call, of the
expected events :math:`\nu`. They give the Jacobian :math:`J`, hence the exact gradient
:math:`J^T(1 - n/\nu)` and the Gauss-Newton matrix :math:`J^T\mathrm{diag}(n/\nu^2)J`, to which the
constraints add theirs; the same differences give the pure second derivatives. Any modifier that pyhf
knows is served. The minimum is accepted when its estimated distance in :math:`-\ln L` is below 1e-8;
else SLSQP of pyhf has a try from there, and must pass the same test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyhf
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from darkbelle.errors import FitError
from darkbelle.vectors import Column

__all__ = ["Likelihood", "Minimum", "minimise"]

_DISTANCE = 1e-8  # in −ln L, at which a minimum is accepted
_ITERATIONS = 60
_HALVINGS = 30
_ARMIJO = 1e-4
_STEP = 1e-4  # of finite differences; the error of a central one is its square
_RIDGE = 1e-9  # of the expected information, added where data may hold none


class Minimum(NamedTuple):
    """A minimum of −ln L: parameters, value, its estimated distance, and whether SLSQP was needed."""

    parameters: Column
    value: float
    distance: float = 0.0
    rescued: bool = False


class Derivatives(NamedTuple):
    """Derivatives of −ln L: the gradient, and the Hessian in two parts.

    ``hessian`` leaves out second derivatives of the expected events, and is never negative.
    ``bending`` is what their pure ones add to its diagonal: much where a shift is as one-sided as
    its statistics are poor.
    """

    gradient: Column
    hessian: Column
    bending: Column


@dataclass(frozen=True)
class Likelihood:
    """A pyhf model, the same for many points at a time, and what a minimiser asks of it.

    ``constraints`` are the indices of constrained parameters, in the order of the auxiliary data;
    ``normal`` says which are normal (else Poisson), ``widths`` are their standard deviations (else
    the Poisson factors). ``fixed`` are constant by the model.
    """

    model: Any
    batched: Any
    lower: Column
    upper: Column
    fixed: NDArray[np.bool_]
    constraints: NDArray[np.int64]
    normal: NDArray[np.bool_]
    widths: Column

    @classmethod
    def of(cls, model: Any, build_batched: Any) -> Likelihood:
        """Return the likelihood of a model; ``build_batched(n)`` must return it for n points at once."""
        config = model.config
        indices, normal, widths = [], [], []
        for name in config.auxdata_order:
            parameters = config.param_set(name)
            is_normal = parameters.pdf_type == "normal"
            where = config.par_slice(name)
            indices += list(range(where.start, where.stop))
            normal += [is_normal] * parameters.n_parameters
            widths += list(parameters.width() if is_normal else parameters.factors)
        bounds = np.array(config.suggested_bounds(), dtype=np.float64)
        return cls(
            model=model,
            batched=build_batched(2 * config.npars),
            lower=bounds[:, 0],
            upper=bounds[:, 1],
            fixed=np.array(config.suggested_fixed(), dtype=bool),
            constraints=np.array(indices, dtype=np.int64),
            normal=np.array(normal, dtype=bool),
            widths=np.array(widths, dtype=np.float64),
        )

    @classmethod
    def of_workspace(cls, workspace: dict[str, Any]) -> tuple[Likelihood, Column]:
        """Return the likelihood of the first measurement of a workspace, and its data with the auxiliary."""
        content = pyhf.Workspace(workspace)
        model = content.model()
        data = np.array(content.data(model), dtype=np.float64)
        return cls.of(model, lambda size: content.model(batch_size=size)), data

    @property
    def poi(self) -> int:
        """The index of the parameter of interest."""
        return int(self.model.config.poi_index)

    def value(self, parameters: Column, data: Column) -> float:
        """Return −ln L by pyhf; infinite where events would be negative."""
        with np.errstate(invalid="ignore", divide="ignore"):
            value = -float(self.model.logpdf(parameters, data)[0])
        return value if np.isfinite(value) else np.inf

    def responses(self, parameters: Column, expected: Column) -> tuple[Column, Column]:
        """Return first and pure second derivatives of expected events, shape (bins, parameters) each."""
        step = _STEP * np.maximum(1.0, np.abs(parameters))
        shifts = np.diag(step)
        points = np.concatenate([parameters + shifts, parameters - shifts])
        above, below = np.split(np.asarray(self.batched.expected_actualdata(points)), 2)
        first = (above - below) / (2 * step[:, None])
        second = (above - expected + (below - expected)) / step[:, None] ** 2
        return first.T, second.T

    def derivatives(self, parameters: Column, data: Column) -> Derivatives:
        """Return the derivatives of −ln L at some parameters."""
        observed = data[: self.model.config.nmaindata]
        expected = np.asarray(self.model.expected_actualdata(parameters))
        first, second = self.responses(parameters, expected)
        # a bin that can hold nothing and has nothing adds only its slope
        inverse = np.divide(1, expected, out=np.zeros_like(expected), where=expected > 0)
        pull = 1 - observed * inverse
        gradient = first.T @ pull
        hessian = (first.T * (observed * inverse**2)) @ first
        hessian[np.diag_indices_from(hessian)] += _RIDGE * (first**2).T @ inverse
        where = self.constraints
        slope, curvature = self._constraint_derivatives(
            parameters[where], data[self.model.config.nmaindata :]
        )
        gradient[where] += slope
        hessian[where, where] += curvature
        return Derivatives(gradient, hessian, second.T @ pull)

    def _constraint_derivatives(self, parameters: Column, auxiliary: Column) -> tuple[Column, Column]:
        slope = (parameters - auxiliary) / self.widths**2
        curvature = 1 / self.widths**2
        poisson = ~self.normal
        slope[poisson] = self.widths[poisson] - auxiliary[poisson] / parameters[poisson]
        curvature[poisson] = auxiliary[poisson] / parameters[poisson] ** 2
        return slope, curvature

    def error_of_poi(self, parameters: Column, data: Column) -> float:
        """Return the standard deviation of the parameter of interest, from the inverse Hessian."""
        hessian = self.derivatives(parameters, data).hessian
        free = ~self.fixed
        free[self.poi] = True
        kept = np.flatnonzero(free)
        covariance = np.linalg.pinv(hessian[np.ix_(kept, kept)])
        variance = covariance[np.searchsorted(kept, self.poi), np.searchsorted(kept, self.poi)]
        return float(np.sqrt(variance))


def minimise(likelihood: Likelihood, data: Column, start: Column, fixed_poi: float | None = None) -> Minimum:
    """Return the minimum of −ln L, with the parameter of interest free or fixed.

    Raises
    ------
    FitError
        Neither Newton's method nor pyhf's SLSQP ends in a minimum.
    """
    fixed = likelihood.fixed.copy()
    parameters = np.clip(start, likelihood.lower, likelihood.upper)
    if fixed_poi is not None:
        fixed[likelihood.poi] = True
        parameters[likelihood.poi] = fixed_poi
    minimum = _newton(likelihood, data, parameters, fixed)
    if minimum.distance < _DISTANCE:
        return minimum
    rescued = _newton(likelihood, data, _slsqp(likelihood, data, minimum.parameters, fixed), fixed)
    if rescued.distance < _DISTANCE:
        return rescued._replace(rescued=True)
    at = "free" if fixed_poi is None else f"fixed to {fixed_poi:g}"
    raise FitError(
        f"a fit with the parameter of interest {at} did not converge: estimated distance to the minimum "
        f"{rescued.distance:.2g} in −ln L, wanted {_DISTANCE:g}; look for bins of very low background, "
        "and for systematic shifts of about 100 %"
    )


def _newton(likelihood: Likelihood, data: Column, start: Column, fixed: NDArray[np.bool_]) -> Minimum:
    """Return the best point found."""
    lower = np.where(fixed, -np.inf, likelihood.lower)
    upper = np.where(fixed, np.inf, likelihood.upper)
    parameters, value = start, likelihood.value(start, data)
    distance = np.inf
    for _ in range(_ITERATIONS):
        derivatives = likelihood.derivatives(parameters, data)
        gradient = derivatives.gradient
        stuck = ((parameters <= lower) & (gradient > 0)) | ((parameters >= upper) & (gradient < 0))
        step = _newton_step(derivatives, np.flatnonzero(~fixed & ~stuck))
        distance = float(-gradient @ step) / 2
        if not distance >= _DISTANCE:
            break
        found = _line_search(likelihood, data, Minimum(parameters, value), step, gradient, (lower, upper))
        if found is None:
            break
        parameters, value = found.parameters, found.value
    return Minimum(parameters, value, abs(distance))


def _newton_step(derivatives: Derivatives, free: NDArray[np.int64]) -> Column:
    """Return the step to the minimum of the local parabola; without its bending where that has none."""
    step = np.zeros_like(derivatives.gradient)
    block = derivatives.hessian[np.ix_(free, free)]
    diagonal = np.diag_indices(free.size)
    bent = block.copy()
    bent[diagonal] += derivatives.bending[free]
    try:
        factor = cho_factor(bent)
    except LinAlgError:
        factor = cho_factor(block)
    step[free] = cho_solve(factor, -derivatives.gradient[free])
    return step


def _line_search(
    likelihood: Likelihood,
    data: Column,
    here: Minimum,
    step: Column,
    gradient: Column,
    bounds: tuple[Column, Column],
) -> Minimum | None:
    """Return the first of a halving sequence of steps that lowers −ln L enough, or none."""
    for halving in range(_HALVINGS):
        trial = np.clip(here.parameters + step * 0.5**halving, *bounds)
        value = likelihood.value(trial, data)
        if value <= here.value + _ARMIJO * gradient @ (trial - here.parameters):
            return Minimum(trial, value)
    return None


def _slsqp(likelihood: Likelihood, data: Column, start: Column, fixed: NDArray[np.bool_]) -> Column:
    """Return where pyhf's own minimiser ends; its failure shows in the test of the caller."""
    bounds = list(zip(likelihood.lower, likelihood.upper, strict=True))
    try:
        if fixed[likelihood.poi] and not likelihood.fixed[likelihood.poi]:
            best = pyhf.infer.mle.fixed_poi_fit(
                start[likelihood.poi],
                data,
                likelihood.model,
                start.tolist(),
                bounds,
                likelihood.fixed.tolist(),
            )
        else:
            best = pyhf.infer.mle.fit(
                data, likelihood.model, start.tolist(), bounds, likelihood.fixed.tolist()
            )
    except pyhf.exceptions.FailedMinimization:
        return start
    return np.asarray(best, dtype=np.float64)
