"""Where a selection can keep events at all: filters at generator level, a little wider than it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError

from darkbelle.beams import NOMINAL
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.phase_space import rotated_z_to
from darkbelle.vectors import Column, FourVector

__all__ = ["MuonPairFilter", "as_filter", "inside_tracking", "nominal_lab"]

# the CDC covers 17° to 150°; half a degree is beyond any error of a track's direction and the spread
# of the beams
FORWARD, BACKWARD = math.radians(16.5), math.radians(150.5)

POSITIVE = (-11, -13, 211, 321)  # what can be taken for a μ+


@dataclass(frozen=True)
class MuonPairFilter:
    """The pairs, and their recoil, that a selection of two muons and little else can keep.

    What fails is spared the matrix element, where there is one, and the detector. Choose it wider
    than the selection by more than the detector's resolution; radiation is in the events already.

    Parameters
    ----------
    purpose
        The selection that it is for. It goes with every sample.
    theta
        Range of the polar angles of both, lab, degrees.
    min_transverse
        Least momentum of each transverse to the solenoid's axis, lab, GeV.
    min_pair_transverse
        Least momentum of the pair transverse to the collision axis, CM, GeV.
    min_recoil_transverse
        Least momentum of the recoil transverse to each of both, CM, GeV.

    Raises
    ------
    ConfigurationError
        A momentum is negative, or the angles do not rise within 0 to 180°.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    purpose: str
    theta: tuple[float, float]
    min_transverse: float
    min_pair_transverse: float
    min_recoil_transverse: float

    def __post_init__(self) -> None:
        momenta = (self.min_transverse, self.min_pair_transverse, self.min_recoil_transverse)
        if min(momenta) < 0.0 or not 0.0 <= self.theta[0] < self.theta[1] <= 180.0:
            raise ConfigurationError(
                f"filter of muon pairs for {self.purpose}: got polar angles {self.theta} and least "
                f"momenta {momenta}; expected angles that rise within 0 to 180° and none negative"
            )

    def passes(self, positive: FourVector, negative: FourVector) -> NDArray[np.bool_]:
        """Return which pairs pass, by the momenta of both in the CM frame, electron along +z, shape (n,)."""
        kept = np.flatnonzero(self._has_recoil(positive, negative))
        for one in (positive, negative):
            kept = kept[self._reaches_muon_detector(_rows(one, kept))]
        mask = np.zeros(len(positive.px), dtype=bool)
        mask[kept] = True
        return mask

    def passing(self, events: GeneratedEvents) -> NDArray[np.bool_]:
        """Return which events, in the CM frame, have a pair of charged particles that passes.

        Electrons, pions and kaons count as muons: detectors err, and hadrons decay in flight.
        """
        reaches = self._reaches_muon_detector(events.momenta)
        positive = np.flatnonzero(reaches & np.isin(events.pdg, POSITIVE))
        negative = np.flatnonzero(reaches & np.isin(-events.pdg, POSITIVE))
        one, other = _in_one_event(events.event_of_particle, positive, negative)
        pairs = self._has_recoil(_rows(events.momenta, one), _rows(events.momenta, other))
        mask = np.zeros(len(events), dtype=bool)
        mask[events.event_of_particle[one[pairs]]] = True
        return mask

    def _has_recoil(self, positive: FourVector, negative: FourVector) -> NDArray[np.bool_]:
        pair = positive.plus(negative)
        asked = np.hypot(pair.px, pair.py) >= self.min_pair_transverse
        # the recoil is the pair's opposite in the CM: its cross products with both are theirs
        first, second = (np.stack(vector[:3]) for vector in (positive, negative))
        across = _size(np.cross(first, second, axis=0))
        faster = np.maximum(_size(first), _size(second))
        return asked & (across >= self.min_recoil_transverse * faster)

    def _reaches_muon_detector(self, momenta: FourVector) -> NDArray[np.bool_]:
        lab = nominal_lab(momenta)
        transverse = np.hypot(lab.px, lab.py)
        first, last = np.radians(self.theta)
        return _within(lab, first, last) & (transverse >= self.min_transverse)


def as_filter(given: MuonPairFilter | Mapping[str, Any] | None) -> MuonPairFilter | None:
    """Return a filter that is given as such, or as a mapping from a configuration file.

    Raises
    ------
    ConfigurationError
        The mapping does not declare a filter.
    """
    if given is None or isinstance(given, MuonPairFilter):
        return given
    try:
        return TypeAdapter(MuonPairFilter).validate_python(given)
    except ValidationError as error:
        raise ConfigurationError(f"{given!r} is no filter of muon pairs: {error}") from error


def nominal_lab(momenta: FourVector) -> FourVector:
    """Return momenta of the CM frame, electron along +z, in the lab at the nominal beams, shape (n,)."""
    electron = boost_to_rest_frame(NOMINAL.electron, NOMINAL.four_vector)
    axis = (electron.px / electron.energy, electron.py / electron.energy, electron.pz / electron.energy)
    return boost_from_rest_frame(rotated_z_to(momenta, axis), NOMINAL.four_vector)


def inside_tracking(momenta: FourVector) -> NDArray[np.bool_]:
    """Return which particles, given in the CM frame, electron along +z, fly into the drift chamber."""
    return _within(nominal_lab(momenta), FORWARD, BACKWARD)


def _within(lab: FourVector, first: float, last: float) -> NDArray[np.bool_]:
    """Return which particles fly at polar angles from the first to the last, rad; not those at rest."""
    size = _size(np.stack(lab[:3]))
    cosine = lab.pz / np.where(size > 0.0, size, 1.0)
    return (size > 0.0) & (cosine <= math.cos(first)) & (cosine >= math.cos(last))


def _rows(vectors: FourVector, index: NDArray[np.int64]) -> FourVector:
    return FourVector(*(column[index] for column in vectors))


def _size(vectors: Column) -> Column:
    size: Column = np.sqrt(np.sum(vectors**2, axis=0))
    return size


def _in_one_event(
    event: NDArray[np.int64], positive: NDArray[np.int64], negative: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of indices, one of each kind, that belong to one event; events must rise."""
    first = np.searchsorted(event[negative], event[positive], side="left")
    partners = np.searchsorted(event[negative], event[positive], side="right") - first
    within = np.arange(partners.sum()) - np.repeat(np.cumsum(partners) - partners, partners)
    return np.repeat(positive, partners), negative[np.repeat(first, partners) + within]
