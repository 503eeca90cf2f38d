"""Pairs of tracks of opposite charge with the vertex that fits them, wherever it lies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from darkbelle.kernels import PairVertices, fit_pair_vertices
from darkbelle.simulation.detector import DetectedEvents
from darkbelle.simulation.detector.records import Flags, Indices, Kind
from darkbelle.simulation.reconstruction.charged import MASSES, charged_particles
from darkbelle.simulation.reconstruction.combination import joined, put_together
from darkbelle.simulation.reconstruction.particle_list import ParticleList
from darkbelle.simulation.reconstruction.truth_tree import TruthTree
from darkbelle.vectors import FourVector

__all__ = ["FittedPairs", "VertexedList", "fitted_pairs", "pairs_as", "vertices_at"]


class FittedPairs(NamedTuple):
    """Pairs of tracks whose fit settled, in the order of events, shape (n,).

    Attributes
    ----------
    positive, negative
        Rows of the tracks.
    vertices
        What was fitted; it knows no masses.
    """

    positive: Indices
    negative: Indices
    vertices: PairVertices

    def select(self, mask: Flags) -> FittedPairs:
        """Return the pairs where a mask is true."""
        vertices = vertices_at(self.vertices, np.flatnonzero(mask))
        return FittedPairs(self.positive[mask], self.negative[mask], vertices)


class VertexedList(NamedTuple):
    """Candidates of two tracks, with momenta at their vertex, and that vertex, line by line."""

    particles: ParticleList
    vertices: PairVertices


def vertices_at(vertices: PairVertices, rows: Indices) -> PairVertices:
    """Return some of the vertices, given by their rows."""
    columns: dict[str, Any] = {name: column[rows] for name, column in vertices._asdict().items()}
    return PairVertices(**columns)


def fitted_pairs(detected: DetectedEvents, tracks: Flags, magnetic_field: float) -> FittedPairs:
    """Return all pairs of opposite charge of the chosen tracks, those of a fit that failed left out.

    Parameters
    ----------
    tracks
        Shape (n_tracks,).
    magnetic_field
        In T.
    """
    seen = detected.tracks
    event = seen.event
    positive, negative = (np.flatnonzero(tracks & (seen.charge == charge)) for charge in (1, -1))
    first, second = joined(event[positive], event[negative])
    positive, negative = positive[first], negative[second]
    helices = np.stack(seen.helix, axis=1)
    fitted = fit_pair_vertices(
        helices[positive],
        helices[negative],
        seen.covariance[positive],
        seen.covariance[negative],
        magnetic_field,
    )
    return FittedPairs(positive, negative, fitted).select(fitted.converged)


def pairs_as(
    pdg: int,
    kind: Kind,
    pairs: FittedPairs,
    detected: DetectedEvents,
    truth: TruthTree,
    *,
    identification: float = 0.0,
    mass: tuple[float, float] = (0.0, np.inf),
) -> VertexedList:
    """Return pairs as a particle, its own antiparticle, that decays into two of a kind.

    Parameters
    ----------
    pdg, kind
        Of the particle, and its daughters' hypothesis.
    identification
        Least likelihood ratio of both daughters.
    mass
        Window, GeV, with momenta at the vertex.
    """
    ratio, fit = detected.tracks.identified_as(kind), pairs.vertices
    first = FourVector.with_mass(fit.first_px, fit.first_py, fit.first_pz, MASSES[kind])
    second = FourVector.with_mass(fit.second_px, fit.second_py, fit.second_pz, MASSES[kind])
    squared = first.plus(second).mass_squared()
    kept = (ratio[pairs.positive] >= identification) & (ratio[pairs.negative] >= identification)
    kept &= (squared >= mass[0] ** 2) & (squared <= mass[1] ** 2)
    pairs = pairs.select(kept)
    daughters = [
        replace(
            charged_particles(detected, kind, rows),
            momenta=FourVector(*(column[kept] for column in at_vertex)),
        )
        for rows, at_vertex in ((pairs.positive, first), (pairs.negative, second))
    ]
    rows = np.arange(len(pairs.positive))
    particles = put_together(
        pdg,
        [(daughter, rows) for daughter in daughters],
        np.ones(len(rows), dtype=np.int8),
        truth,
        self_conjugate=True,
    )
    return VertexedList(particles, pairs.vertices)
