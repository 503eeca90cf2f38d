r"""Spin correlation of the τ pair from a virtual photon, and decays that obey it.

The spins of the two τ are described in one set of axes: in the rest frame of the pair, z along the
τ−, x in the plane of the collision axis and the τ−, on the side of the electron; each τ's rest frame
is reached by a boost along z.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.directions import at_angle, rotation_between, unit
from darkbelle.simulation.tau_decays import TauDecays
from darkbelle.vectors import Column, FourVector

__all__ = ["PairAxes", "align_spins", "pair_axes", "rotated", "spin_correlation"]


class PairAxes(NamedTuple):
    """The helicity axes of a pair.

    Attributes
    ----------
    axes
        Shape (n, 3, 3): rows are the unit vectors x, y and z in the rest frame of the pair.
    cos_theta
        Cosine of the angle of the τ− to the collision axis in that frame, shape (n,).
    """

    axes: Column
    cos_theta: Column


def pair_axes(minus: FourVector, plus: FourVector) -> PairAxes:
    """Return the helicity axes of pairs.

    The collision axis is the bisector of the electron's and the opposite of the positron's
    direction as seen from the pair, so that photons radiated along either beam leave it in place.

    Parameters
    ----------
    minus, plus
        Four-momenta of the negative and the positive lepton in the CM frame of the collision, GeV,
        shape (n,).

    References
    ----------
    J. C. Collins, D. E. Soper, Phys. Rev. D 16 (1977) 2219, for the axis.
    """
    pair = minus.plus(plus)
    electron = _direction(boost_to_rest_frame(FourVector.single(0.0, 0.0, 1.0, 1.0), pair))
    positron = _direction(boost_to_rest_frame(FourVector.single(0.0, 0.0, -1.0, 1.0), pair))
    collision = unit(electron - positron)
    z = _direction(boost_to_rest_frame(minus, pair))
    cos_theta = np.sum(collision * z, axis=1)
    x = unit(collision - cos_theta[:, None] * z)
    return PairAxes(np.stack([x, np.cross(z, x), z], axis=1), cos_theta)


def spin_correlation(cos_theta: Column, gamma: Column) -> Column:
    r"""Return the matrix R of the correlation :math:`1 + R_{ij}\, s^-_i s^+_j` of the two spins.

    For unpolarised beams and :math:`\gamma^*\to\tau^+\tau^-` at lowest order, in units of
    :math:`N = 1+\cos^2\theta+\sin^2\theta/\gamma^2`,

    .. math:: R_{zz} = 1+\cos^2\theta-\sin^2\theta/\gamma^2,\quad
              R_{xx} = (1+1/\gamma^2)\sin^2\theta,\quad
              R_{yy} = -(1-1/\gamma^2)\sin^2\theta,\quad
              R_{xz} = R_{zx} = \sin 2\theta/\gamma .

    Parameters
    ----------
    cos_theta
        Of the τ− to the collision axis in the pair's rest frame, shape (n,).
    gamma
        Lorentz factor of each τ in that frame, shape (n,).

    Returns
    -------
    Column
        Shape (n, 3, 3), axes as in `PairAxes`; first index for the τ−.

    References
    ----------
    Y.-S. Tsai, Phys. Rev. D 4 (1971) 2821. The tests compare it with traces of Dirac matrices.
    """
    cos2, sin2, heavy = cos_theta**2, 1.0 - cos_theta**2, 1.0 / gamma**2
    matrix = np.zeros((len(cos_theta), 3, 3))
    matrix[:, 0, 0] = (1.0 + heavy) * sin2
    matrix[:, 1, 1] = -(1.0 - heavy) * sin2
    matrix[:, 2, 2] = 1.0 + cos2 - heavy * sin2
    matrix[:, 0, 2] = matrix[:, 2, 0] = 2.0 * cos_theta * np.sqrt(sin2 * heavy)
    normalisation = 1.0 + cos2 + heavy * sin2
    return matrix / normalisation[:, None, None]


def align_spins(
    minus: TauDecays, plus: TauDecays, correlation: Column, rng: np.random.Generator
) -> TauDecays:
    r"""Turn the decays of the τ+ so that the pairs are correlated as the matrix says.

    Given the decay of the τ−, the τ+ is polarised by :math:`s_j = h^-_i R_{ij}` and its decays follow
    :math:`1+\vec s\cdot\vec h^+`. Decays of unpolarised τ come in all directions alike, so it is
    enough to rotate each as a whole until its :math:`\vec h^+` has that distribution in angle to
    :math:`\vec s`: the result is exact and no decay is thrown away. The charges may change places, with
    the matrix transposed.

    Parameters
    ----------
    minus, plus
        Unpolarised decays, components along the axes of `PairAxes`.
    correlation
        Shape (n, 3, 3), from `spin_correlation`.

    Returns
    -------
    TauDecays
        The decays of the τ+.
    """
    spin = np.einsum("ni,nij->nj", minus.polarimeter, correlation)
    strength = np.linalg.norm(spin, axis=1) * np.linalg.norm(plus.polarimeter, axis=1)
    cosine = _cosine_of_slope(strength, rng.random(len(strength)))
    azimuth = rng.uniform(0.0, 2.0 * np.pi, len(strength))
    target = at_angle(unit(spin), cosine, azimuth)
    rotation = rotation_between(unit(plus.polarimeter), target)
    return TauDecays(
        plus.pdg,
        rotated(plus.momenta, rotation),
        np.einsum("nij,nj->ni", rotation, plus.polarimeter),
    )


def rotated(momenta: FourVector, rotation: Column) -> FourVector:
    """Return momenta of shape (n, k), the k of each event turned by its matrix of shape (n, 3, 3)."""
    vectors = np.stack(momenta[:3], axis=-1)
    turned = np.einsum("nij,nkj->nki", rotation, vectors)
    return FourVector(turned[..., 0], turned[..., 1], turned[..., 2], momenta.energy)


def _cosine_of_slope(slope: Column, uniform: Column) -> Column:
    """Return cosines with the density (1 + slope·cos)/2, by inversion; stable for slope 0."""
    shifted = 2.0 * uniform - 1.0
    return np.clip(
        (2.0 * shifted + slope) / (1.0 + np.sqrt(1.0 + slope * (2.0 * shifted + slope))), -1.0, 1.0
    )


def _direction(vectors: FourVector) -> Column:
    return unit(np.stack(vectors[:3], axis=1))
