"""All combinations of particles from lists into candidates, as basf2's reconstructDecay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from darkbelle.simulation.detector.records import Codes, Flags, Indices
from darkbelle.simulation.reconstruction.particle_list import ParticleList, Signs
from darkbelle.simulation.reconstruction.track_errors import DECAY_IN_FLIGHT, MISIDENTIFIED
from darkbelle.simulation.reconstruction.truth_tree import (
    ADDED_WRONG_PARTICLE,
    INTERNAL_ERROR,
    TruthTree,
    common_ancestors,
    missing_flags,
)
from darkbelle.vectors import FourVector

__all__ = ["Daughter", "combine", "joined", "put_together"]


class Daughter(NamedTuple):
    """A daughter of a decay: where to take it from, and its sign relative to the mother's.

    ``sign`` is +1 or -1, such as -1 for the kaon of D0 → K−π+, and 0 for a particle that is its own
    antiparticle.
    """

    particles: ParticleList
    sign: int


def combine(
    pdg: int,
    daughters: Sequence[Daughter],
    truth: TruthTree,
    *,
    self_conjugate: bool = False,
    mass: tuple[float, float] = (0.0, np.inf),
) -> ParticleList:
    """Return all candidates that daughters can make: each track and photon once in a candidate.

    A decay and its charge conjugate are made together; a mother that is its own antiparticle gets each
    combination once.

    Parameters
    ----------
    pdg
        Code of the mother.
    daughters
        Two or more. The same list with the same sign may stand several times in a row.
    truth
        Of the same events.
    mass
        Window of the invariant mass, GeV.
    """
    first = daughters[0]
    wanted = first.particles.sign == first.sign if self_conjugate and first.sign else _all(first.particles)
    rows = [np.flatnonzero(wanted)]
    sign = np.ones(len(rows[0]), dtype=np.int8)
    if not self_conjugate:
        sign = first.particles.sign[rows[0]] * np.int8(first.sign)
    event = first.particles.event[rows[0]]
    for number, daughter in enumerate(daughters[1:], start=1):
        old, new = joined(event, daughter.particles.event)
        allowed = (daughter.sign == 0) | (daughter.particles.sign[new] == sign[old] * daughter.sign)
        before = daughters[number - 1]
        if before.particles is daughter.particles and before.sign == daughter.sign:
            allowed &= rows[-1][old] < new  # not the same twice, nor in another order
        old, new = old[allowed], new[allowed]
        rows = [of_daughter[old] for of_daughter in rows] + [new]
        event, sign = event[old], sign[old]
    parts = tuple((daughter.particles, index) for daughter, index in zip(daughters, rows, strict=True))
    squared = _sum(parts).mass_squared()
    low, high = mass
    kept = (squared >= low**2) & (squared <= high**2)
    parts = tuple((particles, index[kept]) for particles, index in parts)
    candidates = put_together(pdg, parts, sign[kept], truth, self_conjugate=self_conjugate)
    return candidates.select(_distinct(candidates.tracks) & _distinct(candidates.photons))


def put_together(
    pdg: int,
    parts: Sequence[tuple[ParticleList, Indices]],
    sign: Signs,
    truth: TruthTree,
    *,
    self_conjugate: bool = False,
) -> ParticleList:
    """Return the candidates of daughters that were found to belong together, with their truth.

    Parameters
    ----------
    pdg, sign
        Of the mother: its code for a sign of +1, and each candidate's sign.
    parts
        For each daughter its list and the row in it of each candidate.
    """
    candidates = ParticleList(
        pdg=pdg,
        self_conjugate=self_conjugate,
        event=parts[0][0].event[parts[0][1]],
        sign=sign,
        momenta=_sum(parts),
        tracks=np.concatenate([particles.tracks[index] for particles, index in parts], axis=1),
        photons=np.concatenate([particles.photons[index] for particles, index in parts], axis=1),
        daughters=tuple(parts),
        matched=np.full(len(sign), -1),
        mc_errors=np.zeros(len(sign), dtype=np.int32),
        chain=np.zeros((len(sign), 0), dtype=np.int64),
    )
    return _matched(candidates, truth)


def joined(first: Indices, second: Indices) -> tuple[Indices, Indices]:
    """Return the rows of all pairs of one event, from the events of two lists in the order of events."""
    start = np.searchsorted(second, first, side="left")
    partners = np.searchsorted(second, first, side="right") - start
    left = np.repeat(np.arange(len(first)), partners)
    within = np.arange(len(left)) - np.repeat(np.cumsum(partners) - partners, partners)
    return left, np.repeat(start, partners) + within


def _matched(candidates: ParticleList, truth: TruthTree) -> ParticleList:
    """Return candidates with the true particle that each is, and what is wrong with it.

    As in basf2 the true particle is the first common ancestor of all daughters' true particles.
    Without one the flag is that of an internal error; one of another code than the candidate's has a
    wrong particle added.
    """
    below = [particles.matched[index] for particles, index in candidates.daughters]
    ancestor = common_ancestors(truth, np.stack(below, axis=1))
    code = np.append(truth.pdg, np.int32(0))[ancestor]
    hypothesis = candidates.pdg * candidates.sign.astype(np.int32)
    right = code == hypothesis
    chain = np.concatenate([particles.chain[index] for particles, index in candidates.daughters], axis=1)
    of_daughters = np.zeros(len(candidates), dtype=np.int32)
    for particles, index in candidates.daughters:
        of_daughters |= particles.mc_errors[index]
    errors = of_daughters & (MISIDENTIFIED | DECAY_IN_FLIGHT | ADDED_WRONG_PARTICLE)
    errors |= np.where(right, 0, ADDED_WRONG_PARTICLE).astype(np.int32)
    errors |= missing_flags(truth, candidates.event, ancestor, chain)
    flags: Codes = np.where(ancestor >= 0, errors, INTERNAL_ERROR).astype(np.int32)
    return replace(candidates, matched=ancestor, mc_errors=flags, chain=np.column_stack([chain, ancestor]))


def _all(particles: ParticleList) -> Flags:
    return np.ones(len(particles), dtype=np.bool_)


def _sum(parts: Sequence[tuple[ParticleList, Indices]]) -> FourVector:
    columns = [[column[index] for column in particles.momenta] for particles, index in parts]
    return FourVector(*(np.sum(component, axis=0) for component in zip(*columns, strict=True)))


def _distinct(rows: Indices) -> Flags:
    """Return the lines without a number that stands twice."""
    ordered = np.sort(rows, axis=1)
    distinct: Flags = np.all(ordered[:, 1:] != ordered[:, :-1], axis=1)
    return distinct
