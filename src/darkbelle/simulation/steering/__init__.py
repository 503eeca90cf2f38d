"""What a steering file of basf2 does: lists of particles, candidates, and the variables of each row."""

from __future__ import annotations

from darkbelle.simulation.steering.dimuon import DimuonList, dimuon_candidates

__all__ = ["DimuonList", "dimuon_candidates"]
