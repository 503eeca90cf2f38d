"""From the CM frame of the nominal beams to the lab, one collision at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from darkbelle.beams import Beams
from darkbelle.errors import SimulationError
from darkbelle.kernels.boosts import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.phase_space import rotated_z_to
from darkbelle.vectors import Column, FourVector

__all__ = ["INTERACTION_POINT_SPREAD", "place_in_lab"]

# standard deviations in x, y, z, cm: SuperKEKB at the time, effective size with the orbit's drift
INTERACTION_POINT_SPREAD = (1.0e-3, 1.0e-3, 0.035)

NEWTON_STEPS = 4  # the energy spread is 5e-4, each step squares the error


def place_in_lab(events: GeneratedEvents, beams: Beams, rng: np.random.Generator) -> GeneratedEvents:
    """Return events in the lab, each with its own beam energies and interaction point.

    For each event the energies of both beams are drawn; the three-momenta are scaled by one common
    factor, masses kept, such that the energy rises in proportion to √s; z is turned onto the
    electron's direction in that CM frame; then follow boost and shift of the vertex.

    Parameters
    ----------
    events
        In the CM frame at the nominal √s of ``beams``.
    beams
        Their spread is used for every event.
    rng
        Source of the beam energies and vertices.

    Raises
    ------
    SimulationError
        The events are not in the CM frame.

    Notes
    -----
    Decay vertices are boosted with their times, and not moved by the scaling of the momenta: that is at
    most 1e-3 of a flight. Times in the lab count from the collision. Matrix elements
    are not evaluated anew: over the spread of 5 MeV they vary by 1e-3.
    """
    if events.frame != "cm":
        raise SimulationError(f"events to place in the lab must be in the CM frame, got {events.frame!r}")
    collision = beams.sample(len(events), rng)
    sqrt_s = np.sqrt(collision.mass_squared())
    scaled = _scaled(events, sqrt_s / beams.sqrt_s)
    electron = boost_to_rest_frame(beams.electron, collision)
    size = np.sqrt(electron.px**2 + electron.py**2 + electron.pz**2)
    axis = (electron.px / size, electron.py / size, electron.pz / size)

    index = events.event_of_particle
    axis_of_particle = (axis[0][index], axis[1][index], axis[2][index])
    frame: FourVector = FourVector(*(column[index] for column in collision))
    momenta = boost_from_rest_frame(rotated_z_to(scaled, axis_of_particle), frame)

    vertex = FourVector(events.x, events.y, events.z, events.t)
    vertex = boost_from_rest_frame(rotated_z_to(vertex, axis_of_particle), frame)
    points = [rng.normal(0.0, spread, len(events))[index] for spread in INTERACTION_POINT_SPREAD]
    return replace(
        events.with_momenta(momenta, "lab"),
        x=vertex.px + points[0],
        y=vertex.py + points[1],
        z=vertex.pz + points[2],
        t=vertex.energy,
    )


def _scaled(events: GeneratedEvents, ratio: Column) -> FourVector:
    """Return momenta with the three-momenta scaled such that each event's energy grows by ``ratio``."""
    index = events.event_of_particle
    p_squared = events.px**2 + events.py**2 + events.pz**2
    mass_squared = np.maximum(0.0, events.energy**2 - p_squared)
    target = ratio * np.bincount(index, events.energy, minlength=len(events))
    scale = np.ones(len(events))
    for _ in range(NEWTON_STEPS):
        grown = scale[index] ** 2 * p_squared
        energy = np.sqrt(grown + mass_squared)
        total = np.bincount(index, energy, minlength=len(events))
        slope = np.bincount(index, grown / np.maximum(energy, 1e-300), minlength=len(events)) / scale
        scale += np.where(slope > 0.0, (target - total) / np.where(slope > 0.0, slope, 1.0), 0.0)
    factor = scale[index]
    return FourVector(
        factor * events.px,
        factor * events.py,
        factor * events.pz,
        np.sqrt(factor**2 * p_squared + mass_squared),
    )
