"""Generated events: the stable particles of many collisions, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import SimulationError
from darkbelle.vectors import Column, FourVector

__all__ = [
    "ALP",
    "COLLISION_ENERGY",
    "DARK_ALPHA",
    "LEFT_HANDED",
    "SCALAR",
    "ZPRIME",
    "Ancestors",
    "Frame",
    "Generated",
    "GeneratedEvents",
]

Frame = Literal["cm", "lab"]

# PDG's range for states outside its own scheme
ZPRIME = 9900032
SCALAR = 9900025
ALP = 9900036
DARK_ALPHA = 9900012  # the invisible α of τ → lα

# truth of events whose generator chose the energies of their collisions, so that beams do not: GeV
COLLISION_ENERGY = "genCollisionEnergy"
# truth of events with τ → lα: a of 1 + a, the density that spins give with V−A over that of isotropic decays
LEFT_HANDED = "genLeftHandedAsymmetry"


@dataclass(frozen=True)
class Ancestors:
    """The particles that decayed, event by event: who came from whom.

    Columns have shape (n_ancestors,). Where and with what momentum they flew follows from what they
    decayed into: see `GeneratedEvents.ancestor_momenta`.

    Parameters
    ----------
    offsets
        int64, shape (n_events + 1,): ancestors ``offsets[i]`` up to ``offsets[i + 1]`` are event i's.
    pdg
        int32, PDG particle codes.
    mother
        int32, which of the event's ancestors it comes from itself, counted within the event, and before
        it; -1 if from the collision.
    """

    offsets: NDArray[np.int64]
    pdg: NDArray[np.int32]
    mother: NDArray[np.int32]

    @classmethod
    def none(cls, size: int) -> Ancestors:
        """Return the ancestors of ``size`` events whose particles all come from the collision."""
        empty = np.zeros(0, dtype=np.int32)
        return cls(np.zeros(size + 1, dtype=np.int64), empty, empty)

    def row(self, event: NDArray[np.int64], index: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the rows in this table of ancestors counted within their events; -1 for none."""
        return np.where(index >= 0, self.offsets[event] + index, -1)

    def slice(self, start: int, stop: int) -> Ancestors:
        """Return the ancestors of the events from ``start`` up to, but without, ``stop``."""
        first, last = self.offsets[start], self.offsets[stop]
        return Ancestors(
            self.offsets[start : stop + 1] - first, self.pdg[first:last], self.mother[first:last]
        )

    def select(self, mask: NDArray[np.bool_]) -> Ancestors:
        """Return the ancestors of the events where ``mask``, shape (n_events,), is true."""
        counts = np.diff(self.offsets)
        kept = np.repeat(mask, counts)
        return Ancestors(_offsets(counts[mask]), self.pdg[kept], self.mother[kept])

    @classmethod
    def concatenate(cls, parts: Sequence[Ancestors]) -> Ancestors:
        """Return the ancestors of the events of all parts, in order."""
        return cls(
            _offsets(np.concatenate([np.diff(part.offsets) for part in parts])),
            np.concatenate([part.pdg for part in parts]),
            np.concatenate([part.mother for part in parts]),
        )


