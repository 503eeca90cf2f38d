"""The thrust of events: the axis along which most momentum goes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import Indices, checked_offsets, checked_vector
from darkbelle.vectors import Column, FourVector

__all__ = ["Thrust", "hemispheres", "thrust"]


class Thrust(NamedTuple):
    """Thrust of each event, in [1/2, 1], and the unit vector of its axis with z ≥ 0; shape (n_events,)."""

    value: Column
    x: Column
    y: Column
    z: Column


def thrust(vectors: FourVector, offsets: Indices) -> Thrust:
    r"""Return the thrust :math:`T = \max_{\hat n} \sum_i |\vec p_i\cdot\hat n| / \sum_i |\vec p_i|`.

    Exact: the plane that parts the two hemispheres of the best axis can be turned, without a particle
    changing sides, until it holds two of them; so all planes through two momenta are tried, with both
    momenta on either side. The work grows with the third power of the multiplicity.

    Parameters
    ----------
    vectors
        Particles of all events, event by event, shape (n_particles,), GeV, CM.
    offsets
        Shape (n_events + 1,): particles ``offsets[i]`` up to ``offsets[i + 1]`` are event i's.

    Returns
    -------
    Thrust
        NaN for events without a particle that moves, or with a NaN or infinity.

    References
    ----------
    S. Brandt and H. D. Dahmen, Z. Phys. C 1 (1979) 61, for the planes. basf2 climbs from several
    seeds to a local maximum, which is this one in nearly all events.

    >>> thrust(FourVector(*np.array([[1.0, -1.0], [0, 0], [0, 0], [1, 1]])), np.array([0, 2])).value
    array([1.])
    """
    vectors = checked_vector("vectors", vectors)
    offsets = checked_offsets(offsets, vectors.energy.size)
    out = Thrust(*(np.empty(offsets.size - 1) for _ in Thrust._fields))
    _thrust(vectors, offsets, out)
    return out


def hemispheres(vectors: FourVector, offsets: Indices, axis: Thrust) -> NDArray[np.bool_]:
    """Return which particles lie in the hemisphere that the axis of their event points to.

    Parameters
    ----------
    vectors, offsets
        As for `thrust`; those that define the axis, or others.
    axis
        Of each event.

    Returns
    -------
    ndarray
        bool, shape (n_particles,); false for particles transverse to the axis or without one.
    """
    vectors = checked_vector("vectors", vectors)
    counts = np.diff(checked_offsets(offsets, vectors.energy.size))
    x, y, z = (np.repeat(component, counts) for component in axis[1:])
    return vectors.px * x + vectors.py * y + vectors.pz * z > 0.0


@kernel
def _thrust(vectors: FourVector, offsets: Indices, out: Thrust) -> None:
    px, py, pz = vectors.px, vectors.py, vectors.pz
    for event in range(out.value.size):
        first, last = offsets[event], offsets[event + 1]
        scalar = 0.0
        best, bx, by, bz = 0.0, 0.0, 0.0, 0.0
        for i in range(first, last):
            scalar += np.sqrt(px[i] * px[i] + py[i] * py[i] + pz[i] * pz[i])
            # on one line no plane is spanned: a momentum itself is the axis
            sx, sy, sz = 0.0, 0.0, 0.0
            for k in range(first, last):
                side = 1.0 if px[i] * px[k] + py[i] * py[k] + pz[i] * pz[k] > 0.0 else -1.0
                sx, sy, sz = sx + side * px[k], sy + side * py[k], sz + side * pz[k]
            square = sx * sx + sy * sy + sz * sz
            if square > best:
                best, bx, by, bz = square, sx, sy, sz
        if not 0.0 < scalar < np.inf:
            out.value[event] = out.x[event] = out.y[event] = out.z[event] = np.nan
            continue
        for i in range(first, last):
            for j in range(first, i):
                nx = py[i] * pz[j] - pz[i] * py[j]
                ny = pz[i] * px[j] - px[i] * pz[j]
                nz = px[i] * py[j] - py[i] * px[j]
                sx, sy, sz = 0.0, 0.0, 0.0
                for k in range(first, last):
                    if k not in (i, j):
                        side = 1.0 if nx * px[k] + ny * py[k] + nz * pz[k] > 0.0 else -1.0
                        sx, sy, sz = sx + side * px[k], sy + side * py[k], sz + side * pz[k]
                for signs in range(4):
                    a = 1.0 if signs < 2 else -1.0
                    b = 1.0 if signs % 2 == 0 else -1.0
                    x, y, z = (
                        sx + a * px[i] + b * px[j],
                        sy + a * py[i] + b * py[j],
                        sz + a * pz[i] + b * pz[j],
                    )
                    square = x * x + y * y + z * z
                    if square > best:
                        best, bx, by, bz = square, x, y, z
        length = np.sqrt(best)
        if bz < 0.0:
            length = -length
        out.value[event] = np.abs(length) / scalar
        out.x[event], out.y[event], out.z[event] = bx / length, by / length, bz / length
