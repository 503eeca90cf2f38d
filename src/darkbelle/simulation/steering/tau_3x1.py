"""τ pairs of which one gives three tracks and the other one: the ntuple of the τ mass and of τ → ℓα.

One row an event. Columns, beside counters, `event_columns` with its triggers and beams, and
`shape_columns`:

=============================  ==============================================================
prefix or variable             what
=============================  ==============================================================
``pi_1_`` ``pi_2_`` ``pi_3_``  `track_columns` of the three tracks of one hemisphere, taken for pions:
                               first the one whose charge the others do not have, then those by
                               falling pT
``track_1prong_``              `track_columns` of the track alone, taken for a pion
``tau_3prong_``                `candidate_columns` of the three; mcPDG ±15 where all are of one τ
``M_1prong_pi0``               mass of the track alone with the π0 of its hemisphere that is the
                               nearest to the nominal mass, GeV; NaN without a π0
``nPhotons_1prong`` …          photons above the calorimeter's hard threshold in that hemisphere,
                               ``…_3prong`` in the other
``photonEnergy_1prong`` …      sum of all photons' energies in it, GeV, lab
``maxPhotonEnergy_1prong`` …   the largest of them, 0 without a photon
``nPi0s_1prong`` …             pairs of hard photons of a π0's mass in it
``tauMinusMc…`` ``tauPlusMc…`` ``Prong Lepton Pi0s Kaons`` of the true τ of that charge, see
                               `darkbelle.simulation.steering.tau_truth`
``genTau…Mode``                number of its decay mode, see `darkbelle.simulation.reweighting`
``genAlphaMass`` …             of τ → lα, see `darkbelle.simulation.steering.tau_truth`
``genRadiatedEnergyCMS``       sum of the energies of photons from the collision itself, GeV, CM
=============================  ==============================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkbelle.beams import NOMINAL, Beams
from darkbelle.constants import NEUTRAL_PION_MASS
from darkbelle.kernels import Thrust, boost_to_rest_frame, hemispheres, thrust
from darkbelle.simulation.detector import NOMINAL_DETECTOR, DetectedEvents, DetectorParameters
from darkbelle.simulation.detector.records import Flags, Indices, offsets_of
from darkbelle.simulation.reconstruction import (
    ParticleList,
    TrackCuts,
    VisibleParticles,
    charged_list,
    neutral_pions,
    truth_tree,
)
from darkbelle.simulation.reconstruction.combination import put_together
from darkbelle.simulation.steering.columns import Columns, candidate_columns, counters, track_columns
from darkbelle.simulation.steering.event_columns import event_columns, shape_columns, visible_of
from darkbelle.simulation.steering.tau_truth import (
    lepton_alpha_columns,
    radiated_energy_column,
    tau_truth_columns,
)
from darkbelle.vectors import Column

__all__ = ["ThreeOnOneList", "tau_3x1_candidates"]


@dataclass(frozen=True)
class ThreeOnOneList:
    """Which events are written: exactly four tracks near the collision, of charge 0, three against one.

    Parameters
    ----------
    dr, dz
        Largest distances of the four to the interaction point, cm. There may be other tracks.
    """

    dr: float = 1.0
    dz: float = 3.0

    @property
    def tracks(self) -> TrackCuts:
        """What makes a track one of the four."""
        return TrackCuts(self.dr, self.dz)


def tau_3x1_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: ThreeOnOneList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each event with four tracks in a 3×1 topology, by basf2 variable.

    The thrust is that of tracks near the interaction point and all photons. See the module for the
    columns, and `darkbelle.simulation.steering.dimuon.dimuon_candidates` for parameters and types.
    """
    pions = charged_list(detected, "pion", (cuts or ThreeOnOneList()).tracks)
    size = len(detected)
    four = np.bincount(pions.event, minlength=size) == 4
    four &= np.bincount(pions.event, weights=pions.sign, minlength=size) == 0
    visible = visible_of(detected, four, beams)
    axis = thrust(visible.cm, visible.offsets)
    pions = pions.select(four[pions.event])
    ahead = _ahead(pions, axis, beams)
    along = np.bincount(pions.event[ahead], minlength=size)
    split = four & ((along == 1) | (along == 3))
    event, chosen = np.flatnonzero(split), split[pions.event]
    pions, ahead = pions.select(chosen), ahead[chosen]
    one_ahead = along == 1
    on_side_of_one = ahead == one_ahead[pions.event]
    alone = pions.select(on_side_of_one)
    order = _prong_order(pions, ~on_side_of_one)
    prongs = [pions.select(rows) for rows in order.T]
    truth = truth_tree(detected.generated)
    taus = put_together(-15, [(pions, rows) for rows in order.T], -alone.sign, truth)
    neutral = neutral_pions(detected, truth, photon_energy=detector.calorimeter.hard_threshold)
    multiplicity = np.diff(visible.offsets)
    beside_one = hemispheres(visible.cm, visible.offsets, axis) == np.repeat(one_ahead, multiplicity)
    return (
        counters(event, size, first_event)
        | {
            name: column
            for number, prong in enumerate(prongs, start=1)
            for name, column in track_columns(f"pi_{number}", detected, prong).items()
        }
        | track_columns("track_1prong", detected, alone)
        | candidate_columns("tau_3prong", taus, detected, beams)
        | _photon_columns(detected, visible, beside_one, alone, neutral, detector)
        | event_columns(detected, event, detector, beams)
        | shape_columns(visible, event, beams, axis)
        | tau_truth_columns(detected.generated, event)
        | lepton_alpha_columns(detected.generated, event)
        | radiated_energy_column(detected.generated, event, beams)
    )


