"""A list of particles or candidates of one hypothesis, as basf2's ParticleList."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from darkbelle.simulation.detector.records import Codes, Flags, Indices
from darkbelle.vectors import FourVector

__all__ = ["ParticleList", "Signs"]

Signs = NDArray[np.int8]


@dataclass(frozen=True)
class ParticleList:
    """Particles of one hypothesis, from many events, in the order of events.

    Columns have shape (n,).

    Parameters
    ----------
    pdg
        Code of the hypothesis, for a sign of +1. Charged final-state particles have that of the positive one.
    self_conjugate
        The particle is its own antiparticle: signs mean nothing.
    event
        Index of the event.
    sign
        +1 for the particle, -1 for the antiparticle.
    momenta
        GeV, lab.
    tracks, photons
        Shape (n, k): the rows of all tracks and photons in it.
    daughters
        Each a list and the row in it, shape (n,); none for final-state particles.
    matched
        Row in the event's `TruthTree` of the true particle, -1 for none.
    mc_errors
        basf2's flags of what is wrong with the match, 0 for nothing.
    chain
        Shape (n, m): the matched rows of itself and all that it was made from.
    """

    pdg: int
    self_conjugate: bool
    event: Indices
    sign: Signs
    momenta: FourVector
    tracks: Indices
    photons: Indices
    daughters: tuple[tuple[ParticleList, Indices], ...]
    matched: Indices
    mc_errors: Codes
    chain: Indices

    def __len__(self) -> int:
        return len(self.event)

    def select(self, rows: Indices | Flags) -> ParticleList:
        """Return some rows, given by a mask or by number."""
        index: Indices = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
        return replace(
            self,
            event=self.event[index],
            sign=self.sign[index],
            momenta=FourVector(*(column[index] for column in self.momenta)),
            tracks=self.tracks[index],
            photons=self.photons[index],
            daughters=tuple((particles, of_daughter[index]) for particles, of_daughter in self.daughters),
            matched=self.matched[index],
            mc_errors=self.mc_errors[index],
            chain=self.chain[index],
        )

    def daughter(self, number: int) -> ParticleList:
        """Return one daughter of each candidate, in the candidates' order."""
        particles, rows = self.daughters[number]
        return particles.select(rows)
