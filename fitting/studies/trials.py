r"""From a local to a global significance: the number of places in which a fluctuation could have shown.

For a random field :math:`q_0(m)` that is locally half a :math:`\chi^2_1` (the signal is not negative), the
chance that it exceeds a level :math:`c` anywhere is at most, and for high levels very nearly,

.. math:: P(q_0(m) > c) + \langle N(c_0)\rangle\, e^{-(c - c_0)/2},

with the mean number of up-crossings of a low level :math:`c_0`, for which few experiments are enough
(E. Gross, O. Vitells, Eur. Phys. J. C 70 (2010) 525, arXiv:1005.1891, eqs. 3 and 4 with one degree of
freedom).
"""

from __future__ import annotations

import math

from scipy.special import ndtr, ndtri

from darkbelle.vectors import Column

__all__ = ["global_p_value", "significance_of", "upcrossings"]


def upcrossings(fields: Column, level: float) -> Column:
    """Count how often fields cross a level upwards.

    Parameters
    ----------
    fields
        Shape (experiments, places), places in order.
    level
        A start above it is no crossing.

    >>> import numpy as np
    >>> upcrossings(np.array([[0.0, 2.0, 0.5, 3.0], [2.0, 0.0, 0.0, 2.0]]), 1.0).tolist()
    [2, 1]
    """
    above = fields > level
    counts: Column = (above[:, 1:] & ~above[:, :-1]).sum(axis=1)
    return counts


def global_p_value(q: float, mean_upcrossings: float, level: float) -> float:
    """Return the chance of a local q₀ as large anywhere, at most 1.

    Parameters
    ----------
    q
        The largest of the data.
    mean_upcrossings
        Of the level, by an experiment.
    level
        At which they were counted.
    """
    return min(float(ndtr(-math.sqrt(q))) + mean_upcrossings * math.exp((level - q) / 2), 1.0)


def significance_of(p_value: float) -> float:
    """Return the standard deviations of a one-sided p-value; negative above one half.

    >>> round(significance_of(0.1586553), 3)
    1.0
    """
    return float(-ndtri(p_value)) if p_value > 0 else math.inf
