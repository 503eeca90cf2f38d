"""Lorentz boosts without rotation."""

from __future__ import annotations

import numpy as np

from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.vectors import FourVector

__all__ = ["boost_from_rest_frame", "boost_to_rest_frame"]


def boost_to_rest_frame(vectors: FourVector, frame: FourVector) -> FourVector:
    r"""Return four-vectors as seen in the rest frame of another.

    With :math:`M` the mass of the frame's four-momentum :math:`(\vec P, E_P)`,

    .. math:: E' = (E E_P - \vec p\cdot\vec P)/M, \qquad
              \vec p\,' = \vec p - \vec P\,(E + E')/(E_P + M).

    Parameters
    ----------
    vectors
        Shape (n,) or (1,), GeV, in the frame in which ``frame`` moves.
    frame
        Four-momentum of the rest system, shape (n,) or (1,), GeV, time-like; where it is not, the
        result is NaN.

    Returns
    -------
    FourVector
        Shape (n,), GeV, in the rest frame.

    References
    ----------
    J. D. Jackson, Classical Electrodynamics, 3rd ed., eq. (11.19), written with momenta.

    >>> frame = FourVector.single(0.0, 0.0, 3.0, 5.0)
    >>> boost_to_rest_frame(frame, frame).energy
    array([4.])
    """
    return _boosted(vectors, frame, direction=1.0)


def boost_from_rest_frame(vectors: FourVector, frame: FourVector) -> FourVector:
    """Return four-vectors given in the rest frame of another as seen where that one moves.

    The inverse of `boost_to_rest_frame`, with the same shapes and units.
    """
    return _boosted(vectors, frame, direction=-1.0)


def _boosted(vectors: FourVector, frame: FourVector, *, direction: float) -> FourVector:
    vectors = checked_vector("vectors", vectors)
    frame = checked_vector("frame", frame)
    size = common_size(vectors=vectors, frame=frame)
    out = FourVector(*(np.empty(size) for _ in range(4)))
    _boost(vectors, frame, direction, out)
    return out


@kernel
def _boost(vectors: FourVector, frame: FourVector, direction: float, out: FourVector) -> None:
    one_vector = vectors.energy.size == 1
    one_frame = frame.energy.size == 1
    for i in range(out.energy.size):
        v = 0 if one_vector else i
        f = 0 if one_frame else i
        fx = direction * frame.px[f]
        fy = direction * frame.py[f]
        fz = direction * frame.pz[f]
        fe = frame.energy[f]
        mass = np.sqrt(fe * fe - fx * fx - fy * fy - fz * fz)
        energy = vectors.energy[v]
        along = vectors.px[v] * fx + vectors.py[v] * fy + vectors.pz[v] * fz
        boosted = (energy * fe - along) / mass
        shift = (energy + boosted) / (fe + mass)
        out.px[i] = vectors.px[v] - fx * shift
        out.py[i] = vectors.py[v] - fy * shift
        out.pz[i] = vectors.pz[v] - fz * shift
        out.energy[i] = boosted
