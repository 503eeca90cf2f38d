"""Compiled kinematics: columns in, columns out. Every vector is a `darkbelle.vectors.FourVector`."""

from __future__ import annotations

from darkbelle.kernels.angles import opening_angle, transverse_opening_angle
from darkbelle.kernels.boosts import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.kernels.event_shapes import EventShapes, event_shapes
from darkbelle.kernels.pair_recoil import PairRecoil, pair_recoil
from darkbelle.kernels.projections import momentum_along, momentum_transverse_to
from darkbelle.kernels.pseudo_rest_frame import scaled_lepton_energy
from darkbelle.kernels.pseudomass import Pseudomass, pseudomass
from darkbelle.kernels.recoil import Recoil, recoil, recoil_mass_squared, recoil_theta_cm
from darkbelle.kernels.thrust import Thrust, hemispheres, thrust
from darkbelle.kernels.vertex import PairVertices, fit_pair_vertices

__all__ = [
    "EventShapes",
    "PairRecoil",
    "PairVertices",
    "Pseudomass",
    "Recoil",
    "Thrust",
    "boost_from_rest_frame",
    "boost_to_rest_frame",
    "event_shapes",
    "fit_pair_vertices",
    "hemispheres",
    "momentum_along",
    "momentum_transverse_to",
    "opening_angle",
    "pair_recoil",
    "pseudomass",
    "recoil",
    "recoil_mass_squared",
    "recoil_theta_cm",
    "scaled_lepton_energy",
    "thrust",
    "transverse_opening_angle",
]
