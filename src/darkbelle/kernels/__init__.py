"""Compiled kinematics: columns in, columns out. Every vector is a `darkbelle.vectors.FourVector`."""

from __future__ import annotations

from darkbelle.kernels.angles import opening_angle, transverse_opening_angle
from darkbelle.kernels.boosts import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.kernels.pair_recoil import PairRecoil, pair_recoil
from darkbelle.kernels.projections import momentum_along, momentum_transverse_to
from darkbelle.kernels.recoil import Recoil, recoil, recoil_mass_squared, recoil_theta_cm
from darkbelle.kernels.vertex import PairVertices, fit_pair_vertices

__all__ = [
    "PairRecoil",
    "PairVertices",
    "Recoil",
    "boost_from_rest_frame",
    "boost_to_rest_frame",
    "fit_pair_vertices",
    "momentum_along",
    "momentum_transverse_to",
    "opening_angle",
    "pair_recoil",
    "recoil",
    "recoil_mass_squared",
    "recoil_theta_cm",
    "transverse_opening_angle",
]
