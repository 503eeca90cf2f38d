r"""Biases of the scale by least squares from positions of a peak.

A candidate whose daughters' momenta are biased by :math:`b_j`, in bins and charges j, has

.. math:: \ln M = \ln M_0 + \sum_j L_j b_j, \qquad L_j = \sum_{i \in j} \partial\ln M/\partial\ln p_i,

so that mean positions in many combinations of bins are linear in the biases. What is to be multiplied to a
measured momentum is :math:`1/(1 + b)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkbelle.errors import FitError
from darkbelle.vectors import Column

__all__ = ["ScaleBias", "solve"]


@dataclass(frozen=True)
class ScaleBias:
    """Relative biases of measured momenta.

    Parameters
    ----------
    cos_theta
        Edges of the bins, shape (bins + 1,).
    values
        Negative tracks first, then positive ones, shape (2 · bins,).
    covariance
        Of the values, by the statistics of the peaks.
    shares
        Of the tracks that the values come from, by bin and charge; they add up to 1.
    common
        Relative standard deviation that all have in common: of the mass that is taken for true.
    chi_squared, degrees_of_freedom
        Of the least squares.
    """

    cos_theta: Column
    values: Column
    covariance: Column
    shares: Column
    common: float
    chi_squared: float
    degrees_of_freedom: int

    @property
    def errors(self) -> Column:
        """Standard deviation of each value, with what they have in common."""
        errors: Column = np.sqrt(np.diag(self.covariance) + self.common**2)
        return errors

    @property
    def mean(self) -> float:
        """Bias averaged over tracks."""
        return float(self.shares @ self.values)

    @property
    def mean_error(self) -> float:
        """Its standard deviation."""
        return float(np.sqrt(self.shares @ self.covariance @ self.shares + self.common**2))

    @property
    def odd(self) -> tuple[float, float]:
        """Half the difference of the biases of positive and negative tracks, averaged, and its error.

        A neutral decay to two charged particles hardly knows it: the two move its mass against each other.
        """
        bins = len(self.cos_theta) - 1
        both = self.shares[:bins] + self.shares[bins:]
        along = np.concatenate([-both, both]) / 2
        return float(along @ self.values), float(np.sqrt(along @ self.covariance @ along))


def solve(
    cos_theta: Column,
    relative: Column,
    errors: Column,
    leverage: Column,
    shares: Column,
    *,
    common: float = 0.0,
) -> ScaleBias:
    """Return the biases that explain shifts of a peak.

    Parameters
    ----------
    cos_theta
        Edges of the bins.
    relative, errors
        Position over the true mass, minus one, with its standard deviation, shape (n,).
    leverage
        Mean sum of ∂ln M/∂ln p by bin and charge, shape (n, 2 · bins).
    shares
        Of the tracks, by bin and charge.
    common
        Relative standard deviation of the true mass, over the sum of all leverages.

    Raises
    ------
    FitError
        The positions do not say something on each bin and charge.
    """
    weighted = leverage / errors[:, None]
    curvature = weighted.T @ weighted
    if len(relative) < leverage.shape[1] or np.linalg.matrix_rank(curvature) < leverage.shape[1]:
        missing = np.flatnonzero(np.abs(leverage).sum(axis=0) == 0)
        raise FitError(
            f"{len(relative)} positions of the peak do not fix {leverage.shape[1]} factors"
            + (f", and none is of tracks in bins {', '.join(map(str, missing))}" if missing.size else "")
            + "; take more events, or fewer bins of cos_theta in the channel file"
        )
    covariance = np.asarray(np.linalg.inv(curvature), dtype=np.float64)
    values = covariance @ (weighted.T @ (relative / errors))
    residual = (relative - leverage @ values) / errors
    return ScaleBias(
        cos_theta,
        values,
        covariance,
        shares,
        common,
        float(residual @ residual),
        len(relative) - leverage.shape[1],
    )
