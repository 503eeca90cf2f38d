r"""The estimator of √s: twice the energy at which a peak of :math:`E^*_B` stands.

A peak with exponential tails, see `darkbelle.fitting.scale.peaks`, stands on what random combinations give:
their momenta are even in :math:`d^3p`, so that :math:`dN/dE \propto p E` from the mass of the B up, times
a straight line. That is the function of H. Albrecht et al. (ARGUS), Phys. Lett. B 241 (1990) 278, turned
over from the mass to the energy, as Belle II's calibration of √s has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.fitting.scale.peaks import Background, PeakFit, Tails, fit_peak, straight_line
from darkbelle.vectors import Column

__all__ = ["FORMS", "Form", "fit_energy", "threshold"]

NODES: Final = 3  # of Gauss and Legendre in a bin
WIDTH: Final = NOMINAL.sqrt_s_spread / 2  # GeV: about that of the peak
NO_TAILS: Final = Tails(5.0, 5.0)


@dataclass(frozen=True)
class Form:
    """A form of the fit.

    Parameters
    ----------
    tails
        ``held`` at those of a simulated sample, ``free`` in every fit, or ``none``, a Gaussian.
    background
        ``threshold``, or ``straight``, a line.
    """

    tails: str
    background: str


# the first one is the measurement's
FORMS: Final = {
    "tails as simulated": Form("held", "threshold"),
    "tails fitted": Form("free", "threshold"),
    "Gaussian": Form("none", "threshold"),
    "straight background": Form("held", "straight"),
}


def threshold(mass: float) -> Background:
    """Return the shape of a background from a mass in GeV up: p · E · (1 + slope · place in the range)."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)

    def shares(edges: Column, slope: float) -> Column:
        half = np.diff(edges)[:, None] / 2
        energy = (edges[1:] + edges[:-1])[:, None] / 2 + half * nodes
        place = 2 * (energy - edges[0]) / (edges[-1] - edges[0]) - 1
        density = energy * np.sqrt(np.maximum(energy**2 - mass**2, 0.0)) * (1 + slope * place)
        integral = np.sum(density * weights * half, axis=1)
        found: Column = integral / integral.sum()
        return found

    return shares


def fit_energy(
    edges: Column, counts: Column, mass: float, tails: Tails | None = None, form: Form | None = None
) -> PeakFit:
    """Fit the energies of a decay.

    Parameters
    ----------
    edges, counts
        Of the spectrum, GeV.
    mass
        Of the B, GeV.
    tails
        Those of simulation, for a form that holds them.
    form
        By default the measurement's.

    Raises
    ------
    FitError
        There are no events, or the fit does not converge.
    """
    form = form or FORMS["tails as simulated"]
    held = {"held": tails, "free": None, "none": NO_TAILS}[form.tails]
    background = threshold(mass) if form.background == "threshold" else straight_line
    start = edges[np.argmax(counts)] if np.any(counts) else NOMINAL.sqrt_s / 2
    return fit_peak(edges, counts, (float(start), WIDTH), held, background)
