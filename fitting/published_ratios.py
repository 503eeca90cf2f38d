"""Published limits on B(τ → ℓα)/B(τ → ℓνν̄), to stand beside ours; nothing is fitted to them."""

from __future__ import annotations

from typing import Final

__all__ = ["ARGUS", "BELLE_II"]

# arXiv:2212.03634, 62.8/fb, 95 % CL: smallest and largest of the observed limits, 0 to 1.6 GeV [pub]. Which
# belongs to which mass stands in the publication's table, which we have not read.
BELLE_II: Final = {"e": (1.1e-3, 9.7e-3), "mu": (0.7e-3, 12.2e-3)}

# ARGUS, Z. Phys. C 68 (1995) 25, 472/pb, 95 % CL: mass in GeV and limit, between which the curve is not known
# to us [est: remembered, from the PDG's listing of the search].
ARGUS: Final = {
    "e": ((0.0, 0.015), (0.4, 0.015), (1.0, 0.036), (1.6, 0.006)),
    "mu": ((0.0, 0.026), (1.3, 0.026), (1.4, 0.034)),
}
