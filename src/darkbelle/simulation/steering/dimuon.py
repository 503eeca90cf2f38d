"""Pairs μ+μ− and what is known of them: the ntuple of the invisible Z′ search, in basf2's variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL, Beams
from darkbelle.constants import MUON_MASS
from darkbelle.kernels import boost_to_rest_frame, recoil
from darkbelle.kernels.compilation import kernel
from darkbelle.simulation.detector import NOMINAL_DETECTOR, DetectedEvents, DetectorParameters
from darkbelle.simulation.detector.records import Flags, Indices, Photons, Tracks, offsets_of
from darkbelle.simulation.steering.truth import mc_errors
from darkbelle.vectors import Column, FourVector

__all__ = ["EXPERIMENT", "DimuonList", "dimuon_candidates"]

EXPERIMENT: Final = 1003  # basf2's number for simulation independent of runs

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class DimuonList:
    """Which pairs are written: both muons must pass. Loose, so that an analysis can vary its cuts.

    Parameters
    ----------
    momentum
        Least momentum, GeV.
    dr, dz
        Largest distances to the interaction point, cm.
    muon_id
        Least muonID. Well below the analysis' 0.5, it keeps what a control of misidentification
        needs, and leaves out most pairs of other particles.
    """

    momentum: float = 0.3
    dr: float = 2.0
    dz: float = 5.0
    muon_id: float = 0.1

    def accepts(self, tracks: Tracks) -> Flags:
        """Return which tracks may be a muon of a pair."""
        momentum = np.sqrt(tracks.px**2 + tracks.py**2 + tracks.pz**2)
        near = (tracks.dr < self.dr) & (np.abs(tracks.dz) < self.dz)
        return near & (momentum > self.momentum) & (tracks.identified_as("muon") > self.muon_id)


def dimuon_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: DimuonList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each pair of accepted tracks of opposite charge, by basf2 variable.

    Parameters
    ----------
    detected
        Any number of events; event i gets the number ``first_event + i``.
    cuts
        Which pairs are written; a `DimuonList` by default.
    detector
        Says which photons are hard.
    beams
        The nominal ones, as basf2 takes them from its conditions database.

    Returns
    -------
    dict
        Arrays of shape (n_pairs,) by variable: counters of release 6 and later, kinematics in GeV and
        cm in the lab, float64 but for counts. Rows stand in the order of events.
    """
    plus, minus, event = _pairs(detected, cuts or DimuonList())
    positive, negative = (_muons(detected.tracks, which) for which in (plus, minus))
    pair = positive.plus(negative)
    return (
        _counters(event, len(detected), first_event)
        | _muon_columns("mu_p", detected.tracks, plus, positive, -13)
        | _muon_columns("mu_m", detected.tracks, minus, negative, 13)
        | _pair_columns(pair, beams)
        | _event_columns(detected, event, detector, beams)
        | {
            "useCMSFrame(angleToMostB2BInList(gamma:hard))": _photon_angle(
                detected, event, pair, detector, beams
            )
        }
    )


def _pairs(detected: DetectedEvents, cuts: DimuonList) -> tuple[Indices, Indices, Indices]:
    """Return the positive and the negative track of each pair, and its event."""
    tracks, size = detected.tracks, len(detected)
    accepted = cuts.accepts(tracks)
    event_of_track = np.repeat(np.arange(size), tracks.multiplicity)
    plus = np.flatnonzero(accepted & (tracks.charge > 0))
    minus = np.flatnonzero(accepted & (tracks.charge < 0))
    offsets = offsets_of(event_of_track[minus], size)
    partners = np.diff(offsets)[event_of_track[plus]]
    first = np.repeat(offsets[event_of_track[plus]], partners)
    within = np.arange(first.size) - np.repeat(np.cumsum(partners) - partners, partners)
    chosen = np.repeat(plus, partners)
    return chosen, minus[first + within], event_of_track[chosen]


def _muons(tracks: Tracks, which: Indices) -> FourVector:
    return FourVector.with_mass(tracks.px[which], tracks.py[which], tracks.pz[which], MUON_MASS)


def _counters(event: Indices, size: int, first_event: int) -> Columns:
    rows = event.size
    counts = np.bincount(event, minlength=size)
    starts = np.cumsum(counts) - counts
    return {
        "__experiment__": np.full(rows, EXPERIMENT, dtype=np.int32),
        "__run__": np.zeros(rows, dtype=np.int32),
        "__event__": (first_event + event).astype(np.uint32),
        "__production__": np.zeros(rows, dtype=np.int32),
        "__candidate__": (np.arange(rows) - starts[event]).astype(np.int32),
        "__ncandidates__": counts[event].astype(np.int32),
        "__weight__": np.ones(rows, dtype=np.float32),
    }


def _muon_columns(
    prefix: str, tracks: Tracks, which: Indices, momentum: FourVector, hypothesis: int
) -> Columns:
    truth = tracks.truth
    errors = mc_errors(truth, hypothesis)[which]
    mother = truth.mother_pdg[which]
    columns = {
        "px": momentum.px,
        "py": momentum.py,
        "pz": momentum.pz,
        "E": momentum.energy,
        "charge": tracks.charge[which].astype(np.float64),
        "dr": tracks.dr[which],
        "dz": tracks.dz[which],
        **{f"{kind}ID": tracks.identified_as(kind)[which] for kind in ("muon", "electron", "pion")},
        "mcPDG": truth.pdg[which].astype(np.float64),
        "mcPX": truth.px[which],
        "mcPY": truth.py[which],
        "mcPZ": truth.pz[which],
        "isSignal": (errors == 0).astype(np.float64),
        "mcErrors": errors.astype(np.float64),
        "genMotherPDG": np.where(mother == 0, np.nan, mother),
    }
    return {f"{prefix}_{name}": values for name, values in columns.items()}


def _pair_columns(pair: FourVector, beams: Beams) -> Columns:
    recoiling = recoil(pair, beams.four_vector)
    return {
        "M": np.sqrt(pair.mass_squared()),
        "m2Recoil": recoiling.mass_squared,
        "pRecoil": recoiling.momentum,
        "pRecoilTheta": recoiling.theta,
        "pRecoilPhi": recoiling.phi,
    }


def _event_columns(
    detected: DetectedEvents, event: Indices, detector: DetectorParameters, beams: Beams
) -> Columns:
    photons, size = detected.photons, len(detected)
    hard = photons.energy > detector.calorimeter.hard_threshold
    energy_sum = np.bincount(photons.event, weights=photons.energy, minlength=size)
    hard_count = np.bincount(photons.event[hard], minlength=size).astype(np.int32)
    constants = {
        "Ecms": beams.sqrt_s,
        "beamE": beams.energy,
        "beamPx": beams.px,
        "beamPy": beams.py,
        "beamPz": beams.pz,
    }
    return {
        "nTracks": detected.tracks.multiplicity[event].astype(np.int32),
        "totalEnergyOfParticlesInList(gamma:all)": energy_sum[event],
        "nParticlesInList(gamma:hard)": hard_count[event],
        "L1FTDL(ffo)": detected.triggers["ffo"][event].astype(np.float64),
        "L1FTDL(cdcklm1)": detected.triggers["cdcklm1"][event].astype(np.float64),
        **{name: np.full(event.size, value) for name, value in constants.items()},
    }


def _photon_angle(
    detected: DetectedEvents,
    event: Indices,
    pair: FourVector,
    detector: DetectorParameters,
    beams: Beams,
) -> Column:
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
    return angle


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
