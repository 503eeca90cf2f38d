"""From the CM frame of the nominal beams to the lab, one collision at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import Beams
from darkbelle.errors import SimulationError
from darkbelle.kernels.boosts import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.simulation.events import COLLISION_ENERGY, GeneratedEvents
from darkbelle.simulation.phase_space import rotated_z_to
from darkbelle.vectors import Column, FourVector

__all__ = ["INTERACTION_POINT_SPREAD", "place_in_lab"]

# standard deviations in x, y, z, cm: SuperKEKB at the time, effective size with the orbit's drift
INTERACTION_POINT_SPREAD = (1.0e-3, 1.0e-3, 0.035)

NEWTON_STEPS = 5  # the energy spread is 5e-4, each step squares the error
ROUNDING = 1e-12
TINY = 1e-300


def place_in_lab(events: GeneratedEvents, beams: Beams, rng: np.random.Generator) -> GeneratedEvents:
    """Return events in the lab, each with its own beam energies and interaction point.

    Events that bring the energies of their collisions keep their momenta: the energies of both beams are
    drawn such that they give these. For each other event they are drawn freely, again where √s is below the
    masses of what it made. Then the three-momenta of all that comes from the collision itself are scaled by
    one common factor, masses kept, such that the energy rises in proportion to √s; what they decay into is
    boosted along, so that the masses of those that decayed are kept too. z is turned onto the electron's
    direction in that CM frame; then follow boost and shift of the vertex.

    Parameters
    ----------
    events
        In the CM frame, at the nominal √s of ``beams`` where they bring no energies.
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
    Times in the lab count from the collision. Matrix elements are not evaluated anew: over the spread of
    5 MeV they vary by 1e-3. That does not hold for a resonance of 20 MeV, which is why
    `darkbelle.simulation.upsilon` brings energies. Only of what comes straight from the collision the place
    of birth stays.
    """
    if events.frame != "cm":
        raise SimulationError(f"events to place in the lab must be in the CM frame, got {events.frame!r}")
    collision, momenta, flight = _collided(events, beams, rng)
    electron = boost_to_rest_frame(beams.electron, collision)
    size = np.sqrt(electron.px**2 + electron.py**2 + electron.pz**2)
    axis = (electron.px / size, electron.py / size, electron.pz / size)

    index = events.event_of_particle
    axis_of_particle = (axis[0][index], axis[1][index], axis[2][index])
    frame: FourVector = FourVector(*(column[index] for column in collision))
    momenta = boost_from_rest_frame(rotated_z_to(momenta, axis_of_particle), frame)
    vertex = boost_from_rest_frame(rotated_z_to(flight, axis_of_particle), frame)
    points = [rng.normal(0.0, spread, len(events))[index] for spread in INTERACTION_POINT_SPREAD]
    return replace(
        events.with_momenta(momenta, "lab"),
        x=vertex.px + points[0],
        y=vertex.py + points[1],
        z=vertex.pz + points[2],
        t=vertex.energy,
    )


def _collided(
    events: GeneratedEvents, beams: Beams, rng: np.random.Generator
) -> tuple[FourVector, FourVector, FourVector]:
    """Return the collisions in the lab, and momenta and places of particles in their CM frames."""
    if COLLISION_ENERGY in events.truth:
        places = FourVector(events.x, events.y, events.z, events.t)
        return beams.sample_at(events.truth[COLLISION_ENERGY], rng), events.momenta, places
    systems = _Systems.of(events)
    collision = _collisions(systems, beams, rng)
    sqrt_s = np.sqrt(collision.mass_squared())
    return collision, *systems.scaled(events, sqrt_s / beams.sqrt_s)


def _collisions(systems: _Systems, beams: Beams, rng: np.random.Generator) -> FourVector:
    """Draw the beams of each event, with at least the energy for the masses of what they made."""
    collision = beams.sample(systems.events, rng)
    needed = beams.sqrt_s * systems.total(systems.mass) / systems.total(systems.momenta.energy)
    while (short := np.sqrt(collision.mass_squared()) < needed * (1.0 - ROUNDING)).any():
        again = beams.sample(int(short.sum()), rng)
        for column, drawn in zip(collision, again, strict=True):
            column[short] = drawn
    return collision


class _Systems(NamedTuple):
    """What came straight from the collision: particles, and the sums of what others decayed into.

    Attributes
    ----------
    events
        Number of events.
    momenta, mass, event
        Of each system, shape (n_systems,).
    of_particle
        The system that each particle belongs to, shape (n_particles,).
    decayed
        Which particles belong to one that decayed, shape (n_particles,).
    """

    events: int
    momenta: FourVector
    mass: Column
    event: NDArray[np.int64]
    of_particle: NDArray[np.int64]
    decayed: NDArray[np.bool_]

    @classmethod
    def of(cls, events: GeneratedEvents) -> _Systems:
        ancestors = events.ancestors
        event_of_ancestor = np.repeat(np.arange(len(events)), np.diff(ancestors.offsets))
        above = ancestors.row(event_of_ancestor, ancestors.mother)
        first = events.mother_row
        while (later := (first >= 0) & (np.append(above, -1)[first] >= 0)).any():
            first[later] = above[first[later]]
        event = np.concatenate([event_of_ancestor, events.event_of_particle])
        system = np.where(first >= 0, first, len(above) + np.arange(len(first)))
        momenta = FourVector(
            *(np.bincount(system, column, len(event)).astype(np.float64) for column in events.momenta)
        )
        mass = np.sqrt(np.maximum(0.0, momenta.mass_squared()))
        return cls(len(events), momenta, mass, event, system, first >= 0)

    def total(self, column: Column) -> Column:
        """Return the sums of a column of systems by event, shape (n_events,)."""
        return np.bincount(self.event, column, minlength=self.events).astype(np.float64)

    def scaled(self, events: GeneratedEvents, ratio: Column) -> tuple[FourVector, FourVector]:
        """Return momenta and places after the momenta of systems are scaled.

        Each event's energy grows by ``ratio``, shape (n_events,).
        """
        px, py, pz, energy = self.momenta
        p_squared, mass_squared = px**2 + py**2 + pz**2, self.mass**2
        target = ratio * self.total(energy)
        square = np.ones(self.events)  # of the factor: slow systems are linear in it
        for _ in range(NEWTON_STEPS):
            grown = np.sqrt(square[self.event] * p_squared + mass_squared)
            slope = self.total(0.5 * p_squared / np.maximum(grown, TINY))
            step = (target - self.total(grown)) / np.where(slope > 0.0, slope, 1.0)
            square = np.maximum(square + np.where(slope > 0.0, step, 0.0), 0.0)
        factor = np.sqrt(square)[self.event]
        new = FourVector.with_mass(factor * px, factor * py, factor * pz, self.mass)
        momenta = new.rows(self.of_particle)
        flight = FourVector(events.x, events.y, events.z, events.t)
        for column, moved in zip(momenta, self._moved(events.momenta.rows(self.decayed), new), strict=True):
            column[self.decayed] = moved
        moved_flight = self._moved(flight.rows(self.decayed), new)
        places = FourVector(*(column.copy() for column in flight))
        for column, moved in zip(places, moved_flight, strict=True):
            column[self.decayed] = moved
        return momenta, places

    def _moved(self, vectors: FourVector, new: FourVector) -> FourVector:
        """Return vectors that go along with the decayed system they belong to."""
        system = self.of_particle[self.decayed]
        return boost_from_rest_frame(
            boost_to_rest_frame(vectors, self.momenta.rows(system)), new.rows(system)
        )
