"""Narrow peaks that calibrate momenta: D*+ → D0(K−π+)π+, D+ → K−π+π+, K_S → π+π−, J/ψ → μ+μ−.

All candidates are written, charge conjugates included. Columns, beside counters and `event_columns`
with its triggers and beams:

===========  ========================  ==========================================================
steering     `candidate_columns` of    `track_columns` of
===========  ========================  ==========================================================
``d_star``   ``Dst_`` ``D0_``          ``K_`` ``pi_`` of the D0, ``pi_slow_``; besides ``massDifference``,
                                       M(D*) - M(D0), GeV
``d_plus``   ``D_``                    ``K_`` ``pi_1_`` ``pi_2_``, pions by falling pT
``k_short``  ``KS_``                   ``pi_p_`` ``pi_m_``; momenta are those at the fitted vertex, of
                                       which `vertex_columns` of ``KS_`` tell
``jpsi``     ``Jpsi_``                 ``mu_p_`` ``mu_m_``
===========  ========================  ==========================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkbelle.beams import NOMINAL, Beams
from darkbelle.simulation.detector import NOMINAL_DETECTOR, DetectedEvents, DetectorParameters
from darkbelle.simulation.reconstruction import (
    Daughter,
    ParticleList,
    TrackCuts,
    charged_list,
    combine,
    fitted_pairs,
    pairs_as,
    truth_tree,
)
from darkbelle.simulation.steering.columns import (
    Columns,
    candidate_columns,
    counters,
    momentum_cm,
    track_columns,
)
from darkbelle.simulation.steering.event_columns import event_columns
from darkbelle.simulation.steering.vertex_columns import vertex_columns
from darkbelle.vectors import Column

__all__ = [
    "DPlusList",
    "DStarList",
    "JpsiList",
    "KShortList",
    "d_plus_candidates",
    "d_star_candidates",
    "jpsi_candidates",
    "k_short_candidates",
]

NEAR = TrackCuts(dr=1.0, dz=3.0)


@dataclass(frozen=True)
class DStarList:
    """Which D* are written.

    Parameters
    ----------
    mass
        Window of M(Kπ), GeV.
    mass_difference
        Largest M(Kππ) - M(Kπ), GeV.
    momentum
        Least momentum of the D* in the CM, GeV: above some 2.4 GeV it does not come from a B.
    kaon_id
        Least kaonID of the kaon.
    """

    mass: tuple[float, float] = (1.80, 1.93)
    mass_difference: float = 0.160
    momentum: float = 2.0
    kaon_id: float = 0.1


@dataclass(frozen=True)
class DPlusList:
    """Which D+ are written; fields as of `DStarList`."""

    mass: tuple[float, float] = (1.80, 1.94)
    momentum: float = 2.0
    kaon_id: float = 0.1


@dataclass(frozen=True)
class KShortList:
    """Which K_S are written: a window of M(ππ), GeV."""

    mass: tuple[float, float] = (0.45, 0.55)


@dataclass(frozen=True)
class JpsiList:
    """Which J/ψ are written: a window of M(μμ), GeV, and the least muonID of both."""

    mass: tuple[float, float] = (2.9, 3.3)
    muon_id: float = 0.1


def d_star_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: DStarList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each candidate D*+ → D0(K−π+)π+, by basf2 variable.

    For columns see the module; for parameters and types
    `darkbelle.simulation.steering.dimuon.dimuon_candidates`.
    """
    cuts = cuts or DStarList()
    truth = truth_tree(detected.generated)
    kaons = charged_list(detected, "kaon", TrackCuts(NEAR.dr, NEAR.dz, identification=cuts.kaon_id))
    pions = charged_list(detected, "pion", NEAR)
    neutral = combine(421, (Daughter(kaons, -1), Daughter(pions, 1)), truth, mass=cuts.mass)
    # the pion adds at least its mass, and at most the largest difference
    charged = combine(413, (Daughter(neutral, 1), Daughter(pions, 1)), truth)
    difference = _mass(charged) - _mass(charged.daughter(0))
    kept = (difference < cuts.mass_difference) & (momentum_cm(charged, beams) > cuts.momentum)
    charged = charged.select(kept)
    inner = charged.daughter(0)
    return (
        counters(charged.event, len(detected), first_event)
        | candidate_columns("Dst", charged, detected, beams)
        | candidate_columns("D0", inner, detected, beams)
        | {"massDifference": difference[kept]}
        | track_columns("K", detected, inner.daughter(0))
        | track_columns("pi", detected, inner.daughter(1))
        | track_columns("pi_slow", detected, charged.daughter(1))
        | event_columns(detected, charged.event, detector, beams)
    )


def d_plus_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: DPlusList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each candidate D+ → K−π+π+, by basf2 variable; see `d_star_candidates`."""
    cuts = cuts or DPlusList()
    kaons = charged_list(detected, "kaon", TrackCuts(NEAR.dr, NEAR.dz, identification=cuts.kaon_id))
    pion = Daughter(charged_list(detected, "pion", NEAR), 1)
    found = combine(411, (Daughter(kaons, -1), pion, pion), truth_tree(detected.generated), mass=cuts.mass)
    found = found.select(momentum_cm(found, beams) > cuts.momentum)
    return (
        counters(found.event, len(detected), first_event)
        | candidate_columns("D", found, detected, beams)
        | track_columns("K", detected, found.daughter(0))
        | track_columns("pi_1", detected, found.daughter(1))
        | track_columns("pi_2", detected, found.daughter(2))
        | event_columns(detected, found.event, detector, beams)
    )


def k_short_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: KShortList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each candidate K_S → π+π−, by basf2 variable; see `d_star_candidates`.

    Every pair of tracks of opposite charge is tried, with its momenta at the vertex that fits it.
    """
    every = np.ones(len(detected.tracks), dtype=np.bool_)
    pairs = fitted_pairs(detected, every, detector.drift_chamber.magnetic_field)
    truth = truth_tree(detected.generated)
    found = pairs_as(310, "pion", pairs, detected, truth, mass=(cuts or KShortList()).mass)
    rows = _pair_rows("KS", ("pi_p", "pi_m"), found.particles, detected, first_event, detector, beams)
    return rows | vertex_columns("KS", found.vertices, found.particles.momenta)


def jpsi_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: JpsiList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each candidate J/ψ → μ+μ−, by basf2 variable; see `d_star_candidates`."""
    cuts = cuts or JpsiList()
    muons = charged_list(detected, "muon", TrackCuts(NEAR.dr, NEAR.dz, identification=cuts.muon_id))
    found = combine(
        443,
        (Daughter(muons, 1), Daughter(muons, -1)),
        truth_tree(detected.generated),
        self_conjugate=True,
        mass=cuts.mass,
    )
    return _pair_rows("Jpsi", ("mu_p", "mu_m"), found, detected, first_event, detector, beams)


def _pair_rows(
    mother: str,
    daughters: tuple[str, str],
    found: ParticleList,
    detected: DetectedEvents,
    first_event: int,
    detector: DetectorParameters,
    beams: Beams,
) -> Columns:
    return (
        counters(found.event, len(detected), first_event)
        | candidate_columns(mother, found, detected, beams)
        | track_columns(daughters[0], detected, found.daughter(0))
        | track_columns(daughters[1], detected, found.daughter(1))
        | event_columns(detected, found.event, detector, beams)
    )


def _mass(particles: ParticleList) -> Column:
    return np.sqrt(particles.momenta.mass_squared())
