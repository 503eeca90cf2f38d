"""Particles of many events as one growing table: what events are put together from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from darkbelle.simulation.events import Ancestors, Frame, GeneratedEvents
from darkbelle.vectors import Column, FourVector

__all__ = ["Particles"]


class Particles(NamedTuple):
    """Rows of particles, shape (n,), of events that need not stand together.

    Rows are only ever added: a particle that decays stays, marked so, and its daughters follow.

    Attributes
    ----------
    event
        int64, the event's index.
    pdg
        int32, PDG code.
    momenta
        GeV.
    vertex
        Where and when it was produced, shape (n, 4): x, y, z and time (times c), cm.
    mother
        int64, the row of its mother, which stands before it; -1 for a particle from the collision itself.
    decayed
        Whether it is the mother of others.
    """

    event: NDArray[np.int64]
    pdg: NDArray[np.int32]
    momenta: FourVector
    vertex: Column
    mother: NDArray[np.int64]
    decayed: NDArray[np.bool_]

    @classmethod
    def from_collision(
        cls, event: NDArray[np.int64], pdg: NDArray[np.integer], momenta: FourVector
    ) -> Particles:
        """Return particles that come from the collision itself, at the origin."""
        size = len(event)
        return cls(
            event,
            pdg.astype(np.int32),
            momenta,
            np.zeros((size, 4)),
            np.full(size, -1),
            np.zeros(size, dtype=np.bool_),
        )

    @classmethod
    def joined(cls, parts: Sequence[Particles]) -> Particles:
        """Return the rows of all parts, in order; each part's mothers are its own rows."""
        starts = np.cumsum([0, *(len(part.pdg) for part in parts[:-1])])
        mothers = [
            np.where(part.mother >= 0, part.mother + start, -1)
            for part, start in zip(parts, starts, strict=True)
        ]
        return cls(
            np.concatenate([part.event for part in parts]),
            np.concatenate([part.pdg for part in parts]),
            FourVector(*(np.concatenate(c) for c in zip(*(p.momenta for p in parts), strict=True))),
            np.concatenate([part.vertex for part in parts]),
            np.concatenate(mothers),
            np.concatenate([part.decayed for part in parts]),
        )

    @classmethod
    def of_kinds(cls, kinds: Iterable[tuple[NDArray[np.int64], int, FourVector]]) -> Particles:
        """Return particles from the collision, kind after kind: the event of each, the code, momenta."""
        return cls.joined(
            [cls.from_collision(event, np.full(len(event), pdg), momenta) for event, pdg, momenta in kinds]
        )

    def renumbered(self, number: NDArray[np.int64]) -> Self:
        """Return the particles of some events, with other numbers for these.

        Parameters
        ----------
        number
            The new number of each event; −1 for an event to leave out.
        """
        event = number[self.event]
        kept = event >= 0
        row = np.append(np.cumsum(kept) - 1, -1)  # the last one is for -1, no mother
        return type(self)(
            event[kept],
            self.pdg[kept],
            self.momenta_of(np.flatnonzero(kept)),
            self.vertex[kept],
            row[self.mother[kept]],
            self.decayed[kept],
        )

    def rows(self, pdg: int) -> NDArray[np.int64]:
        """Return the rows of particles of a code, of either charge or kind, that have not decayed."""
        return np.flatnonzero((np.abs(self.pdg) == abs(pdg)) & ~self.decayed)

    def momenta_of(self, rows: NDArray[np.integer]) -> FourVector:
        """Return the four-momenta of some rows, GeV."""
        return FourVector(*(column[rows] for column in self.momenta))

    def decay_points(self, rows: NDArray[np.integer], proper_length: Column) -> Column:
        """Return where and when particles decay, shape (len(rows), 4), cm.

        Parameters
        ----------
        rows
            The particles.
        proper_length
            Their proper decay times times c, cm, shape (len(rows),).
        """
        momenta = self.momenta_of(rows)
        mass = np.sqrt(momenta.mass_squared())
        points: Column = self.vertex[rows] + np.stack(momenta, axis=1) * (proper_length / mass)[:, None]
        return points

    def with_daughters(
        self, mothers: NDArray[np.integer], pdg: NDArray[np.integer], momenta: FourVector, vertex: Column
    ) -> Self:
        """Return the table with daughters added, and their mothers marked as decayed.

        Parameters
        ----------
        mothers
            The row of each daughter's mother.
        pdg, momenta, vertex
            Of the daughters, one row each.
        """
        decayed = np.append(self.decayed, np.zeros(len(mothers), dtype=np.bool_))
        decayed[mothers] = True
        return type(self)(
            np.append(self.event, self.event[mothers]),
            np.append(self.pdg, pdg.astype(np.int32)),
            FourVector(*(np.append(*pair) for pair in zip(self.momenta, momenta, strict=True))),
            np.concatenate([self.vertex, vertex]),
            np.append(self.mother, mothers),
            decayed,
        )

    def into_events(self, size: int, frame: Frame) -> GeneratedEvents:
        """Gather the particles into ``size`` events; within an event their order stays."""
        gone, order = self._ordered(self.decayed), self._ordered(~self.decayed)
        counts = np.bincount(self.event[gone], minlength=size)
        starts = np.concatenate([[0], np.cumsum(counts)])
        within = np.full(len(self.pdg) + 1, -1)  # the last one is for -1, no mother
        within[gone] = np.arange(len(gone)) - starts[self.event[gone]]
        ancestors = Ancestors(starts, self.pdg[gone], within[self.mother[gone]].astype(np.int32))
        x, y, z, t = np.ascontiguousarray(self.vertex[order].T)
        multiplicity = np.bincount(self.event[order], minlength=size)
        return GeneratedEvents(
            frame,
            np.concatenate([[0], np.cumsum(multiplicity)]),
            self.pdg[order],
            *self.momenta_of(order),
            x,
            y,
            z,
            t,
            within[self.mother[order]].astype(np.int32),
            ancestors,
        )

    def _ordered(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        rows = np.flatnonzero(mask)
        return rows[np.argsort(self.event[rows], kind="stable")]
