"""The common vertex of pairs of tracks, by least squares."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import SPEED_OF_LIGHT
from darkbelle.errors import KernelInputError
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.perigee import arc_to_point, circle_crossings, perigee_at
from darkbelle.kernels.symmetric import invert
from darkbelle.vectors import Column

__all__ = ["PairVertices", "fit_pair_vertices"]

MOST_STEPS = 30
CONVERGED = 1e-6  # what the next step is expected to gain in χ²
NEARER = 0.01  # cm in z that speak for a crossing 1 cm nearer to the axis: where z does not tell
LEAST_DAMPING = 1e-6  # of the trace of the normal matrix


class PairVertices(NamedTuple):
    """Fitted vertices of pairs of tracks, shape (n,).

    Attributes
    ----------
    x, y, z
        Position, cm, lab.
    covariance
        Of the position, shape (n, 3, 3), cm².
    chi_squared
        Of one degree of freedom: ten measured numbers, nine fitted.
    first_px, first_py, first_pz, second_px, second_py, second_pz
        Momenta of the tracks at the vertex, as the fit has them, GeV, lab.
    converged
        False where the fit did not settle; the other columns are then NaN.
    """

    x: Column
    y: Column
    z: Column
    covariance: Column
    chi_squared: Column
    first_px: Column
    first_py: Column
    first_pz: Column
    second_px: Column
    second_py: Column
    second_pz: Column
    converged: NDArray[np.bool_]


def fit_pair_vertices(
    first: Column,
    second: Column,
    first_covariance: Column,
    second_covariance: Column,
    magnetic_field: float,
) -> PairVertices:
    r"""Return the vertices that fit pairs of helices best.

    Position, and direction and curvature of both tracks at it, nine numbers, are fitted to the ten
    measured ones by Gauss and Newton's steps, damped where :math:`\chi^2` would rise. The start is the
    crossing of the circles at which the tracks' z agree better, the one nearer to the axis where both do;
    where they do not cross, the point between them.

    Parameters
    ----------
    first, second
        Shape (n, 5): d0, φ0, ω, z0, tan λ at the perigee to the z axis, in cm, rad and 1/cm, with
        basf2's signs.
    first_covariance, second_covariance
        Shape (n, 5, 5).
    magnetic_field
        In T, along z.

    Returns
    -------
    PairVertices
        Not converged and NaN where a parameter is NaN, or a covariance not positive definite.

    Raises
    ------
    KernelInputError
        Shapes do not fit.

    References
    ----------
    P. Billoir, R. Frühwirth and M. Regler, Nucl. Instrum. Meth. A 241 (1985) 115.

    Examples
    --------
    A track along x at y = 1 cm and one along y at x = 2 cm, both at 5 GeV and more or less straight:

    >>> helices = np.array([[-1, 0, 1e-9, 0, 0], [2, np.pi / 2, -1e-9, 0, 0]])
    >>> errors = np.diag([1e-4, 1e-6, 1e-12, 1e-4, 1e-6])[None]
    >>> found = fit_pair_vertices(helices[:1], helices[1:], errors, errors, 1.5)
    >>> found.x.round(3), found.y.round(3), found.converged
    (array([2.]), array([1.]), array([ True]))
    """
    helices = _checked("helices", (first, second), (5,))
    covariances = _checked("covariances", (first_covariance, second_covariance), (5, 5))
    size = len(helices[0])
    if len(covariances[0]) != size:
        raise KernelInputError(f"{size} helices have {len(covariances[0])} covariances; give each its own")
    columns = {name: np.full(size, np.nan) for name in PairVertices._fields}
    columns["covariance"] = np.full((size, 3, 3), np.nan)
    out = PairVertices(**{**columns, "converged": np.zeros(size, dtype=np.bool_)})
    _fit_pairs(np.stack(helices), np.stack(covariances), magnetic_field * SPEED_OF_LIGHT * 1e-4, out)
    return out


def _checked(name: str, pair: tuple[Column, Column], shape: tuple[int, ...]) -> tuple[Column, Column]:
    first, second = (np.asarray(array, dtype=np.float64) for array in pair)
    if first.shape[1:] != shape or first.ndim != len(shape) + 1 or first.shape != second.shape:
        raise KernelInputError(
            f"the {name} of pairs of tracks must both have shape (n, {', '.join(map(str, shape))}), "
            f"got {first.shape} and {second.shape}"
        )
    return first, second


@kernel
def _fit_pairs(helices: Column, covariances: Column, bending: float, out: PairVertices) -> None:
    """Fit all pairs; ``bending`` is the pT in GeV of a circle of 1 cm."""
    weights, factor = np.empty((2, 5, 5)), np.empty((5, 5))
    state, step, covariance = np.empty(9), np.empty(9), np.empty((3, 3))
    for i in range(out.x.size):
        usable = True
        for track in range(2):
            factor[:] = covariances[track, i]
            usable &= invert(factor, weights[track])
        if not usable:
            continue
        _start(helices[0, i], helices[1, i], state)
        chi_squared = _chi_squared(helices[:, i], weights, state)
        damping = 0.0
        for _ in range(MOST_STEPS):
            to_gain = _find_step(helices[:, i], weights, state, damping, step, covariance)
            if to_gain < CONVERGED:
                out.converged[i] = True
                break
            tried = _chi_squared(helices[:, i], weights, state + step)
            if tried < chi_squared:
                state += step
                chi_squared = tried
                damping = damping / 10 if damping > LEAST_DAMPING else 0.0
            else:
                damping = max(10 * damping, LEAST_DAMPING)
        if out.converged[i]:
            out.covariance[i] = covariance
            out.chi_squared[i] = chi_squared
            _write(state, bending, i, out)


@kernel
def _write(state: Column, bending: float, i: int, out: PairVertices) -> None:
    out.x[i], out.y[i], out.z[i] = state[0], state[1], state[2]
    transverse = bending / abs(state[4])
    out.first_px[i], out.first_py[i] = transverse * np.cos(state[3]), transverse * np.sin(state[3])
    out.first_pz[i] = transverse * state[5]
    transverse = bending / abs(state[7])
    out.second_px[i], out.second_py[i] = transverse * np.cos(state[6]), transverse * np.sin(state[6])
    out.second_pz[i] = transverse * state[8]


@kernel
def _start(first: Column, second: Column, state: Column) -> None:
    """Write the first guess: vertex, then φ, ω, tan λ of each track."""
    points = np.empty((2, 2))
    circle_crossings(first, second, points)
    least = np.inf
    for k in range(2):
        arc_1 = arc_to_point(first, points[k, 0], points[k, 1])
        arc_2 = arc_to_point(second, points[k, 0], points[k, 1])
        z1, z2 = first[3] + arc_1 * first[4], second[3] + arc_2 * second[4]
        mismatch = abs(z1 - z2) + NEARER * np.sqrt(points[k, 0] ** 2 + points[k, 1] ** 2)
        if mismatch < least:
            least = mismatch
            state[0], state[1], state[2] = points[k, 0], points[k, 1], (z1 + z2) / 2
            state[3], state[4], state[5] = first[1] - first[2] * arc_1, first[2], first[4]
            state[6], state[7], state[8] = second[1] - second[2] * arc_2, second[2], second[4]


@kernel
def _residuals(helix: Column, expected: Column, residuals: Column) -> None:
    for k in range(5):
        residuals[k] = helix[k] - expected[k]
    residuals[1] -= 2 * np.pi * np.round(residuals[1] / (2 * np.pi))


@kernel
def _chi_squared(helices: Column, weights: Column, state: Column) -> float:
    expected, residuals, jacobian = np.empty(5), np.empty(5), np.empty((5, 6))
    total = 0.0
    for track in range(2):
        perigee_at(state[:3], state[3 + 3 * track : 6 + 3 * track], expected, jacobian)
        _residuals(helices[track], expected, residuals)
        for k in range(5):
            for m in range(5):
                total += residuals[k] * weights[track, k, m] * residuals[m]
    return total


@kernel
def _find_step(
    helices: Column, weights: Column, state: Column, damping: float, step: Column, covariance: Column
) -> float:
    r"""Write the step to the minimum of the linearised problem, and the covariance of the vertex.

    Each track's own parameters q are eliminated: with the blocks :math:`A` of the vertex, :math:`B` of q and
    :math:`M` between them of the normal matrix, the vertex has :math:`A - M B^{-1} M^T`. That alone can be
    nearly singular, for parallel tracks, and ``damping`` of its trace is added to its diagonal.

    Returns
    -------
    float
        What the undamped step is to gain in χ²; infinite if there is none.
    """
    normals, gradients, inverses = np.empty((2, 6, 6)), np.empty((2, 6)), np.empty((2, 3, 3))
    reduced, block, right = np.zeros((3, 3)), np.empty((3, 3)), np.zeros(3)
    to_gain = 0.0
    for track in range(2):
        normal, gradient, inverse = normals[track], gradients[track], inverses[track]
        _linearise(helices[track], weights[track], state, 3 + 3 * track, normal, gradient)
        block[:] = normal[3:, 3:]
        if not invert(block, inverse):
            return np.inf
        _eliminate(normal, gradient, inverse, reduced, right)
        to_gain += _squared(gradient[3:], inverse)
    block[:] = reduced
    to_gain = to_gain + _squared(right, covariance) if invert(block, covariance) else np.inf
    used = covariance
    if damping > 0:
        used = np.empty((3, 3))
        block[:] = reduced
        for k in range(3):
            block[k, k] += damping * (reduced[0, 0] + reduced[1, 1] + reduced[2, 2])
        invert(block, used)
    for k in range(3):
        step[k] = used[k, 0] * right[0] + used[k, 1] * right[1] + used[k, 2] * right[2]
    for track in range(2):
        _own_step(normals[track], gradients[track], inverses[track], step, 3 + 3 * track)
    return to_gain


@kernel
def _squared(vector: Column, matrix: Column) -> float:
    total = 0.0
    for k in range(3):
        for m in range(3):
            total += vector[k] * matrix[k, m] * vector[m]
    return total


@kernel
def _linearise(
    helix: Column, weight: Column, state: Column, own: int, normal: Column, gradient: Column
) -> None:
    """Write a track's normal matrix and gradient, by the vertex and its own three parameters."""
    expected, residuals = np.empty(5), np.empty(5)
    jacobian, weighted = np.empty((5, 6)), np.empty((5, 6))
    perigee_at(state[:3], state[own : own + 3], expected, jacobian)
    _residuals(helix, expected, residuals)
    for k in range(5):
        for m in range(6):
            total = 0.0
            for n in range(5):
                total += weight[k, n] * jacobian[n, m]
            weighted[k, m] = total
    for k in range(6):
        gradient[k] = 0.0
        for n in range(5):
            gradient[k] += weighted[n, k] * residuals[n]
        for m in range(6):
            total = 0.0
            for n in range(5):
                total += jacobian[n, k] * weighted[n, m]
            normal[k, m] = total


@kernel
def _eliminate(normal: Column, gradient: Column, inverse: Column, reduced: Column, right: Column) -> None:
    """Add a track to the normal matrix and gradient of the vertex alone."""
    for k in range(3):
        right[k] += gradient[k]
        for m in range(3):
            reduced[k, m] += normal[k, m]
        for n in range(3):
            mixed = 0.0
            for p in range(3):
                mixed += normal[k, 3 + p] * inverse[p, n]
            right[k] -= mixed * gradient[3 + n]
            for m in range(3):
                reduced[k, m] -= mixed * normal[m, 3 + n]


@kernel
def _own_step(normal: Column, gradient: Column, inverse: Column, step: Column, own: int) -> None:
    """Write the step of a track's own parameters that goes with the step of the vertex."""
    for k in range(3):
        step[own + k] = 0.0
    for m in range(3):
        left = gradient[3 + m]
        for n in range(3):
            left -= normal[n, 3 + m] * step[n]
        for k in range(3):
            step[own + k] += inverse[k, m] * left
