"""B mesons reconstructed whole: B+ → D̄0(K+π−)π+, B0 → D−(K+π−π−)π+, B+ → J/ψ(μ+μ−)K+.

All candidates are written, charge conjugates included. Columns, beside counters, `event_columns` with its
triggers and beams, and `shape_columns`:

============== ========================= ==========================================================
steering       `candidate_columns` of    `track_columns` of
============== ========================= ==========================================================
``b_to_d0pi``  ``B_`` ``D0_``            ``K_`` ``pi_`` of the D0, ``pi_B_`` beside it
``b_to_dpi``   ``B_`` ``D_``             ``K_`` ``pi_1_`` ``pi_2_`` of the D−, pions by falling pT, ``pi_B_``
``b_to_jpsik`` ``B_`` ``Jpsi_``          ``mu_p_`` ``mu_m_``, ``K_`` beside the J/ψ
============== ========================= ==========================================================

and of the truth ``genCollisionEnergy``, the √s of the event's collision, and ``genPairMass``, what was left
of it after radiation for the pair of B mesons, NaN where there is none, GeV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from darkbelle.beams import NOMINAL, Beams
from darkbelle.simulation.detector import NOMINAL_DETECTOR, DetectedEvents, DetectorParameters
from darkbelle.simulation.detector.records import Indices
from darkbelle.simulation.events import COLLISION_ENERGY, GeneratedEvents
from darkbelle.simulation.reconstruction import (
    Daughter,
    ParticleList,
    TrackCuts,
    TruthTree,
    charged_list,
    combine,
    truth_tree,
)
from darkbelle.simulation.steering.columns import (
    Columns,
    candidate_columns,
    counters,
    momentum_cm,
    track_columns,
)
from darkbelle.simulation.steering.event_columns import event_columns, shape_columns, visible_of
from darkbelle.vectors import Column, FourVector

__all__ = ["HadronicList", "b_to_d0pi_candidates", "b_to_dpi_candidates", "b_to_jpsik_candidates"]

NEAR: Final = TrackCuts(dr=1.0, dz=3.0)
MESONS: Final = (511, 521)


@dataclass(frozen=True)
class HadronicList:
    """Which B are written.

    Parameters
    ----------
    charm_mass, jpsi_mass, mass
        Windows of the masses of D0 and D+, of the J/ψ and of the B, GeV.
    momentum
        Largest momentum of the B in the CM, GeV; from the Υ(4S) it has some 0.33.
    kaon_id, muon_id
        Least likelihood ratios.
    """

    charm_mass: tuple[float, float] = (1.82, 1.91)
    jpsi_mass: tuple[float, float] = (3.0, 3.2)
    mass: tuple[float, float] = (5.18, 5.38)
    momentum: float = 0.62
    kaon_id: float = 0.1
    muon_id: float = 0.1


def b_to_d0pi_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: HadronicList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each candidate B+ → D̄0π+, by basf2 variable.

    For columns see the module; for parameters and types
    `darkbelle.simulation.steering.dimuon.dimuon_candidates`.
    """
    cuts, truth = cuts or HadronicList(), truth_tree(detected.generated)
    pions = charged_list(detected, "pion", NEAR)
    charm = combine(
        421, (Daughter(_kaons(detected, cuts), -1), Daughter(pions, 1)), truth, mass=cuts.charm_mass
    )
    found = _mesons(521, (Daughter(charm, -1), Daughter(pions, 1)), truth, cuts, beams)
    inner = found.daughter(0)
    return (
        _rows(found, detected, first_event, detector, beams)
        | candidate_columns("D0", inner, detected, beams)
        | track_columns("K", detected, inner.daughter(0))
        | track_columns("pi", detected, inner.daughter(1))
        | track_columns("pi_B", detected, found.daughter(1))
    )


