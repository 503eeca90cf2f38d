r"""Couplings of an axion-like particle that changes lepton flavour, from limits on τ → ℓα.

The coupling is :math:`\frac{\partial_\mu\alpha}{2f}\,\bar\tau\gamma^\mu(C_V+C_A\gamma_5)\,\ell` and its
conjugate. Limits are on

.. math:: F = \frac{2f}{\sqrt{|C_V|^2+|C_A|^2}}, \qquad
    \Gamma(\tau\to\ell\alpha) = \frac{m_\tau^3}{16\pi F^2}\left(1-\frac{m_\alpha^2}{m_\tau^2}\right)^2,

L. Calibbi, D. Redigolo, R. Ziegler and J. Zupan, arXiv:2006.04795, section 2, where the lepton has no mass.
With it F changes by at most 0.2 % for electrons, and for muons by 0.5 % if α is light; near the end of phase
space muons tell a vector from an axial-vector: +6 % and −13 % at 1.4 GeV, +8 % and −41 % at 1.6 GeV, and
−3 % and −13 % of V−A or V+A. Masses, widths and F in GeV.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from darkbelle.channels import load_channel
from darkbelle.constants import TAU_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.fitting.limit_results import LimitPoint, Limits, read_limits
from darkbelle.provenance import provenance
from darkbelle.runfolder import SCHEMA, write_json

__all__ = [
    "RATIO",
    "TAU_WIDTH",
    "FlavourPoint",
    "decay_scale",
    "flavour_couplings",
    "flavour_points",
    "width_to_lepton",
]

HBAR: Final = 6.582119569e-25  # GeV s, CODATA 2022
TAU_LIFETIME: Final = 290.3e-15  # s, PDG 2024
TAU_WIDTH: Final = HBAR / TAU_LIFETIME

RATIO: Final = "branching_fraction_ratio"
FILE: Final = "interpretation_lfv_alp.json"


@dataclass(frozen=True)
class FlavourPoint:
    """What a limit on the ratio means.

    Parameters
    ----------
    mass, final_state
        Of α in GeV, and the lepton.
    observed, expected
        Upper limits on B(τ → ℓα); expected at −2, −1, 0, 1, 2 standard deviations.
    observed_scale, expected_scale
        Lower limits on F, GeV, in the same order: where the upper limit is weak, F is small.
    """

    mass: float
    final_state: str
    observed: float
    expected: tuple[float, ...]
    observed_scale: float
    expected_scale: tuple[float, ...]


def width_to_lepton(alpha_mass: float, scale: float) -> float:
    """Return Γ(τ → ℓα) for a scale F; 0 from the mass of the τ on.

    >>> round(width_to_lepton(0.0, 1e7) / TAU_WIDTH, 6)
    0.000492
    """
    share = max(1.0 - (alpha_mass / TAU_MASS) ** 2, 0.0)
    return float(TAU_MASS**3 * share**2 / (16.0 * np.pi * scale**2))


def decay_scale(alpha_mass: float, branching_fraction: float) -> float:
    """Return the scale F at which τ → ℓα has a branching fraction."""
    return float(np.sqrt(width_to_lepton(alpha_mass, 1.0) / (branching_fraction * TAU_WIDTH)))


def flavour_points(limits: Limits) -> tuple[FlavourPoint, ...]:
    """Return the limits on branching fractions and scales, from those on ratios of a run.

    Raises
    ------
    ConfigurationError
        The limits are on something else.
    """
    if limits.poi != RATIO:
        raise ConfigurationError(
            f"the scale of a flavour-changing coupling needs limits on a {RATIO.replace('_', ' ')}; those of "
            f"{limits.channel!r} are on a {limits.poi.replace('_', ' ')}"
        )
    return tuple(_point(point, _reference(limits.channel, point.final_state)) for point in limits.points)


def flavour_couplings(run_dir: str | Path) -> tuple[FlavourPoint, ...]:
    """Do what `flavour_points` does, and write it into the run folder."""
    limits = read_limits(run_dir)
    points = flavour_points(limits)
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "channel": limits.channel,
        "model": "lfv_alp",
        "parameters": {"branching_fraction": "1", "scale": "GeV, a lower limit"},
        "confidence_level": limits.confidence_level,
        "luminosity_fb": limits.luminosity_fb,
        "data": limits.data,
        "points": [
            {
                "mass": item.mass,
                "final_state": item.final_state,
                "branching_fraction": {"observed": item.observed, "expected": list(item.expected)},
                "scale": {"observed": item.observed_scale, "expected": list(item.expected_scale)},
            }
            for item in points
        ],
    }
    write_json(Path(run_dir) / FILE, {**content, "provenance": provenance(run=Path(run_dir).name)})
    return points


def _reference(channel: str, final_state: str | None) -> float:
    """Return B(τ → ℓ ν ν̄), in which the signal is measured."""
    return load_channel(channel).fitted_region(final_state)[1].branching_fraction or 1.0


def _point(point: LimitPoint, reference: float) -> FlavourPoint:
    fractions = [limit * reference for limit in (point.observed, *point.expected)]
    observed, *expected = (decay_scale(point.mass, fraction) for fraction in fractions)
    return FlavourPoint(
        point.mass, point.final_state or "", fractions[0], tuple(fractions[1:]), observed, tuple(expected)
    )