@dataclass(frozen=True)
class GeneratedEvents:
    """All final-state particles of all events, event by event.

    Particle columns have shape (n_particles,). Neutrinos and invisible new particles, such as
    `ZPRIME`, are among the particles; beams are not, and what decayed stands in ``ancestors``.

    Parameters
    ----------
    frame
        Of momenta and vertices: ``"cm"``, with the electron beam along +z, or ``"lab"``.
    offsets
        int64, shape (n_events + 1,): particles ``offsets[i]`` up to ``offsets[i + 1]`` are event i's.
    pdg
        int32, PDG particle codes.
    px, py, pz, energy
        float64, GeV.
    x, y, z, t
        float64, production vertex and time (times c), cm; relative to the collision in the CM frame.
    mother
        int32, which of the event's ancestors it comes from, counted within the event; -1 if from the
        collision itself.
    ancestors
        The particles that decayed.
    truth
        What the generator knows of events and no particle tells, by name: shape (n_events,).

    Raises
    ------
    SimulationError
        The columns do not fit together.
    """

    frame: Frame
    offsets: NDArray[np.int64]
    pdg: NDArray[np.int32]
    px: Column
    py: Column
    pz: Column
    energy: Column
    x: Column
    y: Column
    z: Column
    t: Column
    mother: NDArray[np.int32]
    ancestors: Ancestors
    truth: Mapping[str, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.offsets) == 0 or self.offsets[0] != 0 or np.any(np.diff(self.offsets) < 0):
            raise SimulationError(f"offsets of events must start at 0 and not fall, got {self.offsets[:5]} …")
        if len(self.ancestors.offsets) != len(self.offsets):
            raise SimulationError(
                f"ancestors of {len(self.ancestors.offsets) - 1} events do not fit particles of {len(self)}"
            )
        for name in PARTICLE_COLUMNS:
            size = len(getattr(self, name))
            if size != self.offsets[-1]:
                raise SimulationError(
                    f"particle column {name!r} has {size} entries, expected offsets[-1] = {self.offsets[-1]}"
                )
        for name, column in self.truth.items():
            if column.shape != (len(self),):
                raise SimulationError(
                    f"truth column {name!r} of {len(self)} events has shape {column.shape}, expected one "
                    "number an event"
                )

    @classmethod
    def from_slots(
        cls,
        pdg: NDArray[np.integer],
        momenta: FourVector,
        *,
        frame: Frame = "cm",
        keep: NDArray[np.bool_] | None = None,
    ) -> GeneratedEvents:
        """Build events from a table with one row an event and one column a possible particle.

        All particles come from the collision itself, at the origin.

        Parameters
        ----------
        pdg
            Shape (n_slots,) if the same in all events, or (n_events, n_slots).
        momenta
            Columns of shape (n_events, n_slots), GeV.
        keep
            Shape (n_events, n_slots): which slots hold a particle; all by default.
        """
        shape = momenta.px.shape
        kept = np.ones(shape, dtype=bool) if keep is None else keep
        origin = np.zeros(int(kept.sum()))
        return cls(
            frame=frame,
            offsets=_offsets(kept.sum(axis=1)),
            pdg=np.broadcast_to(pdg, shape)[kept].astype(np.int32),
            px=momenta.px[kept],
            py=momenta.py[kept],
            pz=momenta.pz[kept],
            energy=momenta.energy[kept],
            x=origin,
            y=origin,
            z=origin,
            t=origin,
            mother=np.full(len(origin), -1, dtype=np.int32),
            ancestors=Ancestors.none(shape[0]),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[GeneratedEvents]) -> GeneratedEvents:
        """Return the events of all parts in order; all must be in one frame, with the same truth."""
        frames = {part.frame for part in parts}
        if len(frames) != 1:
            raise SimulationError(f"events in one frame are needed to join them, got frames {sorted(frames)}")
        if len({frozenset(part.truth) for part in parts}) > 1:
            known = [", ".join(sorted(part.truth)) or "none" for part in parts]
            raise SimulationError(f"events of which different truth is known cannot be joined: {known}")
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in PARTICLE_COLUMNS}
        multiplicity = np.concatenate([part.multiplicity for part in parts])
        ancestors = Ancestors.concatenate([part.ancestors for part in parts])
        truth = {name: np.concatenate([part.truth[name] for part in parts]) for name in parts[0].truth}
        return cls(frames.pop(), _offsets(multiplicity), **columns, ancestors=ancestors, truth=truth)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def multiplicity(self) -> NDArray[np.int64]:
        """Number of particles of each event, shape (n_events,)."""
        return np.diff(self.offsets)

    @property
    def event_of_particle(self) -> NDArray[np.int64]:
        """Index of the event that each particle belongs to, shape (n_particles,)."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.multiplicity)

    @property
    def momenta(self) -> FourVector:
        """Four-momenta of the particles, GeV, shape (n_particles,)."""
        return FourVector(self.px, self.py, self.pz, self.energy)

    @property
    def mother_row(self) -> NDArray[np.int64]:
        """Row of each particle's mother among the ancestors, -1 if it has none, shape (n_particles,)."""
        return self.ancestors.row(self.event_of_particle, self.mother)

    @property
    def mother_pdg(self) -> NDArray[np.int32]:
        """PDG code of each particle's mother, 0 if it has none, shape (n_particles,)."""
        codes = np.append(self.ancestors.pdg, np.int32(0))
        return codes[self.mother_row]

    def ancestor_momenta(self) -> FourVector:
        """Return the sum of what came of each ancestor, GeV, shape (n_ancestors,)."""
        size = len(self.ancestors.pdg)
        event = np.repeat(np.arange(len(self)), np.diff(self.ancestors.offsets))
        above = self.ancestors.row(event, self.ancestors.mother)
        sums = np.zeros((4, size))
        row, columns = self.mother_row, np.stack(self.momenta)
        while (has := row >= 0).any():
            row, columns = row[has], columns[:, has]
            sums += np.stack([np.bincount(row, column, minlength=size) for column in columns])
            row = above[row]
        return FourVector(*sums)

    def with_momenta(self, momenta: FourVector, frame: Frame) -> GeneratedEvents:
        """Return the same events with other four-momenta, given in ``frame``."""
        return replace(self, frame=frame, **momenta._asdict())

    def slice(self, start: int, stop: int) -> GeneratedEvents:
        """Return the events from ``start`` up to, but without, ``stop``."""
        start, stop, _ = slice(start, stop).indices(len(self))
        stop = max(start, stop)
        first, last = self.offsets[start], self.offsets[stop]
        columns = {name: getattr(self, name)[first:last] for name in PARTICLE_COLUMNS}
        ancestors = self.ancestors.slice(start, stop)
        truth = {name: column[start:stop] for name, column in self.truth.items()}
        return GeneratedEvents(
            self.frame, self.offsets[start : stop + 1] - first, **columns, ancestors=ancestors, truth=truth
        )

    def select(self, mask: NDArray[np.bool_]) -> GeneratedEvents:
        """Return the events where ``mask``, shape (n_events,), is true."""
        if mask.shape != (len(self),):
            raise SimulationError(f"a mask of {len(self)} events is needed, got shape {mask.shape}")
        kept = np.repeat(mask, self.multiplicity)
        columns = {name: getattr(self, name)[kept] for name in PARTICLE_COLUMNS}
        ancestors = self.ancestors.select(mask)
        truth = {name: column[mask] for name, column in self.truth.items()}
        return GeneratedEvents(
            self.frame, _offsets(self.multiplicity[mask]), **columns, ancestors=ancestors, truth=truth
        )


PARTICLE_COLUMNS = tuple(
    f.name for f in fields(GeneratedEvents) if f.name not in {"frame", "offsets", "ancestors", "truth"}
)


class Generated(NamedTuple):
    """What a generator returns.

    ``tried`` is the number to normalise with: how many events of the generator's cross section were
    made. A filter that is a part of that cross section, as of those that come from an amplitude, makes
    no difference to it: ``tried`` is ``len(events)``. A filter that events are held against once they
    are made leaves the cross section, and ``tried`` counts those that failed too.
    """

    events: GeneratedEvents
    tried: int


def _offsets(multiplicity: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(multiplicity)]).astype(np.int64)
