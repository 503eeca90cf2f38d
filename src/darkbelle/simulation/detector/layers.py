"""The layers that tracks cross, from the beam pipe to the outermost wires, as one table."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from darkbelle.kernels import libm
from darkbelle.simulation.detector.parameters import DetectorParameters, Silicon
from darkbelle.simulation.detector.records import Indices
from darkbelle.simulation.detector.wires import wire_radii
from darkbelle.vectors import Column

__all__ = ["Layers", "inner_material", "layers_of"]

WIRES_TOGETHER = 2  # neighbouring layers of wires that count as one measurement


class Layers(NamedTuple):
    """Cylinders around the z axis, from the inside, shape (n_layers,).

    Attributes
    ----------
    radius
        cm.
    weight, weight_z
        One over the variance of a measurement across and along the beam, 1/cm²; 0 if none.
    thickness
        At normal incidence, in X0.
    silicon, wires
        How many layers of each kind it stands for.
    backward_z, forward_z
        Where it ends, cm.
    """

    radius: Column
    weight: Column
    weight_z: Column
    thickness: Column
    silicon: Indices
    wires: Indices
    backward_z: Column
    forward_z: Column


@cache
def layers_of(detector: DetectorParameters) -> Layers:
    """Return the layers of a detector."""
    silicon, chamber = detector.silicon, detector.drift_chamber
    count = len(silicon.radii)
    wires = wire_radii(chamber).reshape(-1, WIRES_TOGETHER).mean(axis=1)
    stereo = np.repeat(chamber.stereo_angle, np.array(chamber.superlayer_size) // WIRES_TOGETHER)
    wire_weight = np.full(wires.size, WIRES_TOGETHER / chamber.hit_resolution**2)
    nothing, none = np.zeros(1), np.zeros(wires.size, dtype=np.int64)
    inner_radius, inner_thickness = inner_material(silicon)
    radius = np.concatenate([inner_radius, wires])
    # the end plates, and the ends of the silicon, lie on cones
    forward = np.minimum(radius / libm.tan(np.deg2rad(chamber.theta_min)), chamber.forward_z)
    backward = np.maximum(radius / libm.tan(np.deg2rad(chamber.theta_max)), chamber.backward_z)
    return Layers(
        radius,
        np.concatenate([nothing, 1 / np.square(silicon.resolution), nothing, wire_weight]),
        np.concatenate(
            [nothing, 1 / np.square(silicon.resolution_z), nothing, wire_weight * libm.sin(stereo) ** 2]
        ),
        np.concatenate([inner_thickness, np.full(wires.size, chamber.thickness / wires.size)]),
        np.concatenate([[0], np.ones(count, dtype=np.int64), [0], none]),
        np.concatenate([np.zeros(count + 2, dtype=np.int64), none + WIRES_TOGETHER]),
        backward,
        forward,
    )


def inner_material(silicon: Silicon) -> tuple[Column, Column]:
    """Return radii in cm and thicknesses in X0 of what lies before the drift chamber: pipe, silicon, wall."""
    return (
        np.array([silicon.beam_pipe_radius, *silicon.radii, silicon.wall_radius]),
        np.array([silicon.beam_pipe_thickness, *silicon.thickness, silicon.wall_thickness]),
    )
