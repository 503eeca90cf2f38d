"""Particles of many events as one table in any order: what events are put together from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.simulation.events import Frame, GeneratedEvents
from darkbelle.vectors import Column, FourVector

__all__ = ["Particles"]


class Particles(NamedTuple):
    """Columns of particles, shape (n,), of events that need not stand together.

    Attributes
    ----------
    event
        int64, the event's index.
    pdg
        int32, PDG code.
    momenta
        GeV.
    vertex
        Production vertex, cm, shape (n, 3).
    mother_pdg
        int32, 0 for a particle from the collision itself.
    """

    event: NDArray[np.int64]
    pdg: NDArray[np.int32]
    momenta: FourVector
    vertex: Column
    mother_pdg: NDArray[np.int32]

    @classmethod
    def of_events(cls, events: GeneratedEvents) -> Particles:
        """Return the particles of events."""
        vertex = np.stack([events.x, events.y, events.z], axis=1)
        return cls(events.event_of_particle, events.pdg, events.momenta, vertex, events.mother_pdg)

    @classmethod
    def joined(cls, parts: Sequence[Particles]) -> Particles:
        """Return the particles of all parts, in order."""
        momenta = FourVector(*(np.concatenate(c) for c in zip(*(p.momenta for p in parts), strict=True)))
        return cls(
            np.concatenate([part.event for part in parts]),
            np.concatenate([part.pdg for part in parts]),
            momenta,
            np.concatenate([part.vertex for part in parts]),
            np.concatenate([part.mother_pdg for part in parts]),
        )

    def taken(self, index: NDArray[np.bool_] | NDArray[np.integer]) -> Particles:
        """Return the particles at a mask or at indices."""
        momenta = FourVector(*(column[index] for column in self.momenta))
        return Particles(
            self.event[index], self.pdg[index], momenta, self.vertex[index], self.mother_pdg[index]
        )

    def into_events(self, size: int, frame: Frame) -> GeneratedEvents:
        """Gather the particles into ``size`` events; within an event their order stays."""
        ordered = self.taken(np.argsort(self.event, kind="stable"))
        multiplicity = np.bincount(self.event, minlength=size)
        return GeneratedEvents(
            frame,
            np.concatenate([[0], np.cumsum(multiplicity)]).astype(np.int64),
            ordered.pdg,
            *ordered.momenta,
            np.ascontiguousarray(ordered.vertex[:, 0]),
            np.ascontiguousarray(ordered.vertex[:, 1]),
            np.ascontiguousarray(ordered.vertex[:, 2]),
            ordered.mother_pdg,
        )
