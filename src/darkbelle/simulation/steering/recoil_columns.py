"""What columns of a row tell of a pair that something recoils against."""

from __future__ import annotations

import numpy as np

from darkbelle.beams import Beams
from darkbelle.kernels import boost_to_rest_frame, recoil
from darkbelle.kernels.compilation import kernel
from darkbelle.simulation.detector import DetectedEvents, DetectorParameters
from darkbelle.simulation.detector.records import Flags, Indices, Photons, offsets_of
from darkbelle.simulation.steering.columns import Columns
from darkbelle.vectors import Column, FourVector

__all__ = ["opposite_photon_columns", "recoil_columns"]


def recoil_columns(pair: FourVector, beams: Beams) -> Columns:
    """Return ``M`` of pairs in GeV, and ``m2Recoil pRecoil pRecoilTheta pRecoilPhi`` of what recoils, lab."""
    recoiling = recoil(pair, beams.four_vector)
    return {
        "M": np.sqrt(pair.mass_squared()),
        "m2Recoil": recoiling.mass_squared,
        "pRecoil": recoiling.momentum,
        "pRecoilTheta": recoiling.theta,
        "pRecoilPhi": recoiling.phi,
    }


def opposite_photon_columns(
    detected: DetectedEvents,
    event: Indices,
    pair: FourVector,
    detector: DetectorParameters,
    beams: Beams,
) -> Columns:
    """Return the largest CM angle between a pair and a hard photon, rad; NaN without a hard photon."""
    photons = detected.photons
    hard = photons.energy > detector.calorimeter.hard_threshold
    in_cm: FourVector = boost_to_rest_frame(_selected(photons, hard), beams.four_vector)
    angle = np.full(event.size, np.nan)
    if in_cm.energy.size and event.size:
        _largest_angle(
            event,
            boost_to_rest_frame(pair, beams.four_vector),
            offsets_of(photons.event[hard], len(detected)),
            in_cm,
            angle,
        )
    return {"useCMSFrame(angleToMostB2BInList(gamma:hard))": angle}


def _selected(photons: Photons, which: Flags) -> FourVector:
    return FourVector(*(column[which] for column in photons.momenta))


@kernel
def _largest_angle(
    event: Indices, pair: FourVector, offsets: Indices, photons: FourVector, angle: Column
) -> None:
    for row in range(event.size):
        x, y, z = pair.px[row], pair.py[row], pair.pz[row]
        for i in range(offsets[event[row]], offsets[event[row] + 1]):
            u, v, w = photons.px[i], photons.py[i], photons.pz[i]
            cross = np.sqrt((y * w - z * v) ** 2 + (z * u - x * w) ** 2 + (x * v - y * u) ** 2)
            between = np.arctan2(cross, x * u + y * v + z * w)
            if not between <= angle[row]:  # the first one replaces NaN
                angle[row] = between
