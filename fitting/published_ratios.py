"""Published limits on τ → ℓα, to stand beside ours; nothing is fitted to them.

All were read [pub]: those of ARGUS and of Belle II by mass in the listing of the Particle Data Group of 2026
(τ, ratios of branching fractions to a light boson), the rest in the abstracts. For muons the listing relates
both to τ → eνν̄, the abstract of Belle II to τ → μνν̄; the 2.5 % between the two are left alone here.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ARGUS", "BELLE", "BELLE_II", "Points"]

Points = tuple[tuple[float, float], ...]  # mass of α in GeV, and limit

# observed, 95 % CL, B(τ → ℓα)/B(τ → ℓνν̄): Phys. Rev. Lett. 130 (2023) 181803, arXiv:2212.03634, 62.8/fb;
# the smallest and the largest of its limits are among these
BELLE_II: Final[dict[str, Points]] = {
    "e": ((0.0, 5.3e-3), (1.0, 9.7e-3), (1.6, 1.1e-3)),
    "mu": ((0.0, 3.4e-3), (1.0, 12.2e-3), (1.6, 0.7e-3)),
}

# observed, 95 % CL: Z. Phys. C 68 (1995) 25; the first two are the ends of a range with one limit, between
# the others the curve is not known to us
ARGUS: Final[dict[str, Points]] = {
    "e": ((0.0, 0.015), (0.4, 0.015), (1.0, 0.036), (1.6, 0.006)),
    "mu": ((0.0, 0.026), (1.3, 0.026), (1.4, 0.034), (1.6, 0.003)),
}

# observed, 95 % CL, on B(τ → ℓα) itself, smallest and largest from 0 to 1.6 GeV: JHEP 08 (2025) 155,
# arXiv:2503.22195, 736 million pairs of τ, more than twelve times those of 62.8/fb
BELLE: Final[dict[str, tuple[float, float]]] = {"e": (0.4e-4, 6.4e-4), "mu": (0.2e-4, 3.5e-4)}
