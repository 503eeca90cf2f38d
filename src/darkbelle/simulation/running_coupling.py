"""The electromagnetic coupling at the energy of the collisions."""

from __future__ import annotations

import math

from darkbelle.constants import ELECTRON_MASS, FINE_STRUCTURE, MUON_MASS, TAU_MASS

__all__ = ["running_alpha", "spacelike_alpha"]

# hadronic part A + B ln(1 + C s): upper end of the range of √s in GeV, A, B, C
HADRONIC = (
    (0.7, 0.0, 0.0023092, 3.9925370),
    (2.0, 0.0, 0.0022333, 4.2191779),
    (4.0, 0.0, 0.0024402, 3.2496684),
    (10.0, 0.0, 0.0027340, 2.0995092),
    (91.19, 0.0010485, 0.0029431, 1.0),
)


def running_alpha(sqrt_s: float) -> float:
    r"""Return α(s), the fine structure constant with the vacuum polarisation at √s.

    .. math:: \alpha(s) = \frac{\alpha}{1 - \Delta\alpha_{l}(s) - \Delta\alpha_{had}(s)}

    with the real part of the one-loop leptonic polarisation and a parametrised hadronic one, which
    is smooth: it leaves out the narrow resonances, whose effect on the cross sections at the Υ(4S)
    is below 0.1 %.

    Parameters
    ----------
    sqrt_s
        Time-like virtuality of the photon, GeV, from 0.1 to the mass of the Z.

    References
    ----------
    Leptons: M. E. Peskin, D. V. Schroeder, An Introduction to Quantum Field Theory (1995), eq. (7.91),
    integrated. Hadrons: H. Burkhardt, B. Pietrzyk, Phys. Lett. B 513 (2001) 46, with the numbers as
    they stand in public event generators.

    >>> round(1 / running_alpha(10.58), 1)
    132.1
    """
    s = sqrt_s * sqrt_s
    leptonic = sum(_leptonic(s, mass) for mass in (ELECTRON_MASS, MUON_MASS, TAU_MASS))
    return FINE_STRUCTURE / (1.0 - leptonic - _hadronic(sqrt_s))


def spacelike_alpha(q: float) -> float:
    r"""Return α(−q²), the fine structure constant at a space-like momentum transfer.

    The same as `running_alpha` but for the leptonic polarisation, which is analytic below the threshold:

    .. math:: \Delta\alpha_l(-q^2) = \frac{\alpha}{3\pi}\left[-\frac53+x
              +\Big(1-\frac x2\Big)\sqrt{1+x}\,\ln\frac{\sqrt{1+x}+1}{\sqrt{1+x}-1}\right],
              \qquad x = 4m^2/q^2 .

    Parameters
    ----------
    q
        GeV, from 0.1 to the mass of the Z.

    >>> round(1 / spacelike_alpha(1.0), 1)
    134.8
    """
    leptonic = sum(_spacelike_leptonic(4.0 * mass**2 / q**2) for mass in (ELECTRON_MASS, MUON_MASS, TAU_MASS))
    return FINE_STRUCTURE / (1.0 - leptonic - _hadronic(q))


def _hadronic(energy: float) -> float:
    a, b, c = next((a, b, c) for upper, a, b, c in HADRONIC if energy <= upper)
    return a + b * math.log1p(c * energy * energy)


def _spacelike_leptonic(ratio: float) -> float:
    root = math.sqrt(1.0 + ratio)
    loop = (1.0 - ratio / 2.0) * root * math.log((root + 1.0) ** 2 / ratio)
    return FINE_STRUCTURE / (3.0 * math.pi) * (-5.0 / 3.0 + ratio + loop)


def _leptonic(s: float, mass: float) -> float:
    """Return the real part of one lepton's one-loop contribution, above and below its threshold."""
    ratio = 4.0 * mass * mass / s
    root = math.sqrt(abs(1.0 - ratio))
    loop = root * math.log((1.0 + root) ** 2 / ratio) if ratio < 1.0 else 2.0 * root * math.atan2(1.0, root)
    return FINE_STRUCTURE / (3.0 * math.pi) * (-5.0 / 3.0 - ratio + (1.0 + ratio / 2.0) * loop)
