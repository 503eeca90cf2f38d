"""What a steering file of basf2 does: lists of particles, candidates, and the variables of each row."""

from __future__ import annotations

from darkbelle.simulation.steering.dimuon import DimuonList, dimuon_candidates
from darkbelle.simulation.steering.registry import Steering, default_cuts, steering, steering_names

__all__ = ["DimuonList", "Steering", "default_cuts", "dimuon_candidates", "steering", "steering_names"]
