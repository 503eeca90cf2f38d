"""How momentum is spread over directions: Fox-Wolfram moments and the sphericity tensor."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import Indices, checked_offsets, checked_vector
from darkbelle.vectors import Column, FourVector

__all__ = ["EventShapes", "event_shapes"]


class EventShapes(NamedTuple):
    """Shapes of each event, shape (n_events,): R2 and sphericity in [0, 1], aplanarity in [0, 1/2]."""

    fox_wolfram_r2: Column
    sphericity: Column
    aplanarity: Column


def event_shapes(vectors: FourVector, offsets: Indices) -> EventShapes:
    r"""Return the ratio of Fox-Wolfram moments R2, the sphericity and the aplanarity.

    .. math:: R_2 = \frac{\sum_{ij} |\vec p_i||\vec p_j| P_2(\cos\theta_{ij})}
              {\sum_{ij} |\vec p_i||\vec p_j|},
              \qquad S = \tfrac32(\lambda_2+\lambda_3), \qquad A = \tfrac32\lambda_3,

    where sums run over all pairs, a particle with itself included, and
    :math:`\lambda_1\ge\lambda_2\ge\lambda_3` are the eigenvalues of
    :math:`\sum_i p_i^a p_i^b / \sum_i |\vec p_i|^2`.

    Parameters
    ----------
    vectors
        Particles of all events, event by event, shape (n_particles,), GeV, CM.
    offsets
        Shape (n_events + 1,): particles ``offsets[i]`` up to ``offsets[i + 1]`` are event i's.

    Returns
    -------
    EventShapes
        NaN for events without a particle that moves, or with a NaN or infinity.

    References
    ----------
    G. C. Fox and S. Wolfram, Phys. Rev. Lett. 41 (1978) 1581; J. D. Bjorken and S. J. Brodsky,
    Phys. Rev. D 1 (1970) 1416.
    """
    vectors = checked_vector("vectors", vectors)
    offsets = checked_offsets(offsets, vectors.energy.size)
    out = EventShapes(*(np.empty(offsets.size - 1) for _ in EventShapes._fields))
    _event_shapes(vectors, offsets, out)
    return out


@kernel
def _event_shapes(vectors: FourVector, offsets: Indices, out: EventShapes) -> None:
    for event in range(out.sphericity.size):
        scalar, square = 0.0, 0.0
        xx, yy, zz, xy, yz, zx = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0  # weighted with p_a p_b
        uu, vv, ww, uv, vw, wu = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0  # with p_a p_b/|p|
        for i in range(offsets[event], offsets[event + 1]):
            x, y, z = vectors.px[i], vectors.py[i], vectors.pz[i]
            p = np.sqrt(x * x + y * y + z * z)
            if p == 0.0:
                continue
            scalar, square = scalar + p, square + p * p
            xx, yy, zz = xx + x * x, yy + y * y, zz + z * z
            xy, yz, zx = xy + x * y, yz + y * z, zx + z * x
            uu, vv, ww = uu + x * x / p, vv + y * y / p, ww + z * z / p
            uv, vw, wu = uv + x * y / p, vw + y * z / p, wu + z * x / p
        if not 0.0 < scalar < np.inf:
            out.fox_wolfram_r2[event] = out.sphericity[event] = out.aplanarity[event] = np.nan
            continue
        # Σ |p_i||p_j| cos²θ_ij is the square of the second tensor, so pairs need not be looped over
        squared_cosines = uu * uu + vv * vv + ww * ww + 2.0 * (uv * uv + vw * vw + wu * wu)
        out.fox_wolfram_r2[event] = 1.5 * squared_cosines / (scalar * scalar) - 0.5
        xx, yy, zz, xy, yz, zx = xx / square, yy / square, zz / square, xy / square, yz / square, zx / square
        # eigenvalues 1/3 + 2r cos(φ + 2πk/3) of a symmetric matrix of trace 1
        a, b, c = xx - 1.0 / 3.0, yy - 1.0 / 3.0, zz - 1.0 / 3.0
        radius = np.sqrt((a * a + b * b + c * c + 2.0 * (xy * xy + yz * yz + zx * zx)) / 6.0)
        half_determinant = 0.5 * (a * (b * c - yz * yz) - xy * (xy * c - yz * zx) + zx * (xy * yz - b * zx))
        ratio = half_determinant / radius**3 if radius > 0.0 else 0.0
        angle = np.arccos(min(max(ratio, -1.0), 1.0)) / 3.0
        largest = 1.0 / 3.0 + 2.0 * radius * np.cos(angle)
        smallest = 1.0 / 3.0 + 2.0 * radius * np.cos(angle + 2.0 * np.pi / 3.0)
        out.sphericity[event] = 1.5 * (1.0 - largest)
        out.aplanarity[event] = 0.0 if smallest < 0.0 else 1.5 * smallest
