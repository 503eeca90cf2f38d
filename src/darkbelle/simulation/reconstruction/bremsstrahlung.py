"""Bremsstrahlung of electrons, found again among the photons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from darkbelle.kernels import libm
from darkbelle.simulation.detector import DetectedEvents
from darkbelle.simulation.detector.face import points_on_face
from darkbelle.simulation.detector.parameters import Calorimeter
from darkbelle.simulation.detector.records import Flags, Indices, Photons
from darkbelle.simulation.reconstruction.combination import joined
from darkbelle.simulation.reconstruction.displaced import VertexedList
from darkbelle.vectors import Column, FourVector

__all__ = ["BremsstrahlungCuts", "bremsstrahlung_of", "with_bremsstrahlung"]


@dataclass(frozen=True)
class BremsstrahlungCuts:
    """Which photons are given back to electrons.

    Parameters
    ----------
    angle
        Largest angle between an electron and a photon, rad; 0 gives back none.
    energy
        Least energy of the photon in the forward end cap, the barrel and the backward end cap, GeV.

    References
    ----------
    basf2, ``modularAnalysis.correctBremsBelle``, with its default of 0.05 rad; energies of the steering
    files of its online book.
    """

    angle: float = 0.05
    energy: tuple[float, float, float] = (0.075, 0.05, 0.1)


def with_bremsstrahlung(
    pairs: VertexedList, detected: DetectedEvents, calorimeter: Calorimeter, cuts: BremsstrahlungCuts
) -> tuple[VertexedList, Column]:
    """Return pairs of electrons with the photons near them added, and what was added to each.

    The candidates stay as many, and keep their truth.

    Returns
    -------
    pairs
        With other momenta, of the electrons too.
    radiated
        Energies of the photons of both electrons, GeV, shape (n, 2).
    """
    particles, fit = pairs.particles, pairs.vertices
    electrons = [particles.daughter(number) for number in range(2)]
    photons = bremsstrahlung_of(
        [electron.momenta for electron in electrons],
        particles.event,
        (fit.x, fit.y, fit.z),
        detected,
        calorimeter,
        cuts,
    )
    momenta = [one.momenta.plus(added) for one, added in zip(electrons, photons, strict=True)]
    rows = np.arange(len(particles))
    daughters = tuple(
        (replace(one, momenta=momentum), rows) for one, momentum in zip(electrons, momenta, strict=True)
    )
    found = replace(particles, momenta=momenta[0].plus(momenta[1]), daughters=daughters)
    return VertexedList(found, fit), np.stack([added.energy for added in photons], axis=1)


def bremsstrahlung_of(
    electrons: Sequence[FourVector],
    event: Indices,
    vertex: tuple[Column, Column, Column],
    detected: DetectedEvents,
    calorimeter: Calorimeter,
    cuts: BremsstrahlungCuts,
) -> list[FourVector]:
    """Return the sum of the photons near each electron of candidates, GeV, lab.

    All photons of the candidate's event within the angle count, each for the electron nearest to it, and
    as if they came from the vertex: an electron radiates before the field has turned it much.

    Parameters
    ----------
    electrons
        The electrons of each candidate, with momenta at their vertex, shape (n,) each.
    event
        Of the candidates, not falling, shape (n,).
    vertex
        Of each candidate, cm.
    """
    photons = detected.photons
    chosen = np.flatnonzero(_energetic(photons, calorimeter, cuts.energy))
    candidate, which = joined(event, photons.event[chosen])
    points = points_on_face(photons.theta[chosen], photons.phi[chosen], calorimeter)[which]
    way = points - np.stack(vertex, axis=1)[candidate]
    way /= np.linalg.norm(way, axis=1)[:, None]
    cosines = np.stack([_cosine(electron, candidate, way) for electron in electrons])
    nearest, energy = np.argmax(cosines, axis=0), photons.energy[chosen][which]
    close = np.max(cosines, axis=0, initial=-1.0) > libm.cos(cuts.angle)
    sums = []
    for number in range(len(electrons)):
        own = close & (nearest == number)
        parts = (np.column_stack([way, np.ones(len(way))]) * energy[:, None])[own]
        columns = (np.bincount(candidate[own], part, len(event)) for part in parts.T)
        sums.append(FourVector(*(column.astype(np.float64) for column in columns)))
    return sums


def _energetic(photons: Photons, calorimeter: Calorimeter, energy: tuple[float, float, float]) -> Flags:
    degrees = np.rad2deg(photons.theta)
    ends = (degrees < calorimeter.barrel[0], degrees > calorimeter.barrel[1])
    return photons.energy > np.select(ends, [energy[0], energy[2]], energy[1])


def _cosine(electron: FourVector, candidate: Indices, way: Column) -> Column:
    along = sum(column[candidate] * way[:, axis] for axis, column in enumerate(electron[:3]))
    size = np.sqrt(electron.px**2 + electron.py**2 + electron.pz**2)[candidate]
    cosine: Column = along / size
    return cosine
