r"""Cross sections in closed form, to hold the generators against.

None of these shares code with `darkbelle.simulation.amplitudes`. With massless fermions of which one
radiates a boson of mass M, :math:`r=M^2/s`, and :math:`\sigma_0=4\pi\alpha^2/3s`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import dblquad
from scipy.special import spence

from darkbelle.constants import HBAR_C_SQUARED
from darkbelle.vectors import Column

__all__ = ["pair_cross_section", "scalar_emission", "vector_emission", "vector_emission_integrated"]


def pair_cross_section(s: Column, mass: float, alpha: float) -> Column:
    r"""Return :math:`\frac{4\pi\alpha^2}{3s}\beta\frac{3-\beta^2}{2}` of e+e− → a pair of leptons, fb.

    Parameters
    ----------
    s
        GeV², shape (n,); 0 below the threshold.
    mass
        Of the lepton, GeV.
    alpha
        Fine structure constant.

    >>> float(pair_cross_section(np.array([1.0]), 0.0, 1 / 137.036)[0].round(-4))  # 86.85 nb
    86850000.0
    """
    squared = np.clip(1.0 - 4.0 * mass**2 / s, 0.0, None)
    cross_section: Column = (
        4.0 * math.pi * alpha**2 / (3.0 * s) * np.sqrt(squared) * (3.0 - squared) / 2.0 * HBAR_C_SQUARED
    )
    return cross_section


def vector_emission(r: float, coupling: float) -> float:
    r"""Return :math:`\sigma(f\bar fV)/\sigma_0` for a vector of coupling g to one massless fermion pair.

    .. math:: \frac{g^2}{8\pi^2}\Big\{(1+r)^2\big[3\ln r+\ln^2r\big]+5(1-r^2)-2r\ln r
              -2(1+r)^2\Big[\ln(1+r)\ln r+\mathrm{Li}_2\frac1{1+r}-\mathrm{Li}_2\frac r{1+r}\Big]\Big\}

    References
    ----------
    C. D. Carone, H. Murayama, Phys. Rev. Lett. 74 (1995) 3122, for Z → qq̄ and a light vector; the tests
    integrate the differential cross section.
    """
    log = math.log(r)
    dilogarithms = float(spence(1.0 - 1.0 / (1.0 + r)) - spence(1.0 - r / (1.0 + r)))
    inner = math.log1p(r) * log + dilogarithms
    whole = (1.0 + r) ** 2 * (3.0 * log + log**2) + 5.0 * (1.0 - r**2) - 2.0 * r * log
    return coupling**2 / (8.0 * math.pi**2) * (whole - 2.0 * (1.0 + r) ** 2 * inner)


def vector_emission_integrated(r: float, coupling: float) -> float:
    r"""Return the same as `vector_emission`, by integration.

    .. math:: \frac{1}{\sigma_0}\frac{d\sigma}{dx_1dx_2} = \frac{g^2}{8\pi^2}\left[
              \frac{(x_1+r)^2+(x_2+r)^2}{\bar x_1\bar x_2} - \frac r{\bar x_1^2}-\frac r{\bar x_2^2}\right],
              \quad \bar x_i = 1-x_i .
    """

    def density(v: float, u: float) -> float:
        return ((1.0 - u + r) ** 2 + (1.0 - v + r) ** 2) / (u * v) - r / u**2 - r / v**2

    return coupling**2 / (8.0 * math.pi**2) * _over_dalitz_plot(density, r)


def scalar_emission(r: float, coupling: float) -> float:
    r"""Return :math:`\sigma(f\bar fS)/\sigma_0` for a scalar, or pseudoscalar, of Yukawa coupling g.

    With :math:`a=\bar x_2-r`, :math:`b=\bar x_1-r`, :math:`c=1-r-a-b`, the scalar products of the momenta,

    .. math:: \frac{1}{\sigma_0}\frac{d\sigma}{dx_1dx_2} = \frac{g^2}{16\pi^2}\left[
              (ab-rc)\Big(\frac1{\bar x_1^2}+\frac1{\bar x_2^2}\Big)+\frac{2ab}{\bar x_1\bar x_2}\right]

    from the trace of the two diagrams, integrated over the Dalitz plot.
    """

    def density(v: float, u: float) -> float:
        a, b = u - r, v - r
        c = 1.0 - r - a - b
        return (a * b - r * c) * (1.0 / u**2 + 1.0 / v**2) + 2.0 * a * b / (u * v)

    return coupling**2 / (16.0 * math.pi**2) * _over_dalitz_plot(density, r)


def _over_dalitz_plot(density: Callable[[float, float], float], r: float) -> float:
    value, _ = dblquad(density, r, 1.0, lambda u: r / u, lambda u: 1.0 - u + r, epsrel=1e-6)
    return float(value)