def _ahead(particles: ParticleList, axis: Thrust, beams: Beams) -> Flags:
    """Return which particles lie in the hemisphere that the axis points to."""
    if len(particles) == 0:
        return np.zeros(0, dtype=np.bool_)
    size = len(axis.value)
    in_cm = boost_to_rest_frame(particles.momenta, beams.four_vector)
    return hemispheres(in_cm, offsets_of(particles.event, size), axis)


def _prong_order(pions: ParticleList, in_triple: Flags) -> Indices:
    """Return the rows of the three, shape (n_events, 3): the odd charge first, then by falling pT."""
    rows = np.flatnonzero(in_triple).reshape(-1, 3)
    sign = pions.sign[rows]
    odd = sign == -np.sign(sign.sum(axis=1, keepdims=True))
    transverse = np.hypot(pions.momenta.px[rows], pions.momenta.py[rows])
    order = np.argsort(np.where(odd, -np.inf, -transverse), axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1)


def _photon_columns(
    detected: DetectedEvents,
    visible: VisibleParticles,
    on_side_of_one: Flags,
    alone: ParticleList,
    pions: ParticleList,
    detector: DetectorParameters,
) -> Columns:
    """Return photons and π0 of both hemispheres.

    Parameters
    ----------
    on_side_of_one
        Which visible particles lie in the hemisphere of the track alone.
    alone
        That track, one an event.
    pions
        All π0 of the events.
    """
    size, event = len(detected), alone.event
    photons = visible.row[~visible.is_track]
    side_of_one = np.zeros(len(detected.photons), dtype=np.bool_)
    side_of_one[photons] = on_side_of_one[~visible.is_track]
    of_event, energy = detected.photons.event, detected.photons.energy
    hard = energy > detector.calorimeter.hard_threshold
    columns: Columns = {}
    for side, there in (("1prong", side_of_one), ("3prong", ~side_of_one)):
        largest = np.zeros(size)
        np.maximum.at(largest, of_event[there], energy[there])
        pairs = there[pions.photons[:, 0]] & there[pions.photons[:, 1]]
        columns |= {
            f"nPhotons_{side}": np.bincount(of_event[there & hard], minlength=size)[event].astype(np.int32),
            f"photonEnergy_{side}": np.bincount(of_event[there], energy[there], minlength=size)[event],
            f"maxPhotonEnergy_{side}": largest[event],
            f"nPi0s_{side}": np.bincount(pions.event[pairs], minlength=size)[event].astype(np.int32),
        }
    both = side_of_one[pions.photons[:, 0]] & side_of_one[pions.photons[:, 1]]
    beside = pions.select(both)
    return columns | {"M_1prong_pi0": _mass_with_best_pion(alone, beside, size)}


def _mass_with_best_pion(alone: ParticleList, pions: ParticleList, size: int) -> Column:
    """Return the mass of each track with the π0 of its event nearest to the nominal mass; NaN without one."""
    offset = np.abs(np.sqrt(pions.momenta.mass_squared()) - NEUTRAL_PION_MASS)
    order = np.lexsort((offset, pions.event))
    events, first = np.unique(pions.event[order], return_index=True)
    best = np.full(size, -1)
    best[events] = order[first]
    best = best[alone.event]
    mass = np.full(len(alone), np.nan)
    has = best >= 0
    mass[has] = np.sqrt(alone.momenta.rows(has).plus(pions.momenta.rows(best[has])).mass_squared())
    return mass
