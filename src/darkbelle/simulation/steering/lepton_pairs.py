"""Pairs of leptons ee, eμ, μμ, with the most energetic photon: the control samples of the Z′ searches.

One row for each pair of opposite charge and each hypothesis that identification allows. Columns, beside
counters and `event_columns` with its triggers and beams:

=====================  ==========================================================================
prefix or variable     what
=====================  ==========================================================================
``channel``            1: e+e−, 2: e+μ−, 3: μ+e−, 4: μ+μ−
``l_p_`` ``l_m_``      `track_columns` of the positive and the negative lepton
``M`` ``m2Recoil`` …   `recoil_columns` of the pair, `opposite_photon_columns`
``gamma_E`` …          ``gamma_E gamma_theta gamma_phi`` of the event's most energetic photon, GeV and
                       rad, lab; NaN without a photon
``m2Recoil_gamma``     mass² that recoils against pair and photon, GeV²; NaN without a photon
``genTau…Mode``        numbers of the decay modes of the true τ, see
                       `darkbelle.simulation.reweighting.tau_mode_columns`
=====================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from darkbelle.beams import NOMINAL, Beams
from darkbelle.kernels import recoil_mass_squared
from darkbelle.simulation.detector import NOMINAL_DETECTOR, DetectedEvents, DetectorParameters
from darkbelle.simulation.detector.records import Indices, Kind
from darkbelle.simulation.reconstruction import Daughter, TrackCuts, charged_list, combine, truth_tree
from darkbelle.simulation.reweighting import tau_mode_columns
from darkbelle.simulation.steering.columns import Columns, counters, track_columns
from darkbelle.simulation.steering.event_columns import event_columns
from darkbelle.simulation.steering.recoil_columns import opposite_photon_columns, recoil_columns
from darkbelle.vectors import FourVector

__all__ = ["CHANNELS", "LeptonPairList", "lepton_pair_candidates"]

CHANNELS: Final[dict[int, tuple[Kind, Kind]]] = {
    1: ("electron", "electron"),
    2: ("electron", "muon"),
    3: ("muon", "electron"),
    4: ("muon", "muon"),
}
NO_PARTICLE = 0


@dataclass(frozen=True)
class LeptonPairList:
    """Which pairs are written: both leptons must pass; fields as of `DimuonList`."""

    momentum: float = 0.3
    dr: float = 2.0
    dz: float = 5.0
    identification: float = 0.1

    @property
    def tracks(self) -> TrackCuts:
        """What both tracks must pass."""
        return TrackCuts(self.dr, self.dz, self.momentum, self.identification)


def lepton_pair_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: LeptonPairList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each pair of leptons of opposite charge, by basf2 variable.

    See the module for the columns, and `darkbelle.simulation.steering.dimuon.dimuon_candidates` for
    parameters and types.
    """
    accepted = (cuts or LeptonPairList()).tracks
    truth = truth_tree(detected.generated)
    lists = {kind: charged_list(detected, kind, accepted) for kind in ("electron", "muon")}
    parts = []
    for channel, kinds in CHANNELS.items():
        daughters = [Daughter(lists[kind], sign) for kind, sign in zip(kinds, (1, -1), strict=True)]
        found = combine(NO_PARTICLE, daughters, truth, self_conjugate=True)
        pair = dict(zip(("px", "py", "pz", "energy"), found.momenta, strict=True))
        parts.append(
            {"event": found.event, "channel": np.full(len(found), channel, dtype=np.int32)}
            | pair
            | track_columns("l_p", detected, found.daughter(0))
            | track_columns("l_m", detected, found.daughter(1))
        )
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["event"], kind="stable")
    rows = {name: column[order] for name, column in joined.items()}
    event = rows.pop("event")
    pairs = FourVector(*(rows.pop(name) for name in ("px", "py", "pz", "energy")))
    return (
        counters(event, len(detected), first_event)
        | rows
        | recoil_columns(pairs, beams)
        | opposite_photon_columns(detected, event, pairs, detector, beams)
        | _photon_columns(detected, event, pairs, beams)
        | event_columns(detected, event, detector, beams)
        | {name: modes[event] for name, modes in tau_mode_columns(detected.generated).items()}
    )


def _photon_columns(detected: DetectedEvents, event: Indices, pairs: FourVector, beams: Beams) -> Columns:
    photons = detected.photons
    order = np.lexsort((-photons.energy, photons.event))
    events, first = np.unique(photons.event[order], return_index=True)
    best = np.full(len(detected), len(photons))
    best[events] = order[first]
    best = best[event]  # that after the last one is NaN
    momenta = FourVector(*(np.append(column, np.nan)[best] for column in photons.momenta))
    with_photon = recoil_mass_squared(pairs.plus(momenta), beams.four_vector) if event.size else np.zeros(0)
    return {
        "gamma_E": momenta.energy,
        "gamma_theta": np.append(photons.theta, np.nan)[best],
        "gamma_phi": np.append(photons.phi, np.nan)[best],
        "m2Recoil_gamma": with_photon,
    }