def b_to_dpi_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: HadronicList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each candidate B0 → D−π+, by basf2 variable; see `b_to_d0pi_candidates`."""
    cuts, truth = cuts or HadronicList(), truth_tree(detected.generated)
    pions = charged_list(detected, "pion", NEAR)
    pion = Daughter(pions, 1)
    charm = combine(411, (Daughter(_kaons(detected, cuts), -1), pion, pion), truth, mass=cuts.charm_mass)
    found = _mesons(511, (Daughter(charm, -1), Daughter(pions, 1)), truth, cuts, beams)
    inner = found.daughter(0)
    return (
        _rows(found, detected, first_event, detector, beams)
        | candidate_columns("D", inner, detected, beams)
        | track_columns("K", detected, inner.daughter(0))
        | track_columns("pi_1", detected, inner.daughter(1))
        | track_columns("pi_2", detected, inner.daughter(2))
        | track_columns("pi_B", detected, found.daughter(1))
    )


def b_to_jpsik_candidates(
    detected: DetectedEvents,
    *,
    first_event: int = 0,
    cuts: HadronicList | None = None,
    detector: DetectorParameters = NOMINAL_DETECTOR,
    beams: Beams = NOMINAL,
) -> Columns:
    """Return one row for each candidate B+ → J/ψ K+, by basf2 variable; see `b_to_d0pi_candidates`."""
    cuts, truth = cuts or HadronicList(), truth_tree(detected.generated)
    muons = charged_list(detected, "muon", TrackCuts(NEAR.dr, NEAR.dz, identification=cuts.muon_id))
    both = (Daughter(muons, 1), Daughter(muons, -1))
    jpsi = combine(443, both, truth, self_conjugate=True, mass=cuts.jpsi_mass)
    found = _mesons(521, (Daughter(_kaons(detected, cuts), 1), Daughter(jpsi, 0)), truth, cuts, beams)
    inner = found.daughter(1)
    return (
        _rows(found, detected, first_event, detector, beams)
        | candidate_columns("Jpsi", inner, detected, beams)
        | track_columns("mu_p", detected, inner.daughter(0))
        | track_columns("mu_m", detected, inner.daughter(1))
        | track_columns("K", detected, found.daughter(0))
    )


def _kaons(detected: DetectedEvents, cuts: HadronicList) -> ParticleList:
    return charged_list(detected, "kaon", TrackCuts(NEAR.dr, NEAR.dz, identification=cuts.kaon_id))


def _mesons(
    pdg: int, daughters: tuple[Daughter, Daughter], truth: TruthTree, cuts: HadronicList, beams: Beams
) -> ParticleList:
    found = combine(pdg, daughters, truth, mass=cuts.mass)
    return found.select(momentum_cm(found, beams) < cuts.momentum)


def _rows(
    found: ParticleList,
    detected: DetectedEvents,
    first_event: int,
    detector: DetectorParameters,
    beams: Beams,
) -> Columns:
    with_rows = np.zeros(len(detected), dtype=np.bool_)
    with_rows[found.event] = True
    return (
        counters(found.event, len(detected), first_event)
        | candidate_columns("B", found, detected, beams)
        | event_columns(detected, found.event, detector, beams)
        | shape_columns(visible_of(detected, with_rows, beams), found.event, beams)
        | _true_energies(detected.generated, found.event)
    )


def _true_energies(events: GeneratedEvents, event: Indices) -> Columns:
    size = len(events)
    collision = _masses(events.momenta, events.event_of_particle, size)
    ancestors = events.ancestors
    home = np.repeat(np.arange(size), np.diff(ancestors.offsets))
    first = np.flatnonzero((ancestors.mother < 0) & np.isin(np.abs(ancestors.pdg), MESONS))
    pair = _masses(events.ancestor_momenta().rows(first), home[first], size)
    with_pair = np.bincount(home[first], minlength=size) == 2
    return {
        COLLISION_ENERGY: collision[event],
        "genPairMass": np.where(with_pair, pair, np.nan)[event],
    }


def _masses(momenta: FourVector, event: Indices, size: int) -> Column:
    sums = FourVector(*(np.bincount(event, column, size).astype(np.float64) for column in momenta))
    masses: Column = np.sqrt(np.maximum(sums.mass_squared(), 0.0))
    return masses
